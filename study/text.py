"""Text of unknown origin: characters that labels may have, equal labels, safe terminal output."""

import os
import re
from unicodedata import category, combining, name, normalize

JOINERS = "\u200c\u200d"  # zero-width non-joiner and joiner
# fmt: off
JOINED = frozenset((
    "ARABIC", "SYRIAC", "MANDAIC", "MONGOLIAN", "NKO", "DEVANAGARI", "BENGALI", "GURMUKHI",
    "GUJARATI", "ORIYA", "TAMIL", "TELUGU", "KANNADA", "MALAYALAM", "SINHALA", "KHMER",
    "MYANMAR", "TIBETAN", "BALINESE", "JAVANESE",
))
# fmt: on
"""Scripts in which a joiner changes how letters are written: the first word of Unicode names."""

VIRAMA = 9  # combining class of the sign that joins two consonants of an Indic script
BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters, combining marks and symbols that are invisible."""

NAMELESS = {"Cc": "CONTROL CHARACTER", "Co": "PRIVATE USE", "Cn": "UNASSIGNED", "Cs": "SURROGATE"}
"""Categories whose characters have no name of their own."""

# Besides C0 and C1 controls: bidirectional overrides, which can disguise a text (CVE-2021-42574).
UNSAFE = re.compile(
    "[\0-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
"""Control and format characters, which move the cursor or reorder letters; lone surrogates."""


def visible(text: str) -> str:
    """`text` with characters that act on a terminal written as escapes."""
    return UNSAFE.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def path_text(path: str | os.PathLike[str]) -> str:
    """A path as printable text on one line, whatever bytes its name has.

    A file may have any name: one with a line break would look like another line of output.
    """
    # Bytes that are no UTF-8 are surrogates in Python's path; backslashreplace makes them \xff.
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def printable(text: str) -> str:
    """`text` with a space for each character that cannot be printed; its length is unchanged."""
    return "".join(character if character.isprintable() else " " for character in text)


def normal(text: str) -> str:
    """The form in which labels are compared: NFC, one space between words."""
    # ASCII is in NFC already; most labels take this shortcut.
    if not text.isascii():
        text = "".join(" " if category(c) == "Zs" else c for c in normalize("NFC", text))
    return re.sub(" +", " ", text).strip()


def code_point(character: str) -> str:
    """A character's code point and Unicode name: "U+00AD SOFT HYPHEN"."""
    return (
        f"U+{ord(character):04X} {name(character, NAMELESS.get(category(character), ''))}".strip()
    )


def forbidden_character(label: str) -> str:
    """The first character that a label may not contain, with its place; "" if all are allowed.

    Invisible characters are not allowed: control, format, unassigned and private ones. Joiners and
    variation selectors are allowed after a character that they change.
    """
    for index, character in enumerate(label):
        if not _fits(character, label[:index]):
            return f"{code_point(character)} at character {index + 1}"
    return ""


def _fits(character: str, before: str) -> bool:
    last = before[-1:]
    if character in JOINERS:
        return bool(last) and _joins(last)
    # Variation selectors choose the picture or text form of an emoji, or a form of a CJK letter.
    if "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef":
        return bool(last) and (category(last) in ("So", "Sm", "Lo") or last in "0123456789#*")
    return character == " " or (category(character)[0] not in "CZ" and character not in BLANK)


def _joins(character: str) -> bool:
    """A joiner after `character` changes how it is written: in some scripts, and for emoji."""
    script = name(character, "").partition(" ")[0]
    # Sk has the skin tones, U+FE0F asks for the picture form; ZWJ joins emoji after either.
    emoji = category(character) in ("So", "Sk") or character == "\ufe0f"
    return script in JOINED or combining(character) == VIRAMA or emoji

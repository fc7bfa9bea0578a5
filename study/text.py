"""Text of unknown origin: what a label may contain, which are alike, what a terminal shows."""

import re
from unicodedata import category, combining, name, normalize

JOINERS = "\u200c\u200d"  # zero-width non-joiner and joiner
JOINED = frozenset(
    (
        *("ARABIC", "SYRIAC", "MANDAIC", "MONGOLIAN", "NKO", "DEVANAGARI", "BENGALI", "GURMUKHI"),
        *("GUJARATI", "ORIYA", "TAMIL", "TELUGU", "KANNADA", "MALAYALAM", "SINHALA", "KHMER"),
        *("MYANMAR", "TIBETAN", "BALINESE", "JAVANESE"),
    )
)
"""Scripts in which a joiner changes how letters are written, as Unicode names begin."""

VIRAMA = 9  # the combining class of what joins two consonants of an Indic script
BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters, marks and symbols that nobody sees."""

NAMELESS = {"Cc": "CONTROL CHARACTER", "Co": "PRIVATE USE", "Cn": "UNASSIGNED", "Cs": "SURROGATE"}
"""Categories whose characters have no name of their own."""

UNSAFE = re.compile(
    "[\0-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
"""Control and format characters, which move the cursor or the order of letters; lone surrogates."""


def visible(text: str) -> str:
    """`text` with the characters that would act on a terminal written as escapes."""
    return UNSAFE.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def on_one_line(text: str) -> str:
    """`visible` for names of files, whose line breaks would look like lines of ours."""
    return visible(text).replace("\n", "\\n").replace("\t", "\\t")


def normal(text: str) -> str:
    """The form in which labels are compared: composed (NFC), one space between words."""
    if not text.isascii():
        text = "".join(" " if category(c) == "Zs" else c for c in normalize("NFC", text))
    return re.sub(" +", " ", text).strip()


def described(character: str) -> str:
    """A character by its number and name in Unicode."""
    return (
        f"U+{ord(character):04X} {name(character, NAMELESS.get(category(character), ''))}".strip()
    )


def unfit(label: str) -> str:
    """The first character that a label may not have, and where; "" where all may stand in one.

    Not allowed is what nobody sees: control and format characters, unassigned and private ones.
    Joiners and variation selectors are allowed behind what they change.
    """
    for index, character in enumerate(label):
        if not _fits(character, label[:index]):
            return f"{described(character)} at character {index + 1}"
    return ""


def _fits(character: str, before: str) -> bool:
    last = before[-1:]
    if character in JOINERS:
        return bool(last) and _joins(last)
    if "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef":
        return bool(last) and (category(last) in ("So", "Sm", "Lo") or last in "0123456789#*")
    return character == " " or (category(character)[0] not in "CZ" and character not in BLANK)


def _joins(character: str) -> bool:
    """Whether a joiner behind `character` changes how it is written: of a script, or an emoji."""
    script = name(character, "").partition(" ")[0]
    emoji = category(character) in ("So", "Sk") or character == "\ufe0f"
    return script in JOINED or combining(character) == VIRAMA or emoji

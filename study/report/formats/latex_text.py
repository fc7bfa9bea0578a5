"""Text as LaTeX prints it literally, with any engine and without a package."""

import re
import unicodedata

from study.report.formats.labels import BASELINE
from study.report.print_width import em

LINE = 22.0  # em of a line of a caption in one column of a paper

# fmt: off
SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "&": r"\&", "%": r"\%", "$": r"\$",
    "#": r"\#", "_": r"\_", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\symbol{34}",
    "`": r"\textasciigrave{}", "−": "$-$", "±": r"$\pm$",
    "×": r"$\times$", "Δ": r"$\Delta$", "·": r"$\cdot$", "→": r"$\rightarrow$",
    "½": r"$\frac{1}{2}$", "≤": r"$\leq$", "≥": r"$\geq$", "≈": r"$\approx$", "∞": r"$\infty$",
    "†": r"$\dagger$", "‡": r"$\ddagger$", BASELINE: r"$\bullet$",
}
GREEK = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho "
    "sigma tau upsilon phi chi psi omega"
)
# fmt: on
"""Characters that LaTeX would interpret or that its default fonts lack."""

ACCENTS = {0x300, 0x301, 0x302, 0x303, 0x304, 0x306, 0x307, 0x308, 0x30A, 0x30B, 0x30C, 0x327}
"""Combining marks that LaTeX's default encoding sets above or below a letter."""
SET = set("ßæœÆŒøØłŁıåÅ¡¿§©£¶–—‘’“”… \u00a0")
"""Letters beyond ASCII that every LaTeX sets, besides those with an accent."""


def escaped(text: str) -> str:
    """Text that LaTeX prints literally; letters that pdfLaTeX lacks become Latin ones there."""
    # A row that begins with "[" or "*" would be read as an argument of the line break before it.
    guard = "{}" if text[:1] in ("[", "*") else ""
    # Doubled signs are ligatures: "--" would become a dash, "''" a closing quote.
    return guard + re.sub(r"([-,'])(?=\1)", r"\1{}", "".join(map(_letter, text)))


def breakable(text: str, room: float = LINE) -> str:
    """Escaped prose, which may be broken after `_` and `/` as well, so that paths fit.

    A word that is wider than `room`, in em, may be broken anywhere, and between the numbers of
    letters that pdfLaTeX lacks.
    """
    words = re.split(r"(\s+)", text)
    if any(em(printed(word)) > room for word in words):
        whole = "".join(_anywhere(w) if em(printed(w)) > room else escaped(w) for w in words)
    else:
        whole = escaped(text)
    # As in `escaped`, which has not seen the start of a word that may be broken anywhere.
    guard = "{}" if whole[:1] in ("[", "*") else ""
    return guard + re.sub(r"(\\_|/)(?=\w)", r"\1\\allowbreak{}", whole)


def _anywhere(word: str) -> str:
    return r"\allowbreak{}".join(map(_letter, word))


def printed(text: str) -> str:
    """The text in the letters that pdfLaTeX prints, to measure it."""
    return "".join(latin(c) if r"\Umathchar" in _letter(c) else c for c in text)


def _letter(letter: str) -> str:
    if letter in SPECIAL:
        return SPECIAL[letter]
    if letter.isascii() or letter in SET or _accented(letter):
        return letter
    if greek := _greek(letter):
        return greek
    # \Umathchar is defined by LuaTeX and XeTeX, whose fonts may have the letter.
    plain = "".join(SPECIAL.get(c, c) for c in latin(letter))
    return rf"\ifdefined\Umathchar {letter}\else {plain}\fi{{}}" if plain else ""


def _accented(letter: str) -> bool:
    """True for a Latin letter with one accent that LaTeX's default encoding has."""
    # Two accents, as in Vietnamese, need another encoding.
    parts = unicodedata.normalize("NFD", letter)
    return len(parts) == 2 and parts[0].isascii() and ord(parts[1]) in ACCENTS


def _greek(letter: str) -> str:
    name = unicodedata.name(letter, "")
    match = re.fullmatch(r"GREEK (SMALL|CAPITAL) LETTER (\w+)", name) or re.fullmatch(
        r"(MICRO) SIGN", name
    )
    if not match:
        return ""
    small = match[1] != "CAPITAL"
    word = "mu" if match[1] == "MICRO" else match[2].lower().replace("lamda", "lambda")
    if word not in GREEK.split() or word == "omicron":
        return ""
    if small:
        return rf"$\{word}$"
    return rf"$\{word.capitalize()}$" if word in CAPITALS else ""


CAPITALS = frozenset(
    ["gamma", "delta", "theta", "lambda", "xi", "pi", "sigma", "upsilon", "phi", "psi", "omega"]
)
"""Greek capitals with a command; the others look like Latin letters."""


def latin(letter: str) -> str:
    """A letter in ASCII: without its accent, by its sound, by its name, or as its number.

    "ą" gives "a", "か" "ka", the emoji of a rocket "(rocket)", and "文" "U+6587".
    """
    plain = unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode().strip()
    if plain:
        return plain
    name = unicodedata.name(letter, "")
    # Joiners, variation selectors and marks that belong to another letter.
    if unicodedata.category(letter) in ("Cf", "Mn", "Me"):
        return ""
    # The name of an ideograph says nothing but its number.
    if not name or "IDEOGRAPH" in name:
        return f"U+{ord(letter):04X}"
    # "HIRAGANA LETTER KA" sounds "ka".
    sound = re.search(r"(?:LETTER|SYLLABLE) (?:SMALL )?(\w+)$", name)
    return sound[1].lower() if sound else f"({name.lower()})"

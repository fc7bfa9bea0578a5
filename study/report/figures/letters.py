"""Letters that no font of the style has, written in ASCII so that they are not drawn as boxes."""

import unicodedata
from collections.abc import Iterable
from functools import cache
from itertools import groupby

import pandas as pd
from matplotlib import rcParams
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.text import Text

AS_DRAWN = "as drawn"


def drawable(text: str) -> str:
    """The text as it can be drawn: a symbol by its name, other letters by their numbers.

    "fast 🚀" gives "fast [rocket]", and "注意" gives "[U+6CE8 U+610F]", where no font has them.
    """
    # Labels are ASCII as a rule, which every font has.
    if text.isascii():
        return text
    letters = _letters(tuple(rcParams["font.family"]))
    runs = groupby(text, key=lambda letter: ord(letter) in letters)
    return "".join("".join(run) if there else _written(run, letters) for there, run in runs)


def _written(run: Iterable[str], letters: frozenset[int]) -> str:
    """Letters that no font has, in ASCII."""
    words = list[str]()
    for letter in run:
        # A full-width or circled letter is an ordinary one in another shape.
        simple = unicodedata.normalize("NFKD", letter)
        if all(ord(part) in letters for part in simple):
            words.append(simple)
        elif unicodedata.category(letter).startswith("S"):
            words.append(unicodedata.name(letter, f"U+{ord(letter):04X}").lower())
        elif not unicodedata.combining(letter):
            words.append(f"U+{ord(letter):04X}")
    return f"[{' '.join(words)}]" if words else ""


@cache
def _letters(families: tuple[str, ...]) -> frozenset[int]:
    """The letters that any of the fonts has."""
    paths = {findfont(FontProperties(family=[family])) for family in families}
    return frozenset(code for path in sorted(paths) for code in get_font(path).get_charmap())


def write_drawable(figure: Figure) -> None:
    """Replace the letters of every text of a figure that no font has; lines stay lines."""
    for text in figure.findobj(Text):
        if isinstance(text, Text) and not text.get_text().isascii():
            text.set_text("\n".join(map(drawable, text.get_text().split("\n"))))


def with_drawn_labels(data: pd.DataFrame) -> pd.DataFrame:
    """The data with a further column for each that has texts which are drawn in other letters."""
    for column in data.select_dtypes(include=["object", "string"]).columns:
        drawn = data[column].map(lambda value: drawable(value) if isinstance(value, str) else value)
        if not drawn.equals(data[column]):
            data = data.assign(**{f"{column} {AS_DRAWN}": drawn})
    return data

"""Labels broken into lines that fit, measured in the font they are set in."""

from functools import cache

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from study.report.figures.letters import drawable
from study.report.table import plain

MORE = "…"


def width(text: str, size: float) -> float:
    """Width of a text in points, in the fonts of the current style."""
    return _width(text, size, tuple(FontProperties().get_family()))


@cache
def _width(text: str, size: float, families: tuple[str, ...]) -> float:
    # The families are the current ones, and are here as a key of the cache.
    font = FontProperties(size=size)
    # The last argument is `ismath`: a label with "$" is measured as it is drawn, as plain text.
    return float(text_to_path.get_text_width_height_descent(text, font, False)[0])


def wrapped(text: str, room: float, *, size: float = 7.5, lines: int = 2) -> str:
    """The text in lines of at most `room` points.

    A text that is too long is shortened before its end: labels of combinations begin alike and
    differ at the end.
    """
    text = drawable(plain(text))
    fitted = broken(text, room, size)
    if len(fitted) <= lines:
        return "\n".join(fitted)
    # Lines before the last are whole; the last one is shortened from the full text.
    head = fitted[: lines - 1]
    return "\n".join([*head, _shortened(text, room, size, headed=not head)])


def _shortened(text: str, room: float, size: float, *, headed: bool) -> str:
    """The end of a text; with `headed`, half of the room is for its beginning."""
    # From the longest on: widths of letters differ, so the first that fits is found by trying.
    for length in range(len(text) - 1, 0, -1):
        head = text[: length - length // 2].rstrip() if headed else ""
        tail = text[len(text) - (length // 2 if headed else length) :].lstrip()
        if width(head + MORE + tail, size) <= room:
            return head + MORE + tail
    return MORE


def broken(text: str, room: float, size: float) -> list[str]:
    """The text in lines of whole words; a word that is wider than a line is cut."""
    lines = [""]
    for word in text.split():
        whole = f"{lines[-1]} {word}".strip()
        if width(whole, size) <= room:
            lines[-1] = whole
            continue
        pieces = list(_pieces(word, room, size))
        lines = [line for line in [*lines, *pieces] if line]
    return lines


def _pieces(word: str, room: float, size: float) -> list[str]:
    """A word cut into pieces that fit on a line."""
    pieces = [""]
    for letter in word:
        # A piece has at least one letter, even where the room is narrower than that.
        if pieces[-1] and width(pieces[-1] + letter, size) > room:
            pieces.append("")
        pieces[-1] += letter
    return pieces

"""Width of text in print, estimated for the fonts of papers, and the lines of a heading."""

import re
from collections.abc import Iterator, Sequence

# IEEE has columns of 3.5 and pages of 7.16 inches, CVPR 3.25 and 6.87.
COLUMN, PAGE = 3.3, 6.9
"""Inches of one column, and of both, of a two-column paper."""
POINTS = 8  # size of the text of a table
POINTS_PER_INCH = 72.27  # those of TeX
GAP = 6.0  # points between two columns
LABEL = 7.0  # em of a column of labels, whose longer ones are broken into lines
# "Throughput" is the longest common heading of one word.
HEAD = 12  # letters of a line of a heading; longer ones are broken where they can be

# Sorted by eye from the metrics of Times: 0.25 to 0.33 em, and 0.72 em and more.
NARROW_LETTERS, WIDE_LETTERS = "ijl.,:;'|!()[] fIrt/-", "mwMWOQGDHNUV@%±×−+=≈Δ●†‡"
NARROW_EM, EM, CAPITAL_EM, WIDE_EM, SQUARE_EM = 0.3, 0.5, 0.68, 0.78, 1.0


def em(text: str) -> float:
    """The width of one line in em of Times or Computer Modern, in which a digit is half an em."""
    return sum(map(_letter, text))


def _letter(letter: str) -> float:
    if letter in NARROW_LETTERS:
        return NARROW_EM
    if letter in WIDE_LETTERS:
        return WIDE_EM
    # Letters of East Asian scripts and emoji are squares.
    if ord(letter) > 0x2E80:
        return SQUARE_EM
    return EM if letter.islower() or letter.isdigit() else CAPITAL_EM


def inches(columns: Sequence[Sequence[str]]) -> float:
    """The width of a table whose columns have these lines of text."""
    # The widest line of a column decides, be it of its heading or of a cell.
    widths = [max(map(em, texts), default=0.0) for texts in columns]
    points = POINTS * sum(widths) + GAP * (len(widths) - 1)
    return points / POINTS_PER_INCH


def room(columns: Sequence[Sequence[str]], width: float = COLUMN) -> float:
    """The em that are left in `width` inches for another column beside these ones."""
    return (width - inches([[], *columns])) * POINTS_PER_INCH / POINTS


def lines(head: str) -> list[str]:
    """The lines of a heading: unit, interval and source get their own, as numbers are narrow."""
    # Before an interval, before "paper", and before a last part in brackets, the unit.
    return [line for part in re.split(r" (?=\[|paper|\([^\[]*$)", head) for line in _broken(part)]


def _broken(part: str) -> Iterator[str]:
    """A part of a heading broken at spaces, and after `_` and `.` between words."""
    # An interval is read as one, and short parts need no break.
    if part.startswith("[") or len(part) <= HEAD:
        yield part
        return
    line = ""
    for word in re.findall(r"\s*(?:[^\s_.]|\.(?=\d))+(?:[_.]+)?|[_.]+", part):
        if line and len(line + word) > HEAD:
            yield line.strip()
            line = ""
        line += word
    if line.strip():
        yield line.strip()

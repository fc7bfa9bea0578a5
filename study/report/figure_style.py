"""Width and fonts of the figures of a report, as a paper asks for them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from study.errors import StudyError, unknown
from study.report.print_width import COLUMN, PAGE


@dataclass(frozen=True)
class FigureStyle:
    """How wide the figures of a report are, and which fonts they have."""

    width: str = "text"
    """A name of `WIDTHS`."""
    fonts: str = "sans"
    """A name of `FONTS`, a name of matplotlib's own styles, or the path of a style sheet."""

    @property
    def inches(self) -> float:
        """Width of every figure at print."""
        return WIDTHS[self.width]

    @property
    def is_column(self) -> bool:
        """True for figures of one column of a two-column paper."""
        return self.width == "column"


DEFAULT = FigureStyle()


def figure_style(width: str, fonts: str) -> FigureStyle:
    """The style of a user's words.

    Raises:
        StudyError: there is no such width, no such style, or no file at this path.
    """
    # Checked here, before a plan is made: a misspelt name would be an error a minute later.
    if width not in WIDTHS:
        raise StudyError(unknown("width", width, WIDTHS))
    if fonts not in FONTS and not Path(fonts).is_file():
        # Matplotlib takes a while to import, and only a name that is not ours needs it.
        from matplotlib import style

        if fonts not in style.available:
            known = (*FONTS, *style.available)
            kind = "style" if Path(fonts).suffix == "" else "style, and no file,"
            raise StudyError(unknown(kind, fonts, known))
    return FigureStyle(width, fonts)


WIDTHS: Mapping[str, float] = {"column": COLUMN, "text": PAGE}
"""Inches of a figure: one column of a two-column paper, and the width of its text."""

FONTS: Mapping[str, Mapping[str, object]] = {
    "sans": {"font.family": ["DejaVu Sans"], "mathtext.fontset": "dejavusans"},
    # STIX is drawn after Times, the font of most conferences. Matplotlib's Computer Modern is not
    # offered: it draws other letters in place of "_", "<" and "|".
    "serif": {"font.family": ["STIXGeneral"], "mathtext.fontset": "stix"},
}
"""Settings of matplotlib by name; their fonts come with matplotlib, so files repeat anywhere."""

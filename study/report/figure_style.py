"""Width and fonts of the figures of a report, as a paper asks for them."""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from logging.handlers import BufferingHandler
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
        StudyError: there is no such width, no such style, or no file at this path, or a line of
            the file is no setting of matplotlib.
    """
    # Checked here, before a plan is made: a misspelt name would be an error a minute later.
    if width not in WIDTHS:
        raise StudyError(unknown("width", width, WIDTHS))
    if fonts in FONTS:
        return FigureStyle(width, fonts)
    if Path(fonts).is_file():
        _check_sheet(fonts)
    else:
        # Matplotlib takes a while to import, and only a name that is not ours needs it.
        from matplotlib import style

        if fonts not in style.available:
            known = (*FONTS, *style.available)
            kind = "style" if Path(fonts).suffix == "" else "style, and no file,"
            raise StudyError(unknown(kind, fonts, known))
    return FigureStyle(width, fonts)


def _check_sheet(path: str) -> None:
    """Refuse a style sheet with a line that matplotlib cannot read.

    Raises:
        StudyError: names the first such line.
    """
    from matplotlib import rc_params_from_file

    # Matplotlib logs such a line and goes on without it; its own parser knows best what it reads.
    log, ours = logging.getLogger("matplotlib"), BufferingHandler(capacity=10**9)
    propagate, log.propagate = log.propagate, False
    log.addHandler(ours)
    try:
        rc_params_from_file(path, use_default_template=False)
    except UnicodeDecodeError as error:
        raise StudyError(
            f"{path}: a style sheet of matplotlib is text, and this file is not"
        ) from error
    finally:
        log.removeHandler(ours)
        log.propagate = propagate
    for record in ours.buffer:
        fault = record.getMessage().strip().split("\n")[0]
        line = re.search(r", line (\d+) (.*)$", fault)
        kind = fault.partition(" in file")[0].lower()
        where, what = (f"{path}, line {line[1]}", line[2]) if line else (path, "")
        raise StudyError(f"{where}: {kind} {what}; settings are as in 'grid.color: red'")


WIDTHS: Mapping[str, float] = {"column": COLUMN, "text": PAGE}
"""Inches of a figure: one column of a two-column paper, and the width of its text."""

FONTS: Mapping[str, Mapping[str, object]] = {
    "sans": {"font.family": ["DejaVu Sans"], "mathtext.fontset": "dejavusans"},
    # STIX is drawn after Times, the font of most conferences. Matplotlib's Computer Modern is not
    # offered: it draws other letters in place of "_", "<" and "|".
    "serif": {"font.family": ["STIXGeneral"], "mathtext.fontset": "stix"},
}
"""Settings of matplotlib by name; their fonts come with matplotlib, so files repeat anywhere."""

"""Settings of matplotlib for a style: ours, then a user's style sheet, then what must hold."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from matplotlib import rcParams, style
from matplotlib.font_manager import FontProperties, fontManager

from study.errors import StudyError
from study.report.figure_style import DEFAULT, FONTS, FigureStyle
from study.report.figures.style import FIXED, SCRIPTS, STYLE


@contextmanager
def styled(figure_style: FigureStyle = DEFAULT) -> Iterator[None]:
    """A context in which matplotlib uses this style and ignores the user's own settings.

    A letter that no installed font has is written in ASCII (`letters`); any that is drawn as a box
    all the same has no warning.

    Raises:
        StudyError: none of the fonts of the style sheet is installed.
    """
    own = FONTS.get(figure_style.fonts)
    # "default" first: a user's matplotlibrc would change the figure, and its bytes.
    with (
        warnings.catch_warnings(),
        style.context(["default", STYLE, dict(own) if own else figure_style.fonts, FIXED]),
    ):
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        rcParams.update({"font.family": _installed(figure_style.fonts)})
        yield


def _installed(sheet: str) -> list[str]:
    """The fonts of the current settings, then fonts for letters that they lack."""
    families = list[str]()
    lists = {str(name): value for name, value in rcParams.find_all(r"^font\.").items()}
    # Without arguments these are the properties of the current settings.
    for family in FontProperties().get_family():
        families += lists.get(f"font.{family}", [family])
    here = {font.name for font in fontManager.ttflist}
    if not here & set(families):
        raise StudyError(f"{sheet}: none of its fonts is installed: {', '.join(families)}")
    # By name and not as "serif": a figure that is saved later keeps the fonts it was drawn with.
    listed = dict.fromkeys([*families, "DejaVu Sans", *SCRIPTS])
    return [name for name in listed if name in here]

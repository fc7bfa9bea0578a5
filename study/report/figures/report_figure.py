"""A figure as it is handed on, and the files that it becomes."""

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure

from study import format
from study.plan.plan import Plan
from study.report.figure_style import DEFAULT, FigureStyle
from study.report.figures.style_sheets import styled
from study.report.spreadsheet import comma_separated
from study.report.table import plain
from study.spec.arm_names import in_prose
from study.spec.metric import Metric
from study.spec.study import BASELINE
from study.tasks.arms import PlannedArm

UNDATED: dict[str, dict[str, None]] = {
    "pdf": {"CreationDate": None},
    "svg": {"Date": None},
    "png": {},
}
"""File formats of a figure, each with the metadata that keeps its bytes free of the date."""

NAMED = 6  # arms listed in an alternative text; the others are counted


@dataclass(frozen=True)
class ReportFigure:
    """A finished figure with its data and alternative text."""

    name: str
    """Name of its files, without ending."""
    figure: Figure
    data: pd.DataFrame
    """The drawn numbers, in the units of the table."""
    alt: str
    """Alternative text: what the figure shows, and its main numbers."""
    style: FigureStyle = DEFAULT
    """The style that it is drawn in, and saved in."""


def files(drawn_figure: ReportFigure) -> dict[str, bytes]:
    """Contents by file name: the figure in every format, and its data as CSV."""
    contents = {f"{drawn_figure.name}.{end}": _saved(drawn_figure, end) for end in UNDATED}
    return contents | {f"{drawn_figure.name}.csv": comma_separated(drawn_figure.data).encode()}


def svg(drawn_figure: ReportFigure) -> str:
    """The figure as an SVG element without prologue, for the picture of a page."""
    # The picture has the alternative text, and keeps the ids apart from those of other figures.
    text = _saved(drawn_figure, "svg").decode()
    body = text[text.index("<svg") :].partition(">")[2]
    width, height = drawn_figure.figure.get_size_inches() * 72
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="{width:g}pt" height="{height:g}pt" viewBox="0 0 {width:g} {height:g}">{body}'
    )


def _saved(drawn: ReportFigure, end: str) -> bytes:
    file = io.BytesIO()
    with styled(drawn.style):
        # The resolution is that of the PNG; the vector formats ignore it but for raster parts.
        drawn.figure.savefig(file, format=end, metadata=UNDATED[end], dpi=300)
    return file.getvalue()


# ---- data ----

NUMBERS = ("value", "low", "high")


def frame(
    rows: Iterable[Mapping[str, object]], metrics: Mapping[str, Metric], *keys: str
) -> pd.DataFrame:
    """Rows in base units as the data of a figure, in the units of the table.

    Its columns are `keys`, metric, what (the kind of mark), seed, value, low, high.
    """
    columns = [*keys, "metric", "what", "seed", *NUMBERS]
    data = pd.DataFrame(list(rows), columns=columns).astype({"seed": "Int64"})
    scales = data["metric"].map(lambda name: metrics[name].scale).astype(float)
    for column in NUMBERS:
        data[column] = data[column].astype(float) * scales
    return data


# ---- names and text ----


def error_bars(marks: Sequence[format.Interval]) -> list[list[float]]:
    """The lengths of error bars: from the values down to `low`, and up to `high`.

    `low` and `high` are NaN where a mark has no interval.
    """
    return [[mark.value - mark.low for mark in marks], [mark.high - mark.value for mark in marks]]


def any_range(marks: Iterable[format.Interval]) -> bool:
    return any(mark.low == mark.low for mark in marks)


def value_text(row: format.Interval, digits: int, *, signed: bool = False) -> str:
    """The value of a mark as text, with its interval or range if it has one."""
    text = format.number(row.value, digits, signed=signed)
    if row.low != row.low:
        return text
    return f"{text} [{format.number(row.low, digits)}, {format.number(row.high, digits)}]"


def arm_name(plan: Plan, arm: PlannedArm) -> str:
    """The name of an arm where no heading says its factor; the baseline is named as such."""
    name = in_prose(plan.study, arm.arm)
    if arm.digest != plan.baseline.digest:
        return name
    return BASELINE if name == f"the {BASELINE}" else f"{name} ({BASELINE})"


def numbered(name: str, number: int) -> str:
    """The name of a figure: name, name-2, name-3 ... for several of one kind."""
    return name if number == 0 else f"{name}-{number + 1}"


def listing(things: Iterable[str], most: int = NAMED) -> str:
    """The first items of a list, joined, and how many more there are."""
    every = [plain(thing) for thing in things]
    rest = len(every) - most
    return "; ".join(every[:most] + ([f"and {rest} more"] if rest > 0 else []))

"""Lines of means over an axis: each with its bars or its band, and its name at its end."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study.report.contents import Report
from study.report.figures.report_figure import error_bars
from study.report.figures.separation import separated
from study.report.figures.style import ARMS, BLACK, GREY, SMALL
from study.report.figures.text_fit import all_wrapped, width

APART = 9.0  # points from one line of a name to the next
LABEL_WIDTH = 76  # points
SOME = 3  # bands of more series than this hide each other


def panels(report: Report, count: int, *, abreast: int = 3) -> tuple[Figure, list[Axes]]:
    """A figure with so many panels: below each other in a column, `abreast` in a text."""
    across = 1 if report.style.is_column else min(abreast, count)
    down = -(-count // across)
    # Inches: a panel, and the words below all of them.
    high = 2.3 if across == 1 and not report.style.is_column else 1.75
    figure = Figure(figsize=(report.style.inches, 0.25 + high * down))
    every = list(figure.subplots(down, across, squeeze=False).ravel())
    for axes in every[count:]:
        axes.set_visible(False)
    return figure, every[:count]


class Point(NamedTuple):
    """A mean at its place on the axis; `low` and `high` are NaN without an interval."""

    x: float
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Series:
    """A line of means."""

    label: str
    """The name at its end; "" for the only series of a figure."""
    points: tuple[Point, ...]
    note: str = ""
    """Words behind the name."""


def draw(
    axes: Axes, every: Sequence[Series], *, bands: bool = False, dodge: float = 0.0
) -> list[Series]:
    """Draw the series in the styles of `ARMS`, and return them where they are drawn.

    They stand side by side at each place by `dodge`. `bands` asks for bands in place of bars, if
    the series are few.
    """
    placed = []
    for number, series in enumerate(every):
        colour, dashes, marker = ARMS[number % len(ARMS)]
        aside = dodge * (number - (len(every) - 1) / 2)
        own = [p._replace(x=p.x + aside) for p in series.points if p.value == p.value]
        placed.append(replace(series, points=tuple(own)))
        xs, values = [point.x for point in own], [point.value for point in own]
        # Bands in colours of their own are told apart up to a few.
        banded = bands and len(every) <= SOME
        if banded:
            lows, highs = [point.low for point in own], [point.high for point in own]
            axes.fill_between(xs, lows, highs, color=colour, alpha=0.15, linewidth=0)
        axes.errorbar(
            xs,
            values,
            yerr=None if banded else error_bars(own),
            color=colour,
            linestyle=dashes,
            marker=marker,
            markersize=3.8,
            linewidth=1,
            elinewidth=0.8,
            capsize=2,
            # A mark at 100 % is drawn whole.
            clip_on=False,
        )
    return placed


def name_ends(figure: Figure, axes: Axes, every: Sequence[Series]) -> None:
    """Write the name of each series at the right of its last point, away from other names.

    `every` are the series as `draw` returns them.
    """
    # A line without a value has no end.
    ends = [(series.points[-1], series) for series in every if series.points]
    figure.draw_without_rendering()  # only then does the layout say how high the panel is
    scale = 72 / figure.dpi
    box = axes.get_window_extent()
    heights = [scale * axes.transData.transform((end.x, end.value))[1] for end, _ in ends]
    names = _names(every)
    texts = [names[series.label] + series.note for _, series in ends]
    places = separated(heights, [APART * (1 + text.count("\n")) for text in texts])
    # Names that leave the panel are moved back together, so that they keep their distances.
    low, high = min(places, default=0.0), max(places, default=0.0)
    shift = max(0.0, scale * box.y0 + 4 - low) - max(0.0, high - scale * box.y1)
    for (end, series), text, y, place in zip(ends, texts, heights, places, strict=True):
        colour = ARMS[list(every).index(series) % len(ARMS)][0]
        axes.annotate(
            text,
            (end.x, end.value),
            (10, place + shift - y),
            textcoords="offset points",
            va="center",
            ha="left",
            fontsize=SMALL,
            linespacing=1.0,
            color=BLACK,
            parse_math=False,
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": colour,
                "linewidth": 0.6,
                "shrinkA": 0,
                "shrinkB": 3,
                # To the middle of the left side: a line to the middle would cross other names.
                "relpos": (0, 0.5),
            },
        )


def name_place(axes: Axes, x: float, text: str) -> None:
    """Draw a dashed line at a place of the horizontal axis, with a name above the panel."""
    # Above, where no line of means can be below the name.
    axes.axvline(x, color=GREY, linewidth=0.6, linestyle=(0, (4, 3)), zorder=0.5)
    axes.annotate(
        text,
        (x, 1),
        (0, 2),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        ha="center",
        va="bottom",
        fontsize=SMALL,
        color=GREY,
        parse_math=False,
    )


def names_width(every: Sequence[Series]) -> float:
    """The points that the names of series take at the right of a panel."""
    lines = [line for name in _names(every).values() for line in name.split("\n")]
    return 14 + max(width(line, SMALL) for line in lines)


def _names(every: Sequence[Series]) -> dict[str, str]:
    """The names of series by label, in lines."""
    labels = [series.label for series in every]
    return dict(zip(labels, all_wrapped(labels, LABEL_WIDTH, size=SMALL), strict=True))

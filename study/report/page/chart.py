"""Charts of the page: what each kind has, in places of per cent that a template writes as SVG.

A chart is as wide as its place on the page, and its text keeps its size: places are in per cent
of its width and height. So a chart needs no script, is printed as it is shown, and follows the
colours of the page. plotly.js is 4.8 MB, more than a whole page may have, and prints nothing before
its script has run.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple

from study.report.page.scale import Tick

TALL = 24  # rows from which a forest plot is not kept on one sheet


@dataclass(frozen=True)
class Chart:
    """A chart of the page; every kind adds its own data."""

    kind: ClassVar[str]
    """The macro of `charts.html` that draws it."""
    title: str
    alt: str
    """Alternative text."""
    legend: Sequence["Sign"]
    note: str = field(default="", kw_only=True)
    """A sentence below the chart on what it leaves out."""

    @property
    def tall(self) -> bool:
        """True for a chart that is as high as a sheet of paper and gets the width of it."""
        return False


class Sign(NamedTuple):
    """An entry of a legend: the class of its sign in the style sheet, and its meaning."""

    sign: str
    text: str


# Tuples, not objects with methods: the templates read their fields and nothing else.
class Stretch(NamedTuple):
    """A stretch of an axis, in per cent."""

    start: float
    end: float


class Dot(NamedTuple):
    """A value on an axis, in per cent, and the text that is shown beside the pointer."""

    at: float
    tip: str


# ---- forest plot ----


class ForestRow(NamedTuple):
    """A row of a forest plot: an arm, or the heading of a factor, which has a label alone."""

    label: str
    heading: bool = False
    seeds: Sequence[Dot] = ()
    mean: Dot | None = None
    interval: Stretch | None = None
    text: str = ""


@dataclass(frozen=True)
class ForestChart(Chart):
    """Differences from the baseline, a row for each arm."""

    kind: ClassVar[str] = "forest"
    axis: str
    ticks: Sequence[Tick]
    zero: float
    floor: Stretch | None
    """The noise floor."""
    rows: Sequence[ForestRow]

    @property
    def tall(self) -> bool:
        return len(self.rows) > TALL


# ---- quality against cost ----


class PlacedLabel(NamedTuple):
    """A label beside a point: its anchor in pixels from the point, and how it is aligned there."""

    text: str
    dx: float
    dy: float
    align: str
    """A value of SVG's `text-anchor`."""
    led: bool
    """True if a line leads from the point to the label."""


class PlacedArm(NamedTuple):
    """An arm in a chart of quality against cost."""

    x: float
    y: float
    sign: str
    tip: str
    baseline: bool
    label: PlacedLabel | None
    across: Stretch | None
    up: Stretch | None


@dataclass(frozen=True)
class TradeOff(Chart):
    """Quality against a cost, with the Pareto front as steps."""

    kind: ClassVar[str] = "trade_off"
    across: str
    up: str
    x_ticks: Sequence[Tick]
    y_ticks: Sequence[Tick]
    baseline: float | None
    """The place of the baseline on an axis of ratios to it."""
    front: str
    """Points of a polyline in thousandths of the chart."""
    arms: Sequence[PlacedArm]
    height: int
    """Pixels."""


# ---- learning curves ----


class CurveLine(NamedTuple):
    """The curve of an arm in one panel: polylines in thousandths of the panel."""

    label: str
    series: int
    """Number of its colour and dashes in the style sheet; 0 is the baseline's."""
    mean: str
    band: str
    seeds: Sequence[str]
    ends: Sequence[tuple[float, float]]
    """Places of the ends of diverged seeds."""
    tip: str
    at: tuple[float, float]
    """Where the line ends, in per cent."""
    label_at: float
    """Where its label stands, in per cent from the top."""


class ChartPanel(NamedTuple):
    """Curves that share a pair of axes: the baseline's and those of one factor's levels."""

    head: str
    lines: Sequence[CurveLine]


@dataclass(frozen=True)
class Curves(Chart):
    """Learning curves of one metric in panels with common axes."""

    kind: ClassVar[str] = "curves"
    across: str
    up: str
    x_ticks: Sequence[Tick]
    y_ticks: Sequence[Tick]
    panels: Sequence[ChartPanel]
    height: int
    """Pixels of a panel."""

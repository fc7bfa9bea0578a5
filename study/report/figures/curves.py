"""Figure of learning curves: the mean over seeds by epoch, with a band."""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from study import format
from study.plan.plan import Plan
from study.report.blocks import blocks
from study.report.contents import Report
from study.report.figures.axes import linear
from study.report.figures.report_figure import ReportFigure, frame, listing, numbered
from study.report.figures.row_layout import chunks
from study.report.figures.states import diverged
from study.report.figures.style import ARMS, BLACK, COLUMN, GREY, PAGE, SMALL, TINY
from study.report.figures.text_fit import wrapped
from study.spec.metric import Metric
from study.stats import Inference, of_arm, of_arms, of_metric, typed_rows

LOSS = "train_loss"
LOSS_METRIC = Metric("Train loss", "", 1, 3, better="lower", kind="quality")
ARMS_PER_PANEL = len(ARMS) - 1  # arms of one panel besides the baseline
GROUPS_PER_FIGURE = 4
HEIGHT = 1.35  # inches of a panel
LABEL_WIDTH = 66  # points
BAND_FROM = 3  # seeds from which the band is an interval; that of two seeds would fill the panel

Group = tuple[str, list[str]]


class CurveMark(NamedTuple):
    """A row of the figure's data: `n` is for means alone, `seed` for single seeds alone."""

    label: str
    arm: str
    epoch: int
    n: int
    metric: str
    what: str
    seed: int
    value: float
    low: float
    high: float


def curves(report: Report) -> Iterator[ReportFigure]:
    """Training loss and the first quality, with the baseline and at most seven arms per panel."""
    data = points(report)
    marks = typed_rows(data, CurveMark)
    if len({mark.epoch for mark in marks}) < 2:
        return
    groups = _groups(report, {mark.arm for mark in marks})
    drawn = {mark.metric for mark in marks}
    metrics = {name: metric for name, metric in _metrics(report.plan).items() if name in drawn}
    unit = report.plan.task.progress_unit
    for number, part in enumerate(chunks(groups, GROUPS_PER_FIGURE)):
        arms_here = {arm for _, arms in part for arm in arms}
        own = of_arms(data, arms_here)
        figure = _figure([mark for mark in marks if mark.arm in arms_here], part, metrics, unit)
        yield ReportFigure(numbered("curves", number), figure, own, _alt(own, metrics, unit))


# ---- data ----


def points(report: Report) -> pd.DataFrame:
    """One row per point of a line; `what` is its kind.

    A mean covers the epochs that all seeds of an arm reached. Seeds are drawn alone beyond those
    epochs, and from the start if one of them diverged. "diverged" marks the end of such a seed.
    """
    histories, metrics = report.analysis.curves, _metrics(report.plan)
    rows = list[dict[str, object]]()
    for arm in report.plan.arms:
        for name in metrics:
            part = of_metric(of_arm(histories, arm.digest), name)
            keys = {"label": arm.label, "arm": arm.digest, "metric": name}
            # `pivot` refuses two values of one epoch and seed instead of averaging them.
            table = part.pivot(index="epoch", columns="seed", values="value").astype(float)
            lines = _lines(table, diverged(arm), report.analysis.inference)
            rows += [{**keys, **row} for row in lines]
    data = frame(rows, metrics, "label", "arm", "epoch", "n")
    return data.astype({"epoch": "Int64", "n": "Int64"})


def _lines(
    table: pd.DataFrame, diverged_seeds: set[int], how: Inference
) -> Iterator[dict[str, object]]:
    """The points of the lines of one arm and metric; `table` is epochs by seeds."""
    whole = table.dropna()
    # A mean over the seeds that are left would drop or jump where another seed ends.
    common = 0 if diverged_seeds or table.empty else len(whole)
    for epoch, values in whole.iloc[:common].iterrows():
        low, high = _band(values, how)
        ends = {"value": values.mean(), "low": low, "high": high}
        yield {"epoch": epoch, "what": "mean", "n": len(values), **ends}
    for seed, values in table.items():
        curve = values.dropna()
        if len(curve) > common:  # its line starts at the last point of the mean, to join it
            start = max(0, common - 1) if common else 0
            for epoch, value in curve.iloc[start:].items():
                yield {"epoch": epoch, "what": "seed", "seed": seed, "value": value}
        if seed in diverged_seeds and len(curve):
            last = {"epoch": curve.index[-1], "value": curve.iloc[-1]}
            yield {"what": "diverged", "seed": seed, **last}


def _band(values: "pd.Series[float]", how: Inference) -> tuple[float, float]:
    if len(values) >= BAND_FROM:
        return how.interval(values.to_numpy(float))
    return (values.min(), values.max()) if len(values) > 1 else (float("nan"), float("nan"))


def _metrics(plan: Plan) -> dict[str, Metric]:
    # Curves are evaluated at the training size, so "top1@96" is drawn by its "top1".
    quality = {plan.followed: plan.catalogue[plan.followed]} if plan.followed else {}
    return {LOSS: LOSS_METRIC, **quality}


def _groups(report: Report, drawn_arms: set[str]) -> list[Group]:
    """The arms of every panel, the baseline first, grouped like the blocks of the table."""
    base = report.plan.baseline.digest
    groups = []
    for head, rows in blocks(report.plan):
        others = [arm.digest for _, arm in rows if arm.digest in drawn_arms - {base}]
        groups += [
            (head, [base] * (base in drawn_arms) + arms) for arms in chunks(others, ARMS_PER_PANEL)
        ]
    return groups or [("", [base])] * (base in drawn_arms)


# ---- the figure ----


def _figure(
    marks: list[CurveMark], groups: list[Group], metrics: dict[str, Metric], unit: str
) -> Figure:
    across = min(2, len(groups))
    down = -(-len(groups) // 2) * len(metrics)
    wide = COLUMN if across == 1 else PAGE
    figure = Figure(figsize=(wide, 0.65 + HEIGHT * down + 0.2 * down / len(metrics)))
    panels = figure.subplots(down, across, sharex=True, squeeze=False)
    for place, (head, arms) in enumerate(groups):
        for turn, (name, metric) in enumerate(metrics.items()):
            # Two groups side by side; the metrics of a group stand one below the other.
            axes = panels[place // 2 * len(metrics) + turn, place % 2]
            own = [mark for mark in marks if mark.metric == name]
            _panel(axes, own, arms)
            # One scale for all groups, so that panels can be compared by eye.
            axes.set_ylim(*_span(own))
            # After the limits are set: labels are placed in fractions of the axis.
            _ends(axes, own, arms)
            axes.set_ylabel(format.head(metric))
            if turn == 0 and head:
                axes.set_title(
                    wrapped(head, 140, size=SMALL, lines=1),
                    fontsize=SMALL,
                    fontstyle="italic",
                    color=GREY,
                    parse_math=False,
                )
            axes.set_xlabel(unit.capitalize() if turn == len(metrics) - 1 else "")
            axes.tick_params(labelbottom=turn == len(metrics) - 1)
    # An odd number of groups leaves the last cell of the grid empty.
    if len(groups) % 2 and across == 2:
        for axes in panels[-len(metrics) :, 1]:
            axes.set_visible(False)
    figure.suptitle(wrapped(_legend(marks), 72 * wide - 12, size=SMALL), fontsize=SMALL)
    return figure


def _panel(axes: Axes, marks: list[CurveMark], arms: list[str]) -> None:
    for arm, (colour, dashes, _) in zip(arms, ARMS, strict=False):
        own = [mark for mark in marks if mark.arm == arm]
        mean = [mark for mark in own if mark.what == "mean"]
        x = [float(mark.epoch) for mark in mean]
        low, high = [mark.low for mark in mean], [mark.high for mark in mean]
        axes.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)
        axes.plot(x, [m.value for m in mean], color=colour, linestyle=dashes, linewidth=1.1)
        single = [mark for mark in own if mark.what == "seed"]
        for seed in sorted({mark.seed for mark in single}):
            curve = [mark for mark in single if mark.seed == seed]
            axes.plot(
                [float(mark.epoch) for mark in curve],
                [mark.value for mark in curve],
                color=colour,
                linestyle=dashes,
                linewidth=0.5,
            )
        lost = [mark for mark in own if mark.what == "diverged"]
        x, values = [float(mark.epoch) for mark in lost], [mark.value for mark in lost]
        axes.plot(x, values, "x", color=colour, markersize=6)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=1))
    linear(axes.yaxis, 4)


def _span(marks: list[CurveMark]) -> tuple[float, float]:
    """The limits of the axis, from the values: the interval of a few seeds may be far wider."""
    values = [mark.value for mark in marks if mark.value == mark.value]
    # The band of two seeds is these seeds.
    values += [end for m in marks if m.low == m.low and m.n == 2 for end in (m.low, m.high)]
    low, high = min(values), max(values)
    room = 0.08 * (high - low) or 1.0
    return low - room, high + room  # `room` keeps the outermost line off the frame


def _ends(axes: Axes, marks: list[CurveMark], arms: list[str]) -> None:
    """Write every arm's label at the right, tied to the end of its line, without overlaps."""
    low, high = axes.get_ylim()
    ends = []
    for arm, (colour, _, _) in zip(arms, ARMS, strict=False):
        own = [mark for mark in marks if mark.arm == arm and mark.value == mark.value]
        if own:
            last = max(own, key=lambda mark: mark.epoch)  # the first of several
            ends.append((last.value, float(last.epoch), last.label, colour))
    ends.sort()
    # 8.2 points per line of text, as a share of the axes, which take about 0.8 of a panel.
    heights = separated([(end[0] - low) / (high - low) for end in ends], 8.2 / (72 * HEIGHT * 0.8))
    for (value, epoch, label, colour), height in zip(ends, heights, strict=True):
        axes.annotate(
            wrapped(label, LABEL_WIDTH, size=TINY, lines=1),
            (epoch, value),
            (1.06, height),
            textcoords="axes fraction",
            va="center",
            ha="left",
            fontsize=TINY,
            parse_math=False,
            color=BLACK,
            arrowprops={
                "arrowstyle": "-",
                "color": colour,
                "linewidth": 0.6,
                "shrinkA": 0,
                "shrinkB": 0,
                "relpos": (0, 0.5),
            },
            annotation_clip=False,
        )


def separated(heights: list[float], apart: float) -> list[float]:
    """Sorted heights, moved as little as possible until they are `apart`.

    Neighbours that are too close push each other apart until nothing moves, or 200 times. The
    heights stay inside 0 to 1 if they fit.
    """
    places = list(heights)
    for _ in range(200):
        moved = False
        for below, above in pairwise(range(len(places))):
            lack = apart - (places[above] - places[below])
            if lack > 1e-6:
                places[below], places[above] = places[below] - lack / 2, places[above] + lack / 2
                moved = True
        places = (
            [min(max(place, 0.02), 1.02) for place in places] if apart * len(places) < 1 else places
        )
        if not moved:
            break
    return places


def _legend(marks: list[CurveMark]) -> str:
    """The meaning of the lines, bands and crosses that the figure has."""
    kinds, counts = {mark.what for mark in marks}, {m.n for m in marks if m.low == m.low}
    parts = ["line: mean of the seeds"] * ("mean" in kinds)
    several, two = any(n >= BAND_FROM for n in counts), 2 in counts
    bands = ["95 % interval of the mean"] * several
    bands += ["lowest to highest" + " of two seeds" * several] * two
    parts += [f"band: {', '.join(bands)}"] * bool(bands)
    parts += ["thin line: one seed"] * ("seed" in kinds)
    parts += ["×: diverged"] * ("diverged" in kinds)
    return "; ".join(parts)


# ---- alternative text ----


def _alt(data: pd.DataFrame, metrics: dict[str, Metric], unit: str) -> str:
    marks, sentences = typed_rows(data, CurveMark), []
    for name, metric in metrics.items():
        last: dict[str, CurveMark] = {}
        for mark in marks:
            if mark.metric == name and mark.what != "diverged":
                last[mark.arm] = max(last.get(mark.arm, mark), mark, key=lambda m: m.epoch)
        ends = (
            f"{mark.label} {format.number(mark.value, metric.digits)} at {unit} {mark.epoch}"
            for mark in last.values()
        )
        sentences.append(f"{format.head(metric)}, last: {listing(ends)}.")
    lost = dict.fromkeys(mark.label for mark in marks if mark.what == "diverged")
    sentences += [f"Diverged: {listing(lost)}."] * bool(lost)
    return " ".join([f"Learning curves, mean over seeds by {unit}.", *sentences])

"""Figure of learning curves: thin lines for seeds, a thick one for their mean."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from study import format
from study.plan.plan import Plan
from study.report.blocks import arm_blocks
from study.report.contents import Report
from study.report.figures.axes import linear, within_percent
from study.report.figures.curve_points import CurveMark, metrics_of, points
from study.report.figures.report_figure import ReportFigure, arm_name, listing, numbered
from study.report.figures.row_layout import chunks
from study.report.figures.separation import separated
from study.report.figures.style import ARMS, BLACK, GREY, SMALL, TINY, Dashes
from study.report.figures.text_fit import MORE, all_wrapped, wrapped
from study.spec.metric import Metric
from study.stats import of_arms, of_metric, typed_rows

SOLID: Dashes = (0, ())
LEVELS = tuple(look for look in ARMS if look[0] not in (BLACK, GREY))
"""Colours and dashes of arms; the baseline is grey in every panel."""
ARMS_PER_PANEL = len(LEVELS)  # arms of one panel besides the baseline
FEW = 4  # arms besides the baseline up to which one panel has all of them
PANELS = {"text": 12, "column": 6}  # of one figure
ABREAST = {"text": 3, "column": 1}  # panels side by side
HEIGHT = {"text": 1.45, "column": 1.25}  # inches of a panel
LABEL_WIDTH = 62  # points


class CurvePanel(NamedTuple):
    """The curves of one metric, of the baseline and a few arms."""

    head: str
    metric: str
    arms: dict[str, str]
    """Labels by arm."""
    base: str
    """The baseline, which is grey."""


def curves(report: Report) -> Iterator[ReportFigure]:
    """A panel per factor with its levels and the baseline, or one of all arms if they are few."""
    data = points(report)
    marks = typed_rows(data, CurveMark)
    # One epoch is a point and no curve.
    if len({mark.epoch for mark in marks}) < 2:
        return
    panels, unit = _panels(report, marks), report.plan.task.progress_unit
    for number, part in enumerate(chunks(panels, PANELS[report.style.width])):
        own = of_arms(data, {arm for panel in part for arm in panel.arms})
        own = pd.concat([of_metric(own, name) for name in dict.fromkeys(p.metric for p in part)])
        metrics = {
            name: m for name, m in metrics_of(report.plan).items() if name in set(own.metric)
        }
        figure = _figure(report, typed_rows(own, CurveMark), part)
        yield ReportFigure(numbered("curves", number), figure, own, _alt(own, metrics, unit))


def _panels(report: Report, marks: Sequence[CurveMark]) -> list[CurvePanel]:
    """The panels: a factor's levels in each, or the loss and the quality of a few arms."""
    base, drawn = report.plan.baseline.digest, {mark.arm for mark in marks}
    metrics = [name for name in metrics_of(report.plan) if name in {mark.metric for mark in marks}]
    groups = groups_of_arms(report.plan, drawn)
    # The quality alone where factors have panels: with the loss there would be twice as many.
    shown = metrics if len(drawn - {base}) <= FEW else metrics[-1:]
    return [CurvePanel(head, name, arms, base) for name in shown for head, arms in groups]


def groups_of_arms(plan: Plan, drawn: set[str]) -> list[tuple[str, dict[str, str]]]:
    """Heads of panels, and the labels of their arms by digest, the baseline's first.

    `drawn` are the digests of the arms that have curves. A few of them share one panel without a
    head; where a head says the factor, the baseline has the name of its level.
    """
    base = plan.baseline.digest
    others = [arm for arm in plan.arms if arm.digest in drawn - {base}]
    if len(others) <= FEW:
        own = {base: plan.study.baseline_title} if base in drawn else {}
        return [("", own | {arm.digest: arm_name(plan, arm) for arm in others})]
    groups = []
    for head, rows, _ in arm_blocks(plan):
        labels = {arm.digest: label for label, arm in rows if arm.digest in drawn}
        first = {base: labels.pop(base, plan.study.baseline_title)} if base in drawn else {}
        for part in chunks([*labels], ARMS_PER_PANEL):
            groups.append((head, first | {arm: labels[arm] for arm in part}))
    return groups


# ---- the figure ----


def _figure(report: Report, marks: list[CurveMark], parts: Sequence[CurvePanel]) -> Figure:
    across = min(len(parts), ABREAST[report.style.width])
    down = -(-len(parts) // across)
    width = report.style.width
    height = HEIGHT[width] * (1.3 if across < ABREAST[width] else 1)
    figure = Figure(figsize=(report.style.inches, 0.5 + height * down))
    grid = figure.subplots(down, across, sharex=True, squeeze=False)
    for place, (axes, part) in enumerate(zip(grid.ravel(), parts, strict=False)):
        metric = metrics_of(report.plan)[part.metric]
        own = [mark for mark in marks if mark.metric == part.metric]
        _panel(axes, own, part)
        # One scale for all panels of a metric, so that they can be compared by eye.
        axes.set_ylim(*_span(own))
        within_percent(axes, metric, [mark.value for mark in own])
        # After the limits are set: labels are placed in fractions of the axis.
        _ends(axes, own, part, height=height)
        if place % across == 0 or part.metric != parts[place - 1].metric:
            axes.set_ylabel(format.head(metric))
        _title(axes, part.head)
        # Not the last row alone: the panels above a gap in it have no panel below, either.
        last = place + across >= len(parts)
        axes.set_xlabel(report.plan.task.progress_unit.capitalize() if last else "")
        axes.tick_params(labelbottom=last)
    for axes in grid.ravel()[len(parts) :]:
        axes.set_visible(False)
    text = wrapped(_legend(marks), 72 * report.style.inches - 12, size=SMALL)
    figure.suptitle(text, fontsize=SMALL, color=GREY)
    return figure


def _title(axes: Axes, head: str) -> None:
    if head:
        text = wrapped(head, 120, size=SMALL, lines=1)
        axes.set_title(text, fontsize=SMALL, loc="left", parse_math=False)


def _panel(axes: Axes, marks: list[CurveMark], part: CurvePanel) -> None:
    for arm, (colour, dashes) in _looks(part).items():
        own = [mark for mark in marks if mark.arm == arm]
        mean = [mark for mark in own if mark.what == "mean"]
        x = [float(mark.epoch) for mark in mean]
        low, high = [mark.low for mark in mean], [mark.high for mark in mean]
        # NaN where seeds are drawn one by one: then nothing is filled.
        axes.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)
        single = [mark for mark in own if mark.what == "seed"]
        for seed in sorted({mark.seed for mark in single}):
            curve = [mark for mark in single if mark.seed == seed]
            axes.plot(
                [float(mark.epoch) for mark in curve],
                [mark.value for mark in curve],
                color=colour,
                linewidth=0.4,
                alpha=0.8,
            )
        axes.plot(x, [m.value for m in mean], color=colour, linestyle=dashes, linewidth=1.4)
        lost = [mark for mark in own if mark.what == "diverged"]
        x, values = [float(mark.epoch) for mark in lost], [mark.value for mark in lost]
        axes.plot(x, values, "x", color=colour, markersize=5)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=1))
    linear(axes.yaxis, 4)


def _looks(part: CurvePanel) -> dict[str, tuple[str, Dashes]]:
    """Colour and dashes of the arms of a panel; the baseline is grey."""
    # First, so that it is drawn below the levels that are compared with it.
    others = [arm for arm in part.arms if arm != part.base]
    looks = {
        arm: (colour, dashes) for arm, (colour, dashes, _) in zip(others, LEVELS, strict=False)
    }
    return ({part.base: (GREY, SOLID)} if part.base in part.arms else {}) | looks


def _span(marks: list[CurveMark]) -> tuple[float, float]:
    """The limits of the axis, from the values: the interval of a few seeds may be far wider."""
    values = [mark.value for mark in marks if mark.value == mark.value]
    low, high = min(values), max(values)
    room = 0.06 * (high - low) or 1.0
    return low - room, high + room  # `room` keeps the outermost line off the frame


def _ends(axes: Axes, marks: list[CurveMark], part: CurvePanel, *, height: float) -> None:
    """Write every arm's label at the right, tied to the end of its line, without overlaps."""
    low, high = axes.get_ylim()
    ends = []
    for arm, (colour, _) in _looks(part).items():
        own = [mark for mark in marks if mark.arm == arm and mark.value == mark.value]
        # A mean ends the line of an arm that has one; `max` takes the first of several.
        own = [mark for mark in own if mark.what == "mean"] or own
        if own:
            last = max(own, key=lambda mark: mark.epoch)
            ends.append((last.value, float(last.epoch), part.arms[arm], colour))
    ends.sort()
    # 8.2 points per line of text, as a share of the axes, which take about 0.75 of a panel.
    line = 8.2 / (72 * height * 0.75)
    texts = _names([label for _, _, label, _ in ends], most=int(1 / line))
    sizes = [line * (1 + text.count("\n")) for text in texts]
    heights = separated([(end[0] - low) / (high - low) for end in ends], sizes, (0.02, 1.02))
    for (value, epoch, _, colour), text, height in zip(ends, texts, heights, strict=True):
        axes.annotate(
            text,
            (epoch, value),
            (1.07, height),
            textcoords="axes fraction",
            va="center",
            ha="left",
            fontsize=TINY,
            linespacing=1.0,
            parse_math=False,
            color=GREY if colour == GREY else BLACK,
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


def _names(labels: list[str], most: int) -> list[str]:
    """The labels in one line each, or in two if one is too short and all are `most` at most."""
    narrow, wide = (all_wrapped(labels, LABEL_WIDTH, size=TINY, lines=n) for n in (1, 2))
    cut = any(MORE in text for text in narrow)
    return wide if cut and sum(1 + text.count("\n") for text in wide) <= most else narrow


def _legend(marks: Sequence[CurveMark]) -> str:
    """The meaning of the lines, bands and crosses that the figure has."""
    kinds = {mark.what for mark in marks}
    several = any(mark.n > 1 for mark in marks if mark.what == "mean")
    parts = ["thick line: mean of the seeds"] * several
    parts += ["thin line: one seed"] * ("seed" in kinds)
    parts += ["band: 95 % interval of the mean"] * any(mark.low == mark.low for mark in marks)
    parts += ["grey: the baseline"]
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

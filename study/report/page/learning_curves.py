"""Learning curves of the page: panels of the baseline and the levels of one factor."""

import math
from collections.abc import Iterator, Sequence

import pandas as pd

from study import format, stats
from study.report.contents import Report
from study.report.figures.curve_points import LOSS, LOSS_METRIC, CurveMark
from study.report.figures.curves import groups_of_arms
from study.report.figures.interval_text import interval_text
from study.report.figures.separation import separated
from study.report.page.chart import Chart, ChartPanel, CurveLine, Curves, Sign
from study.report.page.labels import shortened
from study.report.page.scale import Scale
from study.spec.metric import Metric

HEIGHT = 190  # pixels of a panel
LINE = 15  # pixels of a label's line
POINTS = 12_000  # in one chart, which are about 120 kB
FEWEST = 24  # points of a curve, however many curves there are
LONGEST = 14  # letters of a label, as many as stand beside a panel


def curves(report: Report, data: pd.DataFrame, alt: str) -> Iterator[Chart]:
    """The first quality, then the training loss."""
    names = list(dict.fromkeys(str(name) for name in data["metric"]))
    for name in sorted(names, key=lambda name: name == LOSS):
        marks = stats.typed_rows(stats.of_metric(data, name), CurveMark)
        metric = LOSS_METRIC if name == LOSS else report.plan.catalogue[name]
        yield _chart(report, marks, metric, alt)


def _chart(report: Report, marks: list[CurveMark], metric: Metric, alt: str) -> Chart:
    unit, epochs = report.plan.task.progress_unit, sorted({mark.epoch for mark in marks})
    # The last one too, where a reader looks for the end of every line.
    thinned = {*epochs[:: _step(marks, len(epochs))], epochs[-1]}
    drawn = [m for m in marks if m.what == "diverged" or m.epoch in thinned]
    xs = Scale(epochs[0], epochs[-1])
    # From the values alone: the interval of a few seeds may be far wider than all of them.
    ys = Scale.around([mark.value for mark in marks], 0.05).within_percent(metric)
    panels = [
        ChartPanel(head, _lines([m for m in drawn if m.arm in arms], arms, (xs, ys), metric))
        for head, arms in groups_of_arms(report.plan, {mark.arm for mark in marks})
    ]
    title = "Training loss" if metric is LOSS_METRIC else format.name(metric)
    notes = [
        "Grey: the baseline." * any(m.arm == report.plan.baseline.digest for m in marks),
        f"{len(thinned)} of {len(epochs)} {unit}s are drawn." * (len(thinned) < len(epochs)),
    ]
    return Curves(
        f"{title} by {unit}",
        alt,
        list(_legend(report, marks)),
        across=unit.capitalize(),
        up=format.head(metric),
        x_ticks=xs.ticks(4, whole=all(float(epoch).is_integer() for epoch in epochs)),
        y_ticks=ys.ticks(4),
        panels=panels,
        height=HEIGHT,
        note=" ".join(filter(None, notes)),
    )


def _step(marks: list[CurveMark], epochs: int) -> int:
    """The number of epochs from one that is drawn to the next, so that the page stays small."""
    lines = {(mark.arm, mark.what, mark.seed if mark.what == "seed" else 0) for mark in marks}
    return max(1, math.ceil(epochs / max(FEWEST, POINTS // max(1, len(lines)))))


Scales = tuple[Scale, Scale]


def _lines(
    marks: list[CurveMark], arms: dict[str, str], scales: Scales, metric: Metric
) -> list[CurveLine]:
    """The lines of a panel, with labels that do not overlap; `arms` are labels by digest."""
    # By arm once: marks are many, and every line needs those of its own.
    own = {arm: [mark for mark in marks if mark.arm == arm] for arm in arms}
    ends = {arm: max((m for m in own[arm] if m.what != "diverged"), key=_epoch) for arm in arms}
    xs, ys = scales
    sizes = [100 * LINE / HEIGHT] * len(arms)
    heights = separated([ys.at(ends[arm].value) for arm in arms], sizes, (2, 102))
    return [
        CurveLine(
            shortened(label, LONGEST),
            number,
            _polyline([m for m in own[arm] if m.what == "mean"], scales),
            _band([m for m in own[arm] if m.what == "mean" and m.low == m.low], scales),
            [_polyline(curve, scales) for curve in _seeds(own[arm])],
            [(xs.at(m.epoch), 100 - ys.at(m.value)) for m in own[arm] if m.what == "diverged"],
            f"{label}: {format.number(ends[arm].value, metric.digits)} {metric.unit}"
            f" at {ends[arm].epoch}",
            (xs.at(ends[arm].epoch), 100 - ys.at(ends[arm].value)),
            round(100 - height, 1),
        )
        for number, ((arm, label), height) in enumerate(zip(arms.items(), heights, strict=True))
    ]


def _epoch(mark: CurveMark) -> tuple[float, bool]:
    # Of one epoch the mean, not a seed.
    return mark.epoch, mark.what == "mean"


def _seeds(marks: list[CurveMark]) -> Iterator[list[CurveMark]]:
    single = [mark for mark in marks if mark.what == "seed"]
    for seed in sorted({mark.seed for mark in single}):
        yield [mark for mark in single if mark.seed == seed]


def _polyline(marks: Sequence[CurveMark], scales: Scales) -> str:
    return " ".join(_point(mark.epoch, mark.value, scales) for mark in marks)


def _band(marks: Sequence[CurveMark], scales: Scales) -> str:
    """One outline, up along the upper ends and back along the lower ones."""
    upper = [_point(mark.epoch, mark.high, scales) for mark in marks]
    return " ".join([*upper, *(_point(m.epoch, m.low, scales) for m in reversed(marks))])


def _point(epoch: float, value: float, scales: Scales) -> str:
    xs, ys = scales
    return f"{10 * xs.at(epoch):.0f},{1000 - 10 * ys.at(value):.0f}"


def _legend(report: Report, marks: list[CurveMark]) -> Iterator[Sign]:
    means = [mark for mark in marks if mark.what == "mean"]
    if means:
        yield Sign("line", "mean of the seeds")
    if any(mark.low == mark.low for mark in means):
        # All qualities of a study have the same seeds, and so has the loss.
        yield Sign("band", interval_text(report.analysis, report.plan.tested))
    if any(mark.what == "seed" for mark in marks):
        yield Sign("thin", "one seed")
    if any(mark.what == "diverged" for mark in marks):
        yield Sign("cross", "diverged")

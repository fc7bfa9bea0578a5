"""Figure of quality against each cost, with the Pareto front."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from study import format, stats
from study.metrics import METRICS, Metric
from study.report.contents import Report
from study.report.figures.axes import linear, logarithmic, wide
from study.report.figures.figure import ReportFigure, frame, listing, named_rows, without_attrs
from study.report.figures.label_placement import place
from study.report.figures.style import BLACK, BLUE, COLUMN, GREY, TINY
from study.report.figures.text_fit import width, wrapped
from study.spec.study import file_name

# These words are stored in the figure's data, where analysis scripts of users may rely on them.
FRONT, TIED, BEHIND = "front", "not told apart", "behind"
DIRECT = 8  # arms up to which labels stand at their points; above, a key explains numbers
LABEL_WIDTH = 80  # points of a label at its point
KEYED = 40  # arms up to which every number is in the key and intervals are drawn
FEW = 20  # numbers in the key if there are more arms than that
BARS = ("low", "high", "cost_low", "cost_high")
LOG_FROM = 5  # ratio of the largest to the smallest cost from which the axis is logarithmic

LOOKS: dict[str, dict[str, Any]] = {
    FRONT: {"color": BLUE, "marker": "o", "markerfacecolor": BLUE},
    TIED: {"color": BLUE, "marker": "o", "markerfacecolor": "white"},
    BEHIND: {"color": GREY, "marker": "x", "markerfacecolor": GREY},
}
MEANINGS = {
    FRONT: "on the front",
    TIED: "not distinguishable",
    BEHIND: "behind it",
}
"""Standings as the legend and the alternative text name them."""


def pareto(report: Report) -> Iterator[ReportFigure]:
    """One figure per column that is a cost or a speed and differs between arms."""
    quality = report.plan.tested
    for name in dict.fromkeys(report.plan.study.columns):
        if not quality or METRICS[name].kind == "quality":
            continue
        data = points(report, quality, name)
        if len(data) > KEYED:  # so many intervals would hide the points
            data = data.assign(**dict.fromkeys(BARS, float("nan")))
        if data["cost"].round(METRICS[name].digits).nunique() > 1:  # compared as printed
            figure = _figure(data, METRICS[quality], METRICS[name])
            alt = _alt(data, METRICS[quality], METRICS[name])
            yield ReportFigure(f"pareto-{file_name(name)}", figure, data, alt)


# ---- data ----


def points(report: Report, quality: str, cost: str) -> pd.DataFrame:
    """One row per arm that has both metrics. `what` is its standing:

    - front: by the means, no arm is at least as good in both metrics and better in one
    - behind: another arm costs no more in any round, and its quality is better by the paired
      interval, corrected for all arms that cost no more
    - not told apart: neither
    """
    measured = without_attrs(report.measured)
    values = measured[measured["metric"] == quality].pivot(
        index="seed", columns="arm", values="value"
    )
    costs = measured[measured["metric"] == cost].set_index("arm")[["value", "low", "high"]]
    arms = [arm for arm in report.plan.arms if arm.digest in values and arm.digest in costs.index]
    arms = [arm for arm in arms if not _lost(measured, arm.digest, quality)]
    rows = []
    for number, arm in enumerate(arms, start=1):
        own = costs.loc[arm.digest]
        sample = values[arm.digest].dropna().to_numpy(float)
        low, high = stats.interval(sample)
        rows.append(
            {
                "number": number,
                "label": arm.label,
                "arm": arm.digest,
                "metric": quality,
                "value": sample.mean(),
                "low": low,
                "high": high,
                "against": cost,
                "cost": own["value"],
                "cost_low": own["low"],
                "cost_high": own["high"],
            }
        )
    keys = ("number", "label", "arm", "against", "cost", "cost_low", "cost_high")
    data = frame(rows, *keys).astype(dict.fromkeys(keys[4:], float))
    data[[*keys[4:]]] *= METRICS[cost].scale
    data["what"] = _standings(data, values, METRICS[quality], METRICS[cost])
    return data[data["cost"].notna()].drop(columns="seed")


def _lost(measured: pd.DataFrame, arm: str, metric: str) -> bool:
    """True if a seed diverged; the mean of the other seeds would flatter the arm."""
    own = measured[(measured["arm"] == arm) & (measured["metric"] == metric)]
    return bool(own["value"].isna().any())


def _standings(
    data: pd.DataFrame, values: pd.DataFrame, quality: Metric, cost: Metric
) -> list[str]:
    good = 1 if quality.better == "higher" else -1
    cheap = 1 if cost.better == "higher" else -1
    arms: list[Any] = list(named_rows(data))

    def beyond(first: Any, second: Any) -> bool:
        """True if `first` is at least as good in both metrics, and better in one of them."""
        apart = (good * (first.value - second.value), cheap * (first.cost - second.cost))
        return bool(min(apart) >= 0 and max(apart) > 0)

    # Costs are compared by the worst round of one arm against the best of the other: rounds of a
    # timing session are no replicates, so they allow no test.
    def no_dearer(first: Any, second: Any) -> bool:
        ends = (first.cost_low, first.cost_high), (second.cost_low, second.cost_high)
        # NaN, the end of a cost that was counted, is skipped, and the cost itself stands for it.
        worst = min(cheap * end for end in (*ends[0], first.cost) if end == end)
        best = max(cheap * end for end in (*ends[1], second.cost) if end == end)
        return bool(worst >= best)

    samples = {arm.arm: values[arm.arm].to_numpy(float) for arm in arms}

    def ahead(first: Any, second: Any, tests: int) -> bool:
        # Arrays of the pivoted table, so that element by element the seed is the same.
        differences = samples[first.arm] - samples[second.arm]
        paired = differences[differences == differences]
        # The family of the correction is all arms that cost no more.
        return stats.interval(good * paired, stats.corrected(tests))[0] > 0

    words = []
    for arm in arms:
        rivals = [other for other in arms if other is not arm and no_dearer(other, arm)]
        if not any(beyond(other, arm) for other in arms):
            words.append(FRONT)
        else:
            clear = any(ahead(other, arm, len(rivals)) for other in rivals)
            words.append(BEHIND if clear else TIED)
    return words


# ---- the figure ----


def _figure(data: pd.DataFrame, quality: Metric, cost: Metric) -> Figure:
    keyed = len(data) > DIRECT or any(width(label, TINY) > LABEL_WIDTH for label in data["label"])
    keyed_rows = data if len(data) <= KEYED else _some(data[data["what"] == FRONT])
    lines = -(-len(keyed_rows) // 2) if keyed else 0
    figure = Figure(figsize=(COLUMN, 2.9 + 0.125 * lines))
    axes = figure.subplots()
    axes.grid(True, axis="both")
    if wide(data["cost"], LOG_FROM):
        logarithmic(axes.xaxis, data["cost"])
    else:
        axes.margins(x=0.18)
        linear(axes.xaxis, 5)
    axes.margins(y=0.12)
    front = _front(axes, data, quality, cost)
    for what, style in LOOKS.items():
        points = data[data["what"] == what]
        _draw_points(axes, points, style)
    linear(axes.yaxis, 5)
    axes.set_xlabel(format.head(cost))
    axes.set_ylabel(format.head(quality))
    if keyed:
        _key(figure, keyed_rows, len(data))
    standings = [what for what in LOOKS if what in set(data["what"])]
    handles = [
        Line2D([], [], linestyle="none", markersize=4.5, **LOOKS[what]) for what in standings
    ]
    meanings = [MEANINGS[what] for what in standings]
    figure.legend(
        handles, meanings, loc="outside upper center", ncols=3, handletextpad=0.3, columnspacing=1
    )
    texts = [str(row.number) if keyed else row.label for row in named_rows(data)]
    named = data["number"].isin(keyed_rows["number"])
    positions = list(zip(data["cost"], data["value"], strict=True))
    texts = [text if here else "" for text, here in zip(texts, named, strict=True)]
    place(axes, positions, texts, [*front, *_bars(data)])
    return figure


def _some(front: pd.DataFrame) -> pd.DataFrame:
    """At most `FEW` arms of the front, evenly spaced along it."""
    # The negation rounds the division up.
    return front.sort_values("cost")[:: -(-len(front) // FEW)].sort_values("number")


def _draw_points(axes: Axes, points: pd.DataFrame, style: dict[str, Any]) -> None:
    axes.plot(points["cost"], points["value"], linestyle="none", markersize=4.5, zorder=3, **style)
    across = [points["cost"] - points["cost_low"], points["cost_high"] - points["cost"]]
    along = [points["value"] - points["low"], points["high"] - points["value"]]
    axes.errorbar(
        points["cost"],
        points["value"],
        xerr=across,
        yerr=along,
        fmt="none",
        ecolor=style["color"],
        elinewidth=0.7,
        capsize=1.5,
        zorder=2,
    )


Segment = tuple[tuple[float, float], tuple[float, float]]


def _front(axes: Axes, data: pd.DataFrame, quality: Metric, cost: Metric) -> list[Segment]:
    """Draw the front as steps: the best quality at every cost. Returns its segments."""
    front = data[data["what"] == FRONT].sort_values("cost", ascending=cost.better == "lower")
    xs, ys = list(front["cost"]), list(front["value"])
    corners = [(xs[0], ys[0])]
    for x, y in zip(xs[1:], ys[1:], strict=True):
        # A step, not a slope: no model was measured between two points of the front.
        corners += [(x, corners[-1][1]), (x, y)]
    axes.plot(*zip(*corners, strict=True), color=BLACK, linewidth=0.8, zorder=2)
    return list(pairwise(corners))


def _bars(data: pd.DataFrame) -> Iterator[Segment]:
    for row in named_rows(data):
        x, y = row.cost, row.value
        if row.low == row.low:
            yield (x, row.low), (x, row.high)
        if row.cost_low == row.cost_low:
            yield (row.cost_low, y), (row.cost_high, y)


def _key(figure: Figure, keyed_rows: pd.DataFrame, total: int) -> None:
    texts = [
        wrapped(f"{row.number}  {row.label}", 106, size=TINY, lines=1)
        for row in named_rows(keyed_rows)
    ]
    if len(keyed_rows) < total:
        texts.append(f"{total - len(keyed_rows)} more in the data file")
    legend = figure.legend(
        [Line2D([], [], linestyle="none")] * len(texts),
        texts,
        loc="outside lower left",
        ncols=2,
        handlelength=0,
        handletextpad=0,
        fontsize=TINY,
        labelspacing=0.25,
        columnspacing=1,
    )
    for text in legend.get_texts():
        # A label may hold a "$", which matplotlib would read as mathematics.
        text.set_parse_math(False)


# ---- alternative text ----


def _alt(data: pd.DataFrame, quality: Metric, cost: Metric) -> str:
    head = f"{format.head(quality)} against {format.head(cost)} of {len(data)} arms."
    sentences = []
    for what, meaning in MEANINGS.items():
        points = data[data["what"] == what].sort_values("cost")
        texts = (
            f"{row.label} {format.number(row.value, quality.digits)} "
            f"at {format.number(row.cost, cost.digits)}"
            for row in named_rows(points)
        )
        sentences += [f"{meaning.capitalize()}: {listing(texts)}."] * (not points.empty)
    return " ".join([head, *sentences])

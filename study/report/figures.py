"""Figures of a study: vector files for one column of a paper, the drawn data beside them.

Published numbers are not drawn: nothing in a study shows that their protocol is that of the
measured ones, and two points in one panel are read as comparable.
"""

import io
import textwrap
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pandas as pd
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator

from study import cells
from study.metrics import METRICS
from study.plan import Plan, PlannedArm
from study.stats import interval

WIDTH = 3.25  # inches: one column
AXIS, LETTER, LINE = 186, 5, 10  # points: the axis of levels, and what a letter of a label takes
UPRIGHT = 22  # letters of an upright line
BLUE, VERMILLION, GREY = "#0072B2", "#D55E00", "#666666"  # of Okabe and Ito; far apart in grey too
STYLE: dict[str, Any] = {
    "figure.constrained_layout.use": True,
    "font.size": 8,
    "axes.labelsize": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.linewidth": 0.4,
    "grid.color": "#dddddd",
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "xtick.major.size": 0,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "hatch.linewidth": 0.5,
    "pdf.fonttype": 42,  # TrueType: several venues refuse type 3
    "svg.hashsalt": "study",
}
UNDATED: dict[str, dict[str, None]] = {
    "pdf": {"CreationDate": None},
    "svg": {"Date": None},
    "png": {},
}
"""The formats, each with what makes the same figure the same bytes."""

ABREAST = 7  # numbers that fit side by side
LOG_FROM = 4  # times the least: where a linear axis would hide the small ones


def drawn(plan: Plan, frame: pd.DataFrame, factor: int) -> dict[str, bytes]:
    """Every figure of a factor as files by their ends; none where nothing was measured."""
    files = {}
    for name, figure in FIGURES.items():
        made = figure(plan, frame, factor)
        if made is None:
            continue
        for end, metadata in UNDATED.items():
            files[f"{name}.{end}"] = _saved(made, end, metadata)
        data = points(plan, frame, factor)
        files[f"{name}.csv"] = data.to_csv(index=False, lineterminator="\n").encode()
    return files


def _saved(figure: Figure, end: str, metadata: dict[str, None]) -> bytes:
    file = io.BytesIO()
    with style.context(["default", STYLE]):
        figure.savefig(file, format=end, metadata=metadata, dpi=300)
    return file.getvalue()


# ---- what is drawn ----


def points(plan: Plan, frame: pd.DataFrame, factor: int) -> pd.DataFrame:
    """One row per mark of `levels`, in the units of the table; levels in the order of the file.

    `what` is cost, seed, mean (with its 95 % interval), diverged or missing.
    """
    levels = plan.study.factors[factor].levels
    arms = [arm for arm in plan.arms if set(arm.arm.departs) <= {factor}]
    rows = [
        {"level": levels[arm.arm.choices[factor]].label, "metric": name, **mark}
        for arm in sorted(arms, key=lambda arm: arm.arm.choices[factor])
        for name in _shown(plan, frame)
        for mark in MARKS[METRICS[name].kind](
            arm, frame[(frame["arm"] == arm.digest) & (frame["metric"] == name)]
        )
    ]
    columns = ["level", "metric", "what", "seed", "value", "low", "high"]
    found = pd.DataFrame(rows, columns=columns).astype({"seed": "Int64"})
    scales = found["metric"].map(lambda name: METRICS[name].scale)
    for column in ("value", "low", "high"):
        found[column] = found[column].astype(float) * scales
    return found


def _shown(plan: Plan, frame: pd.DataFrame) -> list[str]:
    """The study's first quality and its first count of operations, if measured at all."""
    measured = set(frame.loc[frame["value"].notna(), "metric"])
    quality = [n for n in (*plan.study.columns, "top1") if METRICS[n].kind == "quality"]
    costs = [n for n in plan.study.columns if METRICS[n].kind == "cost"]
    cost = sorted(costs, key=lambda name: not name.startswith("macs")) or ["macs"]
    first = (next((n for n in names if n in measured), None) for names in (quality, cost))
    return [name for name in first if name]


def _counted(arm: PlannedArm, part: pd.DataFrame) -> Iterator[dict[str, Any]]:
    for value in part["value"]:
        yield {"what": "cost", "value": value}


def _replicated(arm: PlannedArm, part: pd.DataFrame) -> Iterator[dict[str, Any]]:
    if any(trial.state == "diverged" for trial in arm.replicates):
        yield {"what": "diverged"}
        return
    if part.empty:
        yield {"what": "missing"}
        return
    for row in part.itertuples():
        yield {"what": "seed", "seed": row.seed, "value": row.value}
    low, high = interval(part["value"].to_numpy(float))
    yield {"what": "mean", "value": part["value"].mean(skipna=False), "low": low, "high": high}


MARKS = {"quality": _replicated, "cost": _counted}


# ---- levels ----


def levels(plan: Plan, frame: pd.DataFrame, factor: int) -> Figure | None:
    """Quality and cost over the levels of one factor, in panels that share the axis of levels."""
    data = points(plan, frame, factor)
    order = list(dict.fromkeys(data["level"]))
    metrics = list(dict.fromkeys(data["metric"]))
    if len(order) < 2 or not metrics:
        return None
    names = _names(order)
    with style.context(["default", STYLE]):
        figure = Figure(figsize=(WIDTH, 0.35 + 1.2 * len(metrics) + names.room))
        panels = figure.subplots(len(metrics), sharex=True, squeeze=False)[:, 0]
        for axes, name in zip(panels, metrics, strict=True):
            part = data[data["metric"] == name].assign(x=data["level"].map(order.index))
            PANELS[METRICS[name].kind](axes, part)
            axes.set_ylabel(cells.head(METRICS[name]).replace(" (", "\n("), parse_math=False)
        panels[-1].set_xlim(-0.6, len(order) - 0.4)
        panels[-1].set_xticks(
            range(len(order)), names.texts, rotation=names.rotation, parse_math=False
        )
        marks, meanings = panels[0].get_legend_handles_labels()
        if marks:
            figure.legend(marks, meanings, loc="outside upper center", ncols=2, handletextpad=0.3)
    return figure


def _quality(axes: Axes, part: pd.DataFrame) -> None:
    seeds, means = part[part["what"] == "seed"], part[part["what"] == "mean"]
    turn = seeds.groupby("x").cumcount()  # seeds of one level stand side by side
    aside = 0.08 + 0.015 * part["x"].nunique()
    axes.scatter(
        seeds["x"] + aside * (1 + 0.3 * (turn % 4)), seeds["value"], s=9,
        facecolors="white", edgecolors=GREY, linewidths=0.7, label="one seed",
    )  # fmt: skip
    reach = [means["value"] - means["low"], means["high"] - means["value"]]
    several = means["low"].notna().any()
    axes.errorbar(
        means["x"], means["value"], yerr=reach, fmt="o", color=BLUE, markersize=4, capsize=2.5,
        linewidth=1, label="mean, 95 % interval" if several else "mean",
    )  # fmt: skip
    base = means.loc[means["x"] == 0, "value"]
    if len(base):
        axes.axhline(base.iloc[0], color=GREY, linewidth=0.6, linestyle=(0, (4, 3)), zorder=0)
    for row in part[part["what"].isin(["diverged", "missing"])].itertuples():
        axes.annotate(
            str(row.what), (row.x, 0.06), xycoords=("data", "axes fraction"), rotation=90,
            ha="center", va="bottom", color=GREY, fontstyle="italic", fontsize=7,
        )  # fmt: skip
    axes.yaxis.set_major_locator(MaxNLocator(5))


def _cost(axes: Axes, part: pd.DataFrame) -> None:
    """Bars from zero, or squares on a logarithmic axis, where a bar has no foot."""
    part = part[part["value"].notna()]
    values, metric = part["value"], METRICS[part["metric"].iloc[0]]
    crowded = part["x"].nunique() > ABREAST
    if values.min() > 0 and values.max() > LOG_FROM * values.min():
        axes.set_yscale("log")
        axes.plot(part["x"], values, "s", color=VERMILLION, markersize=5)
        axes.set_ylim(values.min() / 1.5, values.max() * (4 if crowded else 2))
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.minorticks_off()
    else:
        axes.bar(part["x"], values, width=0.5, color="#F6D9C8", edgecolor=VERMILLION, hatch="///")
        axes.set_ylim(0, values.max() * (1.6 if crowded else 1.25))
        axes.yaxis.set_major_locator(MaxNLocator(4))
    for x, value in zip(part["x"], values, strict=True):
        text = cells.number(value, metric.digits)
        axes.annotate(
            text, (x, value), (0, 6 if crowded else 4), textcoords="offset points", ha="center",
            va="bottom", fontsize=7, rotation=90 if crowded else 0,
        )  # fmt: skip


class Names(NamedTuple):
    texts: list[str]
    rotation: int
    room: float
    """Inches that they take below the axis."""


def _names(order: list[str]) -> Names:
    """Labels of the levels, upright where they are too long to stand side by side."""
    slot = AXIS / len(order)
    letters = max(1, int(slot / LETTER))
    texts = [textwrap.wrap(label, letters) for label in order]
    broken = texts != [textwrap.wrap(o, letters, break_long_words=False) for o in order]
    most = max(map(len, texts))
    if not broken and most <= 3:
        return Names(_joined(texts), 0, most * LINE / 72)
    lines = max(1, int(slot / LINE))
    texts = [textwrap.wrap(o, UPRIGHT, max_lines=lines, placeholder=" …") for o in order]
    longest = max(len(line) for text in texts for line in text)
    return Names(_joined(texts), 90, longest * LETTER / 72)


def _joined(texts: list[list[str]]) -> list[str]:
    return ["\n".join(lines) for lines in texts]


PANELS: dict[str, Callable[[Axes, pd.DataFrame], None]] = {"quality": _quality, "cost": _cost}

FIGURES: dict[str, Callable[[Plan, pd.DataFrame, int], Figure | None]] = {"levels": levels}

"""Figure of effects: each arm's difference from the baseline, seed by seed, with its interval."""

from collections.abc import Iterator
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study import format, stats
from study.analysis.frames import noise_range
from study.metrics import METRICS
from study.plan.plan import Plan, PlannedArm, blocks
from study.report.contents import Report
from study.report.figures import row_layout
from study.report.figures.axes import linear
from study.report.figures.figure import (
    ReportFigure,
    frame,
    listing,
    named_rows,
    numbered,
    value_text,
    without_attrs,
)
from study.report.figures.states import qualities, state
from study.report.figures.style import BLACK, BLUE, COLUMN, GREY, PAGE, PALE
from study.report.table import plain

ABREAST = 3  # panels side by side in one figure
LABEL_WIDTH = {COLUMN: 76, PAGE: 110}  # points, by width of the figure


def effects(report: Report) -> Iterator[ReportFigure]:
    """One row per arm, one panel per quality; several figures if there are too many."""
    data = points(report)
    means = data[(data["what"] == "mean") & data["value"].notna()]
    metrics = [name for name in qualities(report.plan) if name in set(means["metric"])]
    if not metrics:
        return
    texts = _texts(report.plan, data)
    number = 0
    for names in row_layout.chunks(metrics, ABREAST):
        wide = COLUMN if len(names) == 1 else PAGE
        # The row must be as high as its tallest text in any panel.
        notes = {arm: max((texts[n, arm] for n in names), key=_lines) for _, arm in texts}
        for page in row_layout.pages(
            row_layout.arm_lines(report.plan, baseline=False), LABEL_WIDTH[wide], notes
        ):
            here = data["arm"].isin(row_layout.places(page)) | (data["what"] == "noise floor")
            own = data[here & data["metric"].isin(names)]
            figure = _figure(data, names, page, texts=texts, width=wide)
            yield ReportFigure(
                numbered("effects", number), figure, own, _alt(report.plan, own, texts)
            )
            number += 1


def _lines(text: str) -> int:
    return text.count("\n")


# ---- data ----


def points(report: Report) -> pd.DataFrame:
    """One row per mark; `what` is its kind.

    Kinds are seed, mean (of `n` seeds, with its interval), noise floor, or the state of an arm
    that has no difference.
    """
    plan, measured, records = report.plan, without_attrs(report.measured), list[dict[str, Any]]()
    for name in qualities(plan):
        records += _floor(report.measured, name)
        part = measured[measured["metric"] == name]
        for head, members in blocks(plan):
            for label, arm in members:
                if arm is not plan.baseline:
                    keys = {"block": head, "label": label, "arm": arm.digest, "metric": name}
                    records += [{**keys, **record} for record in _records(plan, part, arm)]
    return frame(records, "block", "label", "arm", "n").astype({"n": "Int64"})


def _records(plan: Plan, part: pd.DataFrame, arm: PlannedArm) -> Iterator[dict[str, Any]]:
    """The marks of one arm and metric; like `stats.effects`, none if one seed diverged."""
    own, base = (
        part[part["arm"] == digest].set_index("seed")["value"]
        for digest in (arm.digest, plan.baseline.digest)
    )
    pairs = (own - base).reindex(own.index.intersection(base.index))
    if pairs.empty or pairs.isna().any():
        yield {"what": _why(plan, arm)}
        return
    for seed, value in pairs.items():
        yield {"what": "seed", "seed": seed, "value": value}
    low, high = stats.interval(pairs.to_numpy(float))
    yield {"what": "mean", "n": len(pairs), "value": pairs.mean(), "low": low, "high": high}


def _floor(measured: pd.DataFrame, name: str) -> Iterator[dict[str, Any]]:
    if (band := noise_range(measured, name)) is not None:
        yield {"metric": name, "what": "noise floor", "low": band[0], "high": band[1]}


def _why(plan: Plan, arm: PlannedArm) -> str:
    """Why an arm has no difference: its own state, or the baseline's."""
    if own := state(arm):
        return own
    base = state(plan.baseline)
    return f"baseline: {base}" if base else "missing"


def _texts(plan: Plan, data: pd.DataFrame) -> dict[tuple[str, str], str]:
    """The text at the right of a row, by metric and arm."""
    states = {arm.digest: state(arm) for arm in plan.arms}
    texts = {}
    for row in named_rows(data[~data["what"].isin(["seed", "noise floor"])]):
        text = str(row.what)
        if text == "mean":
            no_interval = f" [{format.ABSENT}]" if row.n > 1 and row.low != row.low else ""
            rest = f"\n{states[row.arm]}" if states[row.arm] else ""
            text = value_text(row, METRICS[row.metric].digits, signed=True) + no_interval + rest
        texts[row.metric, row.arm] = text
    return texts


# ---- the figure ----


def _figure(
    data: pd.DataFrame,
    names: list[str],
    page: row_layout.Page,
    *,
    texts: dict[tuple[str, str], str],
    width: float,
) -> Figure:
    figure, panels = row_layout.sheet(page, len(names), width, spare=0.95)
    places = row_layout.places(page)
    for axes, name in zip(panels, names, strict=True):
        of_metric = data[data["metric"] == name]
        on_page = of_metric[of_metric["arm"].isin(places)]
        _panel(
            axes,
            on_page.assign(y=on_page["arm"].map(places)),
            of_metric[of_metric["what"] == "noise floor"],
        )
        axes.set_xlabel(_head(name), parse_math=False)
        axes.set_xlim(*_span(of_metric))
        for arm, y in places.items():
            text = texts.get((name, arm), "missing")
            word = not text.startswith(("+", "−", "0"))
            beside(axes, y, text, word=word)
    handles, meanings = panels[0].get_legend_handles_labels()
    figure.legend(handles, meanings, loc="outside upper center", ncols=2 if len(names) == 1 else 4)
    return figure


def beside(axes: Axes, y: float, text: str, *, word: bool) -> None:
    style = {"fontstyle": "italic", "color": GREY} if word else {}
    row_layout.beside(axes, y, text, **style)


def _head(name: str) -> str:
    metric = METRICS[name]
    unit = metric.difference_unit
    return f"Δ {format.name(metric)} ({unit})" if unit else f"Δ {format.name(metric)}"


def _span(data: pd.DataFrame) -> tuple[float, float]:
    """The limits of the axis: the same on every page, and including zero."""
    ends = data[["value", "low", "high"]].to_numpy(float)
    ends = ends[ends == ends]
    low, high = min(0.0, ends.min()), max(0.0, ends.max())
    room = 0.06 * (high - low) or 1.0
    return low - room, high + room


def _panel(axes: Axes, part: pd.DataFrame, band: pd.DataFrame) -> None:
    for row in named_rows(band):
        axes.axvspan(row.low, row.high, color=PALE, zorder=0, label="noise floor (A/A)")
    axes.axvline(0, color=BLACK, linewidth=0.7, zorder=0.5, label="baseline")
    seeds, means = part[part["what"] == "seed"], part[part["what"] == "mean"]
    axes.scatter(
        seeds["value"],
        seeds["y"] + 0.32,
        s=8,
        facecolors="white",
        edgecolors=GREY,
        linewidths=0.7,
        label="one seed",
        zorder=2,
    )
    means = means[means["n"] > 1]  # the mean of one seed is drawn already, as that seed
    reach = [means["value"] - means["low"], means["high"] - means["value"]]
    if len(means):
        axes.errorbar(
            means["value"],
            means["y"] - 0.12,
            xerr=reach,
            fmt="o",
            color=BLUE,
            markersize=3.5,
            capsize=2,
            linewidth=1,
            zorder=3,
            label="mean, 95 % interval" if means["low"].notna().any() else "mean",
        )
    linear(axes.xaxis)


# ---- alternative text ----


def _alt(plan: Plan, data: pd.DataFrame, texts: dict[tuple[str, str], str]) -> str:
    lines = [f"Differences from {plain(plan.baseline.label)}, paired by seed."]
    for name in dict.fromkeys(data["metric"]):
        part = data[(data["metric"] == name) & data["arm"].notna() & (data["what"] != "seed")]
        metric = METRICS[str(name)]
        unit = " [95 % interval]" * bool(part["low"].notna().any())
        rest = listing(f"{row.label} {texts[str(name), row.arm]}" for row in named_rows(part))
        lines.append(f"{_head(str(name))}{unit}: {rest}.")
        for row in named_rows(data[(data["metric"] == name) & (data["what"] == "noise floor")]):
            lines.append(f"Noise floor ±{format.number(row.high, metric.digits)}.")
    return " ".join(lines)

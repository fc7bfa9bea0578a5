"""Figure of effects: each arm's difference from the baseline, seed by seed, with its interval."""

from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study import format, stats
from study.plan.plan import Plan
from study.report.blocks import blocks
from study.report.contents import Report
from study.report.figures import row_layout
from study.report.figures.axes import linear
from study.report.figures.report_figure import (
    ReportFigure,
    any_range,
    error_bars,
    frame,
    listing,
    numbered,
    value_text,
)
from study.report.figures.states import qualities, state
from study.report.figures.style import BLACK, BLUE, COLUMN, GREY, PAGE, PALE
from study.report.table import plain
from study.tasks.arms import PlannedArm

PANELS_PER_FIGURE = 3  # panels side by side in one figure
LABEL_WIDTH = {COLUMN: 76, PAGE: 110}  # points, by width of the figure


class EffectMark(NamedTuple):
    """A row of the figure's data; a noise floor has no arm."""

    label: str
    arm: str
    n: int
    metric: str
    what: str
    value: float
    low: float
    high: float


def effects(report: Report) -> Iterator[ReportFigure]:
    """One row per arm, one panel per quality; several figures if there are too many."""
    data = points(report)
    marks = stats.typed_rows(data, EffectMark)
    measured = {m.metric for m in marks if m.what == "mean" and m.value == m.value}
    metrics = [name for name in qualities(report.plan) if name in measured]
    if not metrics:
        return
    texts = _texts(report.plan, marks)
    number = 0
    for names in row_layout.chunks(metrics, PANELS_PER_FIGURE):
        wide = COLUMN if len(names) == 1 else PAGE
        # The row must be as high as its tallest text in any panel.
        notes = {arm: max((texts[n, arm] for n in names), key=_lines) for _, arm in texts}
        for page in row_layout.pages(
            row_layout.arm_lines(report.plan, baseline=False), LABEL_WIDTH[wide], notes
        ):
            here = data["arm"].isin(row_layout.places(page)) | (data["what"] == "noise floor")
            own = data[here & data["metric"].isin(names)]
            figure = _figure(report, marks, names, page=page, texts=texts, width=wide)
            yield ReportFigure(numbered("effects", number), figure, own, _alt(report, own, texts))
            number += 1


def _lines(text: str) -> int:
    return text.count("\n")


# ---- data ----


def points(report: Report) -> pd.DataFrame:
    """One row per mark; `what` is its kind.

    Kinds are seed, mean (of `n` seeds, with its interval), noise floor, or the state of an arm
    that has no difference.
    """
    plan, measured, records = report.plan, report.analysis.measurements, list[dict[str, object]]()
    for name in qualities(plan):
        records += _floor(report, name)
        part = stats.of_metric(measured, name)
        for head, members in blocks(plan):
            for label, arm in members:
                if arm is not plan.baseline:
                    keys = {"block": head, "label": label, "arm": arm.digest, "metric": name}
                    records += [{**keys, **record} for record in _records(report, part, arm)]
    return frame(records, plan.catalogue, "block", "label", "arm", "n").astype({"n": "Int64"})


def _records(report: Report, part: pd.DataFrame, arm: PlannedArm) -> Iterator[dict[str, object]]:
    """The marks of one arm and metric; none if one seed diverged."""
    plan = report.plan
    own, base = (
        stats.of_arm(part, digest).set_index("seed")["value"]
        for digest in (arm.digest, plan.baseline.digest)
    )
    pairs = (own - base).reindex(own.index.intersection(base.index))
    if pairs.empty or pairs.isna().any():
        yield {"what": _why(plan, arm)}
        return
    name = str(part["metric"].iloc[0])
    # Images, not seeds, are the sample of given weights: the seed would be the mean once more.
    for seed, value in () if report.analysis.hits.of(name) else pairs.items():
        yield {"what": "seed", "seed": seed, "value": value}
    effect = report.analysis.effects[arm.digest, name]
    ends = {"value": effect.mean, "low": effect.low, "high": effect.high}
    yield {"what": "mean", "n": len(pairs), **ends}


def _floor(report: Report, name: str) -> Iterator[dict[str, object]]:
    if (band := report.analysis.noise_range(name)) is not None:
        yield {"metric": name, "what": "noise floor", "low": band[0], "high": band[1]}


def _why(plan: Plan, arm: PlannedArm) -> str:
    """Why an arm has no difference: its own state, or the baseline's."""
    if own := state(arm):
        return own
    base = state(plan.baseline)
    return f"baseline: {base}" if base else "missing"


def _texts(plan: Plan, marks: list[EffectMark]) -> dict[tuple[str, str], str]:
    """The text at the right of a row, by metric and arm."""
    states = {arm.digest: state(arm) for arm in plan.arms}
    texts = {}
    for mark in marks:
        if mark.what in ("seed", "noise floor"):
            continue
        text = mark.what
        if text == "mean":
            # As in the table: [--] says that equal differences have no interval.
            no_interval = f" [{format.ABSENT}]" if mark.n > 1 and mark.low != mark.low else ""
            rest = f"\n{states[mark.arm]}" if states[mark.arm] else ""
            digits = plan.catalogue[mark.metric].digits
            text = value_text(mark, digits, signed=True) + no_interval + rest
        texts[mark.metric, mark.arm] = text
    return texts


# ---- the figure ----


def _figure(
    report: Report,
    marks: list[EffectMark],
    names: list[str],
    *,
    page: row_layout.Page,
    texts: dict[tuple[str, str], str],
    width: float,
) -> Figure:
    figure, panels = row_layout.sheet(page, len(names), width, spare=0.95)
    places = row_layout.places(page)
    for axes, name in zip(panels, names, strict=True):
        own = [mark for mark in marks if mark.metric == name]
        _panel(axes, own, places, interval=report.analysis.inference.name)
        axes.set_xlabel(format.difference_head(report.plan.catalogue[name]), parse_math=False)
        axes.set_xlim(*_span(own))
        for arm, y in places.items():
            text = texts.get((name, arm), "missing")
            # A number has a sign unless it is zero; anything else is the state of an arm.
            word = not text.startswith(("+", "−", "0"))
            row_layout.write_beside(axes, y, text, word=word)
    handles, meanings = panels[0].get_legend_handles_labels()
    figure.legend(handles, meanings, loc="outside upper center", ncols=2 if len(names) == 1 else 4)
    return figure


def _span(marks: list[EffectMark]) -> tuple[float, float]:
    """The limits of the axis: the same on every page, and including zero."""
    ends = [end for mark in marks for end in (mark.value, mark.low, mark.high) if end == end]
    low, high = min(0.0, *ends), max(0.0, *ends)
    # So that no mark touches the frame; 1 where every mark is at zero.
    room = 0.06 * (high - low) or 1.0
    return low - room, high + room


def _panel(axes: Axes, marks: list[EffectMark], places: dict[str, float], *, interval: str) -> None:
    """Draw the marks of one metric; `places` are the rows of this page."""
    for mark in marks:
        if mark.what == "noise floor":
            axes.axvspan(mark.low, mark.high, color=PALE, zorder=0, label="noise floor (A/A)")
    axes.axvline(0, color=BLACK, linewidth=0.7, zorder=0.5, label="baseline")
    here = [mark for mark in marks if mark.arm in places]
    seeds = [mark for mark in here if mark.what == "seed"]
    if seeds:
        axes.scatter(
            [mark.value for mark in seeds],
            # In lines, downwards: seeds below the middle of the row, the mean above it.
            [places[mark.arm] + 0.32 for mark in seeds],
            s=8,
            facecolors="white",
            edgecolors=GREY,
            linewidths=0.7,
            label="one seed",
            zorder=2,
        )
    # The mean of one seed is drawn already, as that seed.
    drawn = {mark.arm for mark in seeds}
    means = [m for m in here if m.what == "mean" and (m.n > 1 or m.arm not in drawn)]
    if means:
        axes.errorbar(
            [mark.value for mark in means],
            [places[mark.arm] - 0.12 for mark in means],
            xerr=error_bars(means),
            fmt="o",
            color=BLUE,
            markersize=3.5,
            capsize=2,
            linewidth=1,
            zorder=3,
            label=f"mean, {interval}" if any_range(means) else "mean",
        )
    linear(axes.xaxis)


# ---- alternative text ----


def _alt(report: Report, data: pd.DataFrame, texts: dict[tuple[str, str], str]) -> str:
    plan = report.plan
    unit_of_pairs = "image" if plan.evaluates_given_weights else "seed"
    lines = [f"Differences from {plain(plan.baseline.label)}, paired by {unit_of_pairs}."]
    marks = stats.typed_rows(data, EffectMark)
    for name in dict.fromkeys(mark.metric for mark in marks):
        metric = plan.catalogue[name]
        own = [mark for mark in marks if mark.metric == name]
        means = [mark for mark in own if mark.what not in ("seed", "noise floor")]
        unit = f" [{report.analysis.inference.name}]" * any_range(means)
        rest = listing(f"{mark.label} {texts[name, mark.arm]}" for mark in means)
        lines.append(f"{format.difference_head(metric)}{unit}: {rest}.")
        for mark in own:
            if mark.what == "noise floor":
                lines.append(f"Noise floor ±{format.number(mark.high, metric.digits)}.")
    return " ".join(lines)

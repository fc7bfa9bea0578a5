"""Figure of multiply-adds: by operation, and by stage of the model."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study import format
from study.metrics import KINDS
from study.report.contents import Report
from study.report.figure_style import FigureStyle
from study.report.figures import row_layout
from study.report.figures.axes import linear, wide
from study.report.figures.report_figure import NUMBERS, ReportFigure, frame, listing, numbered
from study.report.figures.style import BLACK, FILLS, SHADES
from study.stats import of_arms, typed_rows
from study.tasks.arms import PlannedArm

LABEL_WIDTH = {"text": 120, "column": 72}  # points
LEGEND_COLUMNS = {"text": 7, "column": 2}
TICKS = {"text": 4, "column": 2}
SAME = 0.02  # of the total: an arm whose pieces differ by less from the baseline's has no row
ONE_STAGE = 0.98  # share of the total from which a stage is all of the model
METRIC = "macs"
FAR = 30  # ratio of the largest to the smallest total from which bars show shares instead
PART, STAGE = "part", "stage"
SPLITS = {PART: "by operation", STAGE: "by stage"}


class Piece(NamedTuple):
    """A piece of a bar: a row of the figure's data."""

    label: str
    arm: str
    split: str
    what: str
    value: float
    low: float
    high: float
    total: float
    total_unit: str
    unit: str


def cost(report: Report) -> Iterator[ReportFigure]:
    """The baseline and the arms whose operations differ from its, a row each."""
    if METRIC not in report.plan.catalogue:
        return
    data = points(report)
    pieces = typed_rows(data, Piece)
    drawn = {piece.arm for piece in pieces} & {report.plan.baseline.digest, *_differing(report)}
    # One bar alone compares nothing.
    if len(drawn) < 2:
        return
    lines = row_layout.arm_lines(report.plan, baseline=report.plan.baseline.digest in drawn)
    listed = row_layout.of_arms(lines, drawn)
    for number, page in enumerate(row_layout.pages(listed, LABEL_WIDTH[report.style.width])):
        own = of_arms(data, row_layout.places(page))
        figure = _figure([piece for piece in pieces if piece.arm in drawn], page, report.style)
        yield ReportFigure(numbered("cost", number), figure, own, _alt(own))


# ---- data ----


def _differing(report: Report) -> set[str]:
    """Arms that differ from the baseline in a piece by more than 2 % of its total.

    All arms, if the baseline was not counted.
    """
    counts = {arm.digest: _counts(arm) for arm in report.plan.arms}
    base = counts[report.plan.baseline.digest]
    if not base:
        return {*counts}
    return {arm for arm, own in counts.items() if any(map(_apart, own.values(), base.values()))}


def _apart(own: Mapping[str, float], base: Mapping[str, float]) -> bool:
    # Of the total and not of the piece: a small piece may double and change nothing.
    most = SAME * sum(base.values())
    return any(abs(own.get(what, 0) - base.get(what, 0)) > most for what in {*own, *base})


def points(report: Report) -> pd.DataFrame:
    """One row per piece of a bar, from `low` to `high`; `split` is "part" or "stage".

    If the totals of the arms are too far apart for one axis, values are in per cent of the total.
    """
    pieces = [
        {"label": arm.label, "arm": arm.digest, "metric": METRIC, "split": split, **piece}
        for arm in report.plan.arms
        for split, counts in _counts(arm).items()
        for piece in _pieces(counts)
    ]
    metric = format.suited(report.plan.catalogue[METRIC], _totals(report))
    data = frame(pieces, {METRIC: metric}, "label", "arm", "split").drop(columns="seed")
    totals = data.groupby(["arm", "split"])["value"].transform("sum")
    # On one axis the bars of the cheapest arms would vanish; shares can still be compared.
    shares = wide(totals, FAR)
    if shares:
        data[[*NUMBERS]] = 100 * data[[*NUMBERS]].div(totals, axis=0)
    unit = "%" if shares else metric.unit
    return data.assign(total=totals, total_unit=metric.unit, unit=unit)


def _totals(report: Report) -> list[float]:
    return [sum(counts[PART].values()) for arm in report.plan.arms if (counts := _counts(arm))]


def _counts(arm: PlannedArm) -> Mapping[str, Mapping[str, float]]:
    """Multiply-adds by PyTorch's formulas, per operation and per stage; empty if refused."""
    if arm.cost_record.refused or not arm.cost_record.counts.get("torch"):
        return {}
    total = arm.cost_record.counts["torch"]
    splits = {PART: {kind: total.get(kind, 0) for kind in KINDS}}
    stages = arm.cost_record.stages
    split = {stage: sum(stages[stage].values()) for stage in sorted(stages, key=_order)}
    # A model of one stage, such as a ViT, has no split by stage.
    several = split and max(split.values()) < ONE_STAGE * sum(split.values())
    return splits | ({STAGE: split} if several else {})


def _pieces(counts: Mapping[str, float]) -> Iterator[dict[str, object]]:
    end = 0.0
    for what, count in counts.items():
        # `low` and `high` are where the piece begins and ends in the stacked bar.
        yield {"what": what, "value": count, "low": end, "high": end + count}
        end += count


# ---- the figure ----


def _figure(pieces: list[Piece], page: row_layout.Page, style: FigureStyle) -> Figure:
    splits = list(dict.fromkeys(piece.split for piece in pieces))
    figure, panels = row_layout.sheet(page, len(splits), style.inches, spare=1.05)
    places = row_layout.places(page)
    for axes, split in zip(panels, splits, strict=True):
        _bars(axes, [piece for piece in pieces if piece.split == split], places)
        _legend(axes, LEGEND_COLUMNS[style.width])
        # The same limits for both splits of the same multiply-adds.
        axes.set_xlim(0, 1.02 * max(piece.high for piece in pieces) or 1)
        axes.set_xlabel(f"{_head(pieces[0].unit)}\n{SPLITS[split]}")
        linear(axes.xaxis, TICKS[style.width])
    # Of the last panel, at whose right side they are written.
    for piece in pieces:
        # An axis of shares does not say in which unit the totals are.
        unit = f" {piece.total_unit}" if piece.unit == "%" else ""
        if piece.arm in places and piece.split == PART and not piece.low:
            text = format.significant(piece.total) + unit
            row_layout.write_beside(panels[-1], places[piece.arm], text)
    return figure


def _head(unit: str) -> str:
    return "Share of MACs (%)" if unit == "%" else f"MACs ({unit})"


def _bars(axes: Axes, pieces: list[Piece], places: Mapping[str, float]) -> None:
    kinds = sorted(dict.fromkeys(piece.what for piece in pieces), key=_order)
    # Stages have an order, which shades show; operations have none, so hatches tell them apart.
    fills = FILLS if kinds[0] in KINDS else [(shade, "") for shade in SHADES]
    for what, (colour, hatch) in zip(kinds, fills, strict=False):
        own = [piece for piece in pieces if piece.what == what and piece.arm in places]
        axes.barh(
            [places[piece.arm] for piece in own],
            [piece.value for piece in own],
            left=[piece.low for piece in own],
            height=0.9,
            color=colour,
            hatch=hatch,
            edgecolor=BLACK,
            linewidth=0.4,
            label=_label(what),
        )


def _legend(axes: Axes, columns: int) -> None:
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
        ncols=columns,
        handlelength=1.2,
        handletextpad=0.4,
        columnspacing=0.8,
        borderaxespad=0.2,
    )


def _order(what: str) -> tuple[int, int]:
    """Sorting key: operations in the catalogue's order; stages from the input on, the head last."""
    # A stage is named by the divisor of the side: as texts "16" would come before "4".
    return (0, KINDS.index(what)) if what in KINDS else (1, int(what) if what.isdigit() else 10**6)


def _label(what: str) -> str:
    return f"1/{what}" if what.isdigit() else what


# ---- alternative text ----


def _alt(data: pd.DataFrame) -> str:
    texts = []
    for label, part in data.groupby("label", sort=False):
        pieces = [piece for piece in typed_rows(part, Piece) if piece.split == PART]
        total, whole = pieces[0].total, sum(piece.value for piece in pieces)
        shares = ", ".join(
            f"{piece.what} {format.number(100 * piece.value / whole, 0)} %"
            for piece in pieces
            if total
        )
        texts.append(f"{label} {format.significant(total)} ({shares})")
    return f"MACs by part: {listing(texts)}."

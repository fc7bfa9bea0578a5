"""Figure of multiply-adds: by operation, and by stage of the model."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study import format
from study.metrics import KINDS
from study.report.contents import Report
from study.report.figures import row_layout
from study.report.figures.axes import linear, wide
from study.report.figures.report_figure import NUMBERS, ReportFigure, frame, listing, numbered
from study.report.figures.style import BLACK, COLUMN, FILLS, PAGE, SHADES
from study.spec.metric import Metric
from study.stats import of_arms, typed_rows
from study.tasks.arms import PlannedArm

LABEL_WIDTH = {COLUMN: 80, PAGE: 110}  # points, by width of the figure
METRIC = "macs"
FAR = 30  # ratio of the largest to the smallest total from which bars show shares instead
PART, STAGE = "part", "stage"
SPLITS = {PART: "by operation", STAGE: "by stage, with maps of 1/n of the side"}


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
    unit: str


def cost(report: Report) -> Iterator[ReportFigure]:
    """One row per arm whose operations were counted."""
    if METRIC not in report.plan.catalogue:
        return
    data, metric = points(report), report.plan.catalogue[METRIC]
    pieces = typed_rows(data, Piece)
    across = PAGE if any(piece.split == STAGE for piece in pieces) else COLUMN
    counted = {piece.arm for piece in pieces}
    listed = [
        line
        for line in row_layout.arm_lines(report.plan, baseline=True)
        if line.key is None or line.key in counted
    ]
    for number, page in enumerate(row_layout.pages(listed, LABEL_WIDTH[across])):
        own = of_arms(data, row_layout.places(page))
        figure = _figure(pieces, page, metric, across=across)
        yield ReportFigure(numbered("cost", number), figure, own, _alt(own, metric))


# ---- data ----


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
    data = frame(pieces, report.plan.catalogue, "label", "arm", "split").drop(columns="seed")
    totals = data.groupby(["arm", "split"])["value"].transform("sum")
    # On one axis the bars of the cheapest arms would vanish; shares can still be compared.
    shares = wide(totals, FAR)
    if shares:
        data[[*NUMBERS]] = 100 * data[[*NUMBERS]].div(totals, axis=0)
    return data.assign(total=totals, unit="%" if shares else report.plan.catalogue[METRIC].unit)


def _counts(arm: PlannedArm) -> Mapping[str, Mapping[str, float]]:
    """Multiply-adds by PyTorch's formulas, per operation and per stage; empty if refused."""
    if arm.cost_record.refused or not arm.cost_record.counts.get("torch"):
        return {}
    total = arm.cost_record.counts["torch"]
    splits = {PART: {kind: total.get(kind, 0) for kind in KINDS}}
    stages = arm.cost_record.stages
    split = {stage: sum(stages[stage].values()) for stage in sorted(stages, key=_order)}
    return splits | ({STAGE: split} if split else {})


def _pieces(counts: Mapping[str, float]) -> Iterator[dict[str, object]]:
    end = 0.0
    for what, count in counts.items():
        # `low` and `high` are where the piece begins and ends in the stacked bar.
        yield {"what": what, "value": count, "low": end, "high": end + count}
        end += count


# ---- the figure ----


def _figure(pieces: list[Piece], page: row_layout.Page, metric: Metric, *, across: float) -> Figure:
    splits = list(dict.fromkeys(piece.split for piece in pieces))
    figure, panels = row_layout.sheet(page, len(splits), across, spare=1.05)
    places = row_layout.places(page)
    for axes, split in zip(panels, splits, strict=True):
        _bars(axes, [piece for piece in pieces if piece.split == split], places)
        # The same limits for both splits of the same multiply-adds.
        axes.set_xlim(0, 1.02 * max(piece.high for piece in pieces) or 1)
        axes.set_xlabel(f"{_head(metric, pieces[0].unit)}\n{SPLITS[split]}")
        linear(axes.xaxis, 4)
    # Of the last panel, at whose right side they are written.
    totals = {piece.arm: piece.total for piece in pieces if piece.split == splits[-1]}
    for arm, total in totals.items():
        if arm in places:
            text = f"{format.number(total, metric.digits)} {metric.unit}"
            row_layout.write_beside(panels[-1], places[arm], text)
    return figure


def _head(metric: Metric, unit: str) -> str:
    share = unit == "%"
    return f"share of {format.name(metric)} (%)" if share else format.head(metric)


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
    axes.legend(
        loc="lower center",
        bbox_to_anchor=(0.5, 1.0),
        ncols=min(7, len(kinds)),
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


def _alt(data: pd.DataFrame, metric: Metric) -> str:
    texts = []
    for label, part in data.groupby("label", sort=False):
        pieces = [piece for piece in typed_rows(part, Piece) if piece.split == PART]
        total, whole = pieces[0].total, sum(piece.value for piece in pieces)
        shares = ", ".join(
            f"{piece.what} {format.number(100 * piece.value / whole, 0)} %"
            for piece in pieces
            if total
        )
        texts.append(f"{label} {format.number(total, metric.digits)} ({shares})")
    return f"{format.head(metric)} by part: {listing(texts)}."

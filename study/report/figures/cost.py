"""Figure of multiply-adds: by operation, and by stage of the model."""

from collections.abc import Iterator, Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study import format
from study.metrics import KINDS, METRICS
from study.plan.plan import PlannedArm
from study.report.contents import Report
from study.report.figures import row_layout
from study.report.figures.axes import linear, wide
from study.report.figures.figure import NUMBERS, ReportFigure, frame, listing, named_rows, numbered
from study.report.figures.style import BLACK, COLUMN, FILLS, PAGE, SHADES

LABEL_WIDTH = {COLUMN: 80, PAGE: 110}  # points, by width of the figure
METRIC = METRICS["macs"]
FAR = 30  # ratio of the largest to the smallest total from which bars show shares instead
PART, STAGE = "part", "stage"
SPLITS = {PART: "by operation", STAGE: "by stage, with maps of 1/n of the side"}


def cost(report: Report) -> Iterator[ReportFigure]:
    """One row per arm whose operations were counted."""
    data = points(report)
    # Two panels, by operation and by stage, need the width of the page.
    across = PAGE if (data["split"] == STAGE).any() else COLUMN
    counted = set(data["arm"])
    listed = [
        line
        for line in row_layout.arm_lines(report.plan, baseline=True)
        if line.key is None or line.key in counted
    ]
    for number, page in enumerate(row_layout.pages(listed, LABEL_WIDTH[across])):
        own = data[data["arm"].isin(row_layout.places(page))]
        yield ReportFigure(numbered("cost", number), _figure(data, page, across), own, _alt(own))


# ---- data ----


def points(report: Report) -> pd.DataFrame:
    """One row per piece of a bar, from `low` to `high`; `split` is "part" or "stage".

    If the totals of the arms are too far apart for one axis, values are in per cent of the total.
    """
    pieces = [
        {"label": arm.label, "arm": arm.digest, "metric": "macs", "split": split, **piece}
        for arm in report.plan.arms
        for split, counts in _counts(arm).items()
        for piece in _pieces(counts)
    ]
    data = frame(pieces, "label", "arm", "split").drop(columns="seed")
    data["total"] = data.groupby(["arm", "split"])["value"].transform("sum")
    # On one axis the bars of the cheapest arms would vanish; shares can still be compared.
    data["unit"] = "%" if wide(data["total"], FAR) else METRIC.unit
    if wide(data["total"], FAR):
        data[[*NUMBERS]] = 100 * data[[*NUMBERS]].div(data["total"], axis=0)
    return data


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


def _figure(data: pd.DataFrame, page: row_layout.Page, across: float) -> Figure:
    splits = list(dict.fromkeys(data["split"]))
    figure, panels = row_layout.sheet(page, len(splits), across, spare=1.05)
    places = row_layout.places(page)
    for axes, split in zip(panels, splits, strict=True):
        of_split = data[data["split"] == split]
        _bars(axes, of_split, places)
        # Matplotlib warns of limits from 0 to 0, where all counts are zero.
        axes.set_xlim(0, 1.02 * data["high"].max() or 1)
        axes.set_xlabel(f"{_head(data)}\n{SPLITS[split]}")
        linear(axes.xaxis, 4)
    for arm, part in data[data["split"] == splits[-1]].groupby("arm", sort=False):
        if arm in places:
            text = f"{format.number(part['total'].iloc[0], METRIC.digits)} {METRIC.unit}"
            row_layout.beside(panels[-1], places[str(arm)], text)
    return figure


def _head(data: pd.DataFrame) -> str:
    share = data["unit"].iloc[0] == "%"
    return f"share of {format.name(METRIC)} (%)" if share else format.head(METRIC)


def _bars(axes: Axes, data: pd.DataFrame, places: Mapping[str, float]) -> None:
    rows_here = data[data["arm"].isin(places)]
    kinds = sorted(dict.fromkeys(data["what"]), key=_order)
    # Stages have an order, which shades show; operations have none, so hatches tell them apart.
    fills = FILLS if kinds[0] in KINDS else [(shade, "") for shade in SHADES]
    for what, (colour, hatch) in zip(kinds, fills, strict=False):
        part = rows_here[rows_here["what"] == what]
        axes.barh(
            part["arm"].map(places),
            part["value"],
            left=part["low"],
            height=0.9,
            color=colour,
            hatch=hatch,
            edgecolor=BLACK,
            linewidth=0.4,
            label=_called(what),
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


def _called(what: str) -> str:
    return f"1/{what}" if what.isdigit() else what


# ---- alternative text ----


def _alt(data: pd.DataFrame) -> str:
    texts = []
    for label, part in data[data["split"] == PART].groupby("label", sort=False):
        total = part["total"].iloc[0]
        shares = ", ".join(
            f"{row.what} {format.number(100 * row.value / part['value'].sum(), 0)} %"
            for row in named_rows(part)
            if total
        )
        texts.append(f"{label} {format.number(total, METRIC.digits)} ({shares})")
    return f"{format.head(METRIC)} by part: {listing(texts)}."

"""Where the multiply-adds are: by what computes them, and by the stage of the model."""

from collections.abc import Iterator, Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study import cells
from study.metrics import KINDS, METRICS
from study.plan import PlannedArm
from study.report.contents import Report
from study.report.figures import rows
from study.report.figures.made import MARK, Drawn, each, frame, numbered, told
from study.report.figures.scales import linear, wide
from study.report.figures.style import BLACK, COLUMN, FILLS, PAGE, SHADES

ROOM = {COLUMN: 80, PAGE: 110}
METRIC = METRICS["macs"]
FAR = 30  # times the least: where bars on one axis would hide the small ones
PART, STAGE = "part", "stage"
SPLITS = {PART: "by what computes them", STAGE: "by stage, its maps at 1/n of the side"}


def cost(report: Report) -> Iterator[Drawn]:
    """A row for every arm that was counted."""
    data = points(report)
    across = PAGE if (data["split"] == STAGE).any() else COLUMN
    counted = set(data["arm"])
    listed = [line for line in rows.listed(report.plan, baseline=True)
              if line.key is None or line.key in counted]  # fmt: skip
    for number, page in enumerate(rows.pages(listed, ROOM[across])):
        own = data[data["arm"].isin(rows.places(page))]
        yield Drawn(numbered("cost", number), _figure(data, page, across), own, _alt(own))


# ---- what is drawn ----


def points(report: Report) -> pd.DataFrame:
    """One row per piece of a bar, from `low` to `high`; `split` says of which of the two bars.

    Where the arms' totals are too far apart for one axis, in per cent of the total.
    """
    found = [
        {"label": arm.label, "arm": arm.digest, "metric": "macs", "split": split, **piece}
        for arm in report.plan.arms
        for split, counts in _counts(arm).items()
        for piece in _pieces(counts)
    ]
    data = frame(found, "label", "arm", "split").drop(columns="seed")
    data["total"] = data.groupby(["arm", "split"])["value"].transform("sum")
    data["unit"] = "%" if wide(data["total"], FAR) else METRIC.unit
    if wide(data["total"], FAR):
        data[[*MARK]] = 100 * data[[*MARK]].div(data["total"], axis=0)
    return data


def _counts(arm: PlannedArm) -> Mapping[str, Mapping[str, float]]:
    """What PyTorch's formulas say, where the audit let it stand."""
    if arm.card.refused or not arm.card.counts.get("torch"):
        return {}
    total = arm.card.counts["torch"]
    found = {PART: {kind: total.get(kind, 0) for kind in KINDS}}
    stages = arm.card.stages
    split = {stage: sum(stages[stage].values()) for stage in sorted(stages, key=_order)}
    return found | ({STAGE: split} if split else {})


def _pieces(counts: Mapping[str, float]) -> Iterator[dict[str, object]]:
    end = 0.0
    for what, count in counts.items():
        yield {"what": what, "value": count, "low": end, "high": end + count}
        end += count


# ---- the figure ----


def _figure(data: pd.DataFrame, page: rows.Page, across: float) -> Figure:
    splits = list(dict.fromkeys(data["split"]))
    figure, panels = rows.sheet(page, len(splits), across, spare=1.05)
    places = rows.places(page)
    for axes, split in zip(panels, splits, strict=True):
        own = data[data["split"] == split]
        _bars(axes, own, places)
        axes.set_xlim(0, 1.02 * data["high"].max() or 1)
        axes.set_xlabel(f"{_head(data)}\n{SPLITS[split]}")
        linear(axes.xaxis, 4)
    for arm, part in data[data["split"] == splits[-1]].groupby("arm", sort=False):
        if arm in places:
            text = f"{cells.number(part['total'].iloc[0], METRIC.digits)} {METRIC.unit}"
            rows.beside(panels[-1], places[str(arm)], text)
    return figure


def _head(data: pd.DataFrame) -> str:
    share = data["unit"].iloc[0] == "%"
    return f"share of {cells.name(METRIC)} (%)" if share else cells.head(METRIC)


def _bars(axes: Axes, data: pd.DataFrame, places: Mapping[str, float]) -> None:
    here = data[data["arm"].isin(places)]
    whats = sorted(dict.fromkeys(data["what"]), key=_order)
    looks = FILLS if whats[0] in KINDS else [(shade, "") for shade in SHADES]
    for what, (colour, hatch) in zip(whats, looks, strict=False):
        part = here[here["what"] == what]
        axes.barh(
            part["arm"].map(places), part["value"], left=part["low"], height=0.9, color=colour,
            hatch=hatch, edgecolor=BLACK, linewidth=0.4, label=_called(what),
        )  # fmt: skip
    axes.legend(
        loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=min(7, len(whats)),
        handlelength=1.2, handletextpad=0.4, columnspacing=0.8, borderaxespad=0.2,
    )  # fmt: skip


def _order(what: str) -> tuple[int, int]:
    """Kinds as the catalogue has them, stages from the image on, the head last."""
    return (0, KINDS.index(what)) if what in KINDS else (1, int(what) if what.isdigit() else 10**6)


def _called(what: str) -> str:
    return f"1/{what}" if what.isdigit() else what


# ---- in words ----


def _alt(data: pd.DataFrame) -> str:
    said = []
    for label, part in data[data["split"] == PART].groupby("label", sort=False):
        total = part["total"].iloc[0]
        shares = ", ".join(
            f"{row.what} {cells.number(100 * row.value / part['value'].sum(), 0)} %"
            for row in each(part)
            if total
        )
        said.append(f"{label} {cells.number(total, METRIC.digits)} ({shares})")
    return f"{cells.head(METRIC)} by part: {told(said)}."

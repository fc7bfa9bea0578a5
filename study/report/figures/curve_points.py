"""The points of learning curves: means over seeds by epoch, and single seeds."""

from collections.abc import Callable, Collection, Iterator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from study.plan.plan import Plan
from study.report.contents import Report
from study.report.figures.report_figure import frame
from study.spec.metric import Metric
from study.stats import of_arm, of_metric

if TYPE_CHECKING:
    from study.stats.intervals import Numbers

LOSS = "train_loss"
LOSS_METRIC = Metric("Train loss", "", 1, 3, better="lower", kind="quality")
LINES_UP_TO = 5  # seeds that are drawn as lines; more have the interval of their mean


class CurveMark(NamedTuple):
    """A row of the figure's data: `n` is for means alone, `seed` for single seeds alone."""

    label: str
    arm: str
    epoch: int
    n: int
    metric: str
    what: str
    seed: int
    value: float
    low: float
    high: float


def points(report: Report) -> pd.DataFrame:
    """One row per point of a line; `what` is its kind.

    A mean covers the epochs that all seeds of an arm reached, and has an interval if its seeds are
    too many to be drawn one by one. "diverged" marks the end of a seed that diverged; an arm with
    such a seed has no mean.
    """
    histories, metrics = report.analysis.curves, metrics_of(report.plan)
    # One panel of a loss is enough.
    if LOSS in set(histories.metric):
        metrics = {n: m for n, m in metrics.items() if n not in _own_losses(report.plan)}
    rows = list[dict[str, object]]()
    for arm in report.plan.arms:
        for name, metric in metrics.items():
            interval = partial(report.analysis.level_interval, metric)
            part = of_metric(of_arm(histories, arm.digest), name)
            keys = {"label": arm.label, "arm": arm.digest, "metric": name}
            # `pivot` refuses two values of one epoch and seed instead of averaging them.
            table = part.pivot(index="epoch", columns="seed", values="value").astype(float)
            rows += [{**keys, **row} for row in _lines(table, arm.diverged_seeds, interval)]
    data = frame(rows, metrics, "label", "arm", "epoch", "n")
    return data.astype({"epoch": "Int64", "n": "Int64"})


def _lines(
    table: pd.DataFrame,
    diverged_seeds: Collection[int],
    interval: "Callable[[Numbers], tuple[float, float]]",
) -> Iterator[dict[str, object]]:
    """The points of the lines of one arm and metric; `table` is epochs by seeds."""
    whole = table.dropna()
    # A mean over the seeds that are left would drop or jump where another seed ends.
    common = 0 if diverged_seeds or table.empty else len(whole)
    one_by_one = 1 < table.shape[1] <= LINES_UP_TO
    for epoch, values in whole.iloc[:common].iterrows():
        # Of a few seeds every one is seen, and the interval of their mean would hide them.
        low, high = (float("nan"),) * 2 if one_by_one else interval(values.to_numpy(float))
        yield {
            "epoch": epoch,
            "what": "mean",
            "n": len(values),
            "value": values.mean(),
            "low": low,
            "high": high,
        }
    for seed, values in table.items():
        curve = values.dropna()
        if one_by_one or len(curve) > common:
            # Where lines begin beyond the mean, they begin at its last point, to join it.
            start = 0 if one_by_one else max(0, common - 1)
            for epoch, value in curve.iloc[start:].items():
                yield {"epoch": epoch, "what": "seed", "seed": seed, "value": value}
        if seed in diverged_seeds and len(curve):
            last = {"epoch": curve.index[-1], "value": curve.iloc[-1]}
            yield {"what": "diverged", "seed": seed, **last}


def metrics_of(plan: Plan) -> dict[str, Metric]:
    """The training loss or losses of the study's own, and the quality that the task follows from
    epoch to epoch."""
    # Curves are evaluated at the training size, so "top1@96" is drawn by its "top1".
    quality = {plan.followed: plan.catalogue[plan.followed]} if plan.followed else {}
    return {LOSS: LOSS_METRIC, **_own_losses(plan), **quality}


def _own_losses(plan: Plan) -> dict[str, Metric]:
    """The columns of losses besides the followed quality, of programs that report them."""
    columns = {name: plan.catalogue[name] for name in plan.study.columns if name != plan.followed}
    return {n: m for n, m in columns.items() if m.kind == "quality" and "loss" in n.lower()}

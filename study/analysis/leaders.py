"""The best arm of a metric, and the arms that are not distinguishable from it."""

import pandas as pd

from study import format, stats
from study.spec.metric import Metric


def leader(
    frame: pd.DataFrame, name: str, metric: Metric, how: stats.Inference = stats.FIXED
) -> str | None:
    """The arm to print in bold, or None; counts are compared as they are printed."""
    if metric.exact:
        frame = stats.of_metric(frame, name)
        frame = frame.assign(value=[format.rounded(value, metric) for value in frame["value"]])
    # Costs that print alike are not told apart: bold must be explicable from the table itself.
    best = stats.leader(frame, name, higher=metric.better == "higher", exact=metric.exact, how=how)
    return best.arm if best.clear else None


def ties(
    frame: pd.DataFrame, name: str, metric: Metric, how: stats.Inference = stats.FIXED
) -> frozenset[str]:
    """The arms that are not distinguishable from the best; only a quality has replicates."""
    higher = metric.better == "higher"
    return (
        stats.ties(frame, name, higher=higher, how=how) if metric.kind == "quality" else frozenset()
    )


def untested(
    frame: pd.DataFrame, name: str, metric: Metric, how: stats.Inference = stats.FIXED
) -> frozenset[str]:
    """The arms whose difference from the best of a quality has no interval."""
    higher = metric.better == "higher"
    return (
        stats.untested(frame, name, higher=higher, how=how)
        if metric.kind == "quality"
        else frozenset()
    )

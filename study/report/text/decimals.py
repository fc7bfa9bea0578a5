"""Decimals of a quality in the main table and in sentences about it."""

from study import format
from study.analysis.analysis import Analysis
from study.spec.metric import Metric


def readable(analysis: Analysis, name: str) -> Metric:
    """A quality with as many decimals as its spread over seeds allows."""
    rows = [row for (_, metric), row in analysis.estimates.items() if metric == name]
    means, spreads = [row.mean for row in rows], [row.sd for row in rows]
    return format.readable(analysis.catalogue[name], means, spreads)

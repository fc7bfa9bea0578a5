"""Printed numbers, measurements of their arms, and the verdicts on them."""

import numpy as np
import pandas as pd

from study.analysis.verdicts import ASPECTS, verdicts
from tests.catalogue import METRICS

SPREAD = np.array([-1.0, 0.0, 1.0])  # of three seeds: sd 1, interval ± 2.48


def printed(arm, value, digits=2, metric="top1", **columns):
    row = {"row": arm.upper(), "arm": arm, "metric": metric, "value": value, "digits": digits}
    return {**row, "status": "verified", "unlike": "", **columns}


def seeds(arm, values, metric="top1"):
    """In units of the table."""
    base = np.asarray(values, float) / METRICS[metric].scale
    return [{"arm": arm, "seed": n, "metric": metric, "value": v} for n, v in enumerate(base)]


def count(arm, value, metric="params"):
    return [{"arm": arm, "metric": metric, "value": value}]


def timing(arm, low, value, high, metric="throughput"):
    return [{"arm": arm, "metric": metric, "value": value, "low": low, "high": high}]


def frame(*parts):
    columns = ["arm", "seed", "metric", "value", "low", "high"]
    rows = pd.DataFrame([row for part in parts for row in part], columns=columns)
    return rows.astype({"seed": "Int64", "value": float, "low": float, "high": float})


def judged(rows, *parts, **margins):
    published = pd.DataFrame(rows, columns=[*printed("a", 1), "spread"]).fillna({"spread": 0.0})
    how = {"catalogue": METRICS, "baseline": "base", "margins": margins}
    return verdicts(published, frame(*parts), **how)


def last(rows, *parts, **margins):
    return judged(rows, *parts, **margins).iloc[-1]


def words(verdict):
    return tuple(verdict[list(ASPECTS)])

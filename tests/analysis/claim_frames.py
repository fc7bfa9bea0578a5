"""Measurements of a few arms, and a claim evaluated on them."""

import math

import pandas as pd

from study.analysis.claims import family, parse
from tests.catalogue import METRICS

NAN = math.nan
TWO = {"A": "a", "B": "b"}
ARMS = {"A": "a", "B": "b", "C": "c", "also A": "a"}
SLOTS = {"arm": "A", "other": "B", "amount": "0.5", "factor": "1.1x", "place": "2nd"}


def frame(metric, **arms):
    """A list is of seeds 0, 1, ...; a tuple is (value, low, high) without a seed."""
    rows = []
    for arm, values in arms.items():
        if isinstance(values, list):
            rows += [(arm, seed, metric, v, None, None) for seed, v in enumerate(values)]
        else:
            rows.append((arm, None, metric, *values))
    measured = pd.DataFrame(rows, columns=["arm", "seed", "metric", "value", "low", "high"])
    return measured.astype({"seed": "Int64", "value": float, "low": float, "high": float})


def exact(metric, **counts):
    return frame(metric, **{arm: (count, None, None) for arm, count in counts.items()})


def judgement(text, measured, arms=ARMS):
    return family([parse(text, arms, METRICS)], measured, arms, catalogue=METRICS)[0]


def state(text, measured):
    """Of three arms, none of which is missing in what is measured."""
    return judgement(text, measured, {arm.upper(): arm for arm in set(measured["arm"])}).state

"""Frames made by hand."""

import numpy as np
import pandas as pd


def rows(arm, values, metric="top1", seeds=None):
    seeds = range(len(values)) if seeds is None else seeds
    return [
        {"arm": arm, "seed": s, "metric": metric, "value": v}
        for s, v in zip(seeds, values, strict=True)
    ]


def frame(*parts):
    table = pd.DataFrame([row for part in parts for row in part])
    return table.reindex(columns=["arm", "seed", "metric", "value", "low", "high"]).astype(
        {"seed": "Int64", "value": float, "low": float, "high": float}
    )


def chosen(*levels):
    """Arms of a full factorial, called by their levels."""
    return {"".join(map(str, c)): tuple(map(int, c)) for c in np.ndindex(*levels)}


def random(choices, seeds, rng):
    return frame(*(rows(arm, rng.normal(size=seeds)) for arm in choices))

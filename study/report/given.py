"""The answer of a study of given weights, in which no seed changes anything: image by image."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from study import cells, stats
from study.metrics import METRICS
from study.plan import Plan

LEVEL = stats.ALPHA


def given(plan: Plan, images: pd.DataFrame) -> str:
    """The arms that McNemar's exact test tells from the baseline, corrected by Holm for all arms.

    `images` has the rows of `report.images`; it lacks the arms whose trials left no predictions.
    """
    if images.empty:
        return "No arm can be compared with the baseline image by image yet."
    tests = len(plan.arms) - 1
    p = stats.holm(images["every_p"].to_numpy(float), beside=tests - len(images))
    return "; ".join(_parts(images, p < LEVEL)) + f" ({_how(images, tests)})."


def _parts(images: pd.DataFrame, sure: "np.ndarray[Any, np.dtype[np.bool_]]") -> Iterator[str]:
    metric = METRICS["top1"]
    for row, apart in zip(images.itertuples(), sure, strict=True):
        amount = f"{cells.measured(float(str(row.mean)), metric, signed=True)} pp"
        word = "is better than" if float(str(row.mean)) > 0 else "is worse than"
        yield f"{row.label} ({amount}) {word if apart else 'cannot be told from'} the baseline"


def _how(images: pd.DataFrame, tests: int) -> str:
    corrected = f", corrected for {tests} comparisons" if tests > 1 else ""
    count = f"{images['images'].max():.0f} images"
    return f"given weights in Top-1, McNemar's exact test on {count}{corrected}"

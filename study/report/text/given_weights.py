"""The answer of a study of given weights: nothing is trained, so the images are the sample."""

from collections.abc import Iterable, Iterator

import pandas as pd

from study import format, stats
from study.metrics import METRICS
from study.plan.plan import Plan


def given_weights_answer(plan: Plan, images: pd.DataFrame) -> str:
    """How every arm compares with the baseline by McNemar's exact test, corrected by Holm.

    `images` has the rows of `report.images`; arms without predictions are absent, yet counted in
    the correction.
    """
    if images.empty:
        return "No arm can be compared with the baseline image by image yet."
    tests = len(plan.arms) - 1
    # Arms without predictions count as tests that could not be made.
    p = stats.holm(images["every_p"].to_numpy(float), other_tests=tests - len(images))
    return "; ".join(_parts(images, p < stats.ALPHA)) + f" ({_test(images, tests)})."


def _parts(images: pd.DataFrame, distinguished: Iterable[bool]) -> Iterator[str]:
    metric = METRICS["top1"]
    for row, different in zip(images.itertuples(), distinguished, strict=True):
        amount = f"{format.measured(float(str(row.mean)), metric, signed=True)} pp"
        word = "is better than" if float(str(row.mean)) > 0 else "is worse than"
        verb = word if different else "cannot be distinguished from"
        yield f"{row.label} ({amount}) {verb} the baseline"


def _test(images: pd.DataFrame, tests: int) -> str:
    corrected = f", corrected for {tests} comparisons" if tests > 1 else ""
    # All arms have the images of the baseline, so all counts are equal.
    count = f"{images['images'].max():.0f} images"
    return f"given weights in Top-1, McNemar's exact test on {count}{corrected}"

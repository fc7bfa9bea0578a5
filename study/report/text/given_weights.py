"""The answer of a study of given weights: nothing is trained, so the images are the sample."""

from collections.abc import Collection, Iterator

import pandas as pd

from study import format
from study.analysis.analysis import Analysis
from study.metrics import METRICS


def given_weights_answer(analysis: Analysis) -> str:
    """How every arm compares with the baseline by McNemar's exact test, corrected by Holm.

    Arms without predictions are absent, yet counted in the correction.
    """
    images = analysis.images
    if images.empty:
        return "No arm can be compared with the baseline image by image yet."
    tests, different = len(analysis.plan.arms) - 1, analysis.different_by_image
    return "; ".join(_parts(images, different)) + f" ({_test(images, tests)})."


def _parts(images: pd.DataFrame, distinguished: Collection[str]) -> Iterator[str]:
    metric = METRICS["top1"]
    for row in images.itertuples():
        amount = f"{format.measured(float(str(row.mean)), metric, signed=True)} pp"
        word = "is better than" if float(str(row.mean)) > 0 else "is worse than"
        verb = word if row.arm in distinguished else "cannot be distinguished from"
        yield f"{row.label} ({amount}) {verb} the baseline"


def _test(images: pd.DataFrame, tests: int) -> str:
    corrected = f", corrected for {tests} comparisons" if tests > 1 else ""
    # All arms have the images of the baseline, so all counts are equal.
    count = f"{images['images'].max():.0f} images"
    return f"given weights in Top-1, McNemar's exact test on {count}{corrected}"

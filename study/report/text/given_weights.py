"""The answer of a study of given weights: nothing is trained, so the images are the sample."""

from collections.abc import Iterator

from study import format
from study.analysis.analysis import Analysis
from study.spec.metric import Metric


def given_weights_answer(analysis: Analysis) -> str:
    """How every arm compares with the baseline by McNemar's exact test, corrected by Holm.

    Arms without predictions are absent, yet counted in the correction.
    """
    if analysis.images.empty:
        return "No arm can be compared with the baseline image by image yet."
    metric = analysis.catalogue[analysis.plan.tested]
    return "; ".join(_parts(analysis, metric)) + f" ({_test(analysis, metric)})."


def _parts(analysis: Analysis, metric: Metric) -> Iterator[str]:
    for row in analysis.images.itertuples():
        difference = format.measured(float(str(row.mean)), metric, signed=True)
        amount = f"{difference} {metric.difference_unit}"
        word = "is better than" if float(str(row.mean)) > 0 else "is worse than"
        verb = word if row.arm in analysis.different_by_image else "cannot be distinguished from"
        yield f"{row.label} ({amount}) {verb} the baseline"


def _test(analysis: Analysis, metric: Metric) -> str:
    tests = len(analysis.plan.arms) - 1
    corrected = f", corrected for {tests} comparisons" if tests > 1 else ""
    # All arms have the images of the baseline, so all counts are equal.
    count = f"{analysis.images['images'].max():.0f} images"
    return f"given weights in {format.name(metric)}, McNemar's exact test on {count}{corrected}"

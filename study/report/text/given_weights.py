"""The text of a study of given weights: nothing is trained, so the images are the sample."""

import math
from collections.abc import Iterator

from study import format, stats
from study.analysis.analysis import Analysis
from study.spec.metric import Metric


def given_weights_answer(analysis: Analysis) -> str:
    """How every arm compares with the baseline by McNemar's exact test, corrected by Holm.

    Arms without predictions are absent, yet counted in the correction.
    """
    if not analysis.image_tests:
        return "No arm can be compared with the baseline image by image yet."
    metric = analysis.catalogue[analysis.plan.tested]
    return "; ".join(_parts(analysis, metric)) + f" ({_test(analysis, metric)})."


def _parts(analysis: Analysis, metric: Metric) -> Iterator[str]:
    for row in analysis.image_tests:
        difference = format.measured(row.mean, metric, signed=True)
        amount = f"{difference} {metric.difference_unit}"
        word = "is better than" if row.mean > 0 else "is worse than"
        verb = word if row.arm in analysis.different_by_image else "cannot be distinguished from"
        yield f"{row.label} ({amount}) {verb} the baseline"


def _test(analysis: Analysis, metric: Metric) -> str:
    tests = len(analysis.plan.arms) - 1
    corrected = f", corrected for {tests} comparisons" if tests > 1 else ""
    # All arms have the images of the baseline, so all counts are equal.
    count = format.many(analysis.hits.images, "image")
    return f"given weights in {format.name(metric)}, McNemar's exact test on {count}{corrected}"


# ---- caption and notes ----


def difference_caption(analysis: Analysis) -> str:
    """How the differences of given weights were taken."""
    images = analysis.hits.images
    how = f", paired by image, with its 95 % bootstrap interval over {format.many(images, 'image')}"
    return f"Δ: difference from ●{how * bool(images)}."


def notes(analysis: Analysis) -> Iterator[str]:
    """Why seeds do not count, and which differences have no interval."""
    yield "The weights are given and nothing is trained, so seeds change nothing."
    qualities = analysis.of_kind("quality")
    if alone := [name for name in qualities if name not in analysis.plan.task.right_among]:
        heads = ", ".join(format.name(analysis.catalogue[name]) for name in alone)
        yield f"{heads}: no interval, since it is not counted from predictions of single images."
    labels = {arm.digest: arm.label for arm in analysis.plan.arms[1:]}
    measured = {arm for arm, name in analysis.estimates if name in qualities and arm in labels}
    seen = {arm for arm, _ in analysis.hits.arrays}
    others = [label for arm, label in labels.items() if arm in measured - seen]
    if others and seen:
        yield f"No interval for {', '.join(others)}: not evaluated on the images of the baseline."
    yield from _alike(analysis, labels)


def _alike(analysis: Analysis, labels: dict[str, str]) -> Iterator[str]:
    for name in analysis.of_kind("quality"):
        hits = analysis.hits.of(name)
        alike = [
            label
            for arm, label in labels.items()
            if arm in hits
            and (row := analysis.effects.get((arm, name)))
            and not math.isfinite(row.low)
        ]
        if alike and analysis.plan.baseline.digest in hits:
            yield (
                f"No interval of Δ {format.name(analysis.catalogue[name])} for {', '.join(alike)}: "
                f"fewer than {stats.fewest_varying()} images are right for one arm and wrong for ●."
            )

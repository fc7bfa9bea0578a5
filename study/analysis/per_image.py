"""Per-image comparison of every arm with the baseline, and the accuracy of every class."""

import pandas as pd

from study import stats
from study.analysis.measurements import predictions
from study.errors import StoreError
from study.plan.plan import Plan
from study.store.store import Store

IMAGE_COLUMNS = (
    "arm",
    "label",
    "seeds",
    "images",
    "mean",
    "low",
    "high",
    "better",
    "worse",
    "some_p",
    "every_p",
)


def images(plan: Plan, store: Store) -> pd.DataFrame:
    """One row per arm that has predictions of the same images as the baseline.

    It has the difference of top-1 with its interval over new seeds and new images
    (`stats.seeds_and_images`), and McNemar's exact tests of all seeds (`stats.combined`). Arms that
    diverged have no row.
    """
    # Resampled seeds know nothing of the looks that decided how many there are.
    if not plan.study.seeds or plan.study.sequential or plan.baseline.diverged_seeds:
        return pd.DataFrame(columns=list(IMAGE_COLUMNS))
    # Each seed of an arm is paired with the same seed of the baseline, image by image.
    base, rows = predictions(plan.baseline, store), []
    # The first arm is the baseline.
    for arm in plan.arms[1:]:
        try:
            compared = stats.hits({} if arm.diverged_seeds else predictions(arm, store), base)
        except StoreError:  # the arm was evaluated on other images: a factor changes the data
            continue
        if compared.seeds:
            together = stats.combined(stats.mcnemar(compared))
            interval = stats.seeds_and_images(compared.change)[:5]
            tests = (together.better, together.worse, together.some, together.every)
            rows.append((arm.digest, arm.label, *interval, *tests))
    return pd.DataFrame(rows, columns=list(IMAGE_COLUMNS))


CLASS_COLUMNS = ("arm", "label", "seed", "class", "images", "top1")


def class_accuracy(plan: Plan, store: Store) -> pd.DataFrame:
    """One row per arm, seed and class: its images, and the fraction of them that is right."""
    rows = []
    for arm in plan.arms:
        for seed, arrays in predictions(arm, store).items():
            right = pd.Series(arrays["top"][:, 0] == arrays["target"])
            for number, hits in right.groupby(arrays["target"]):
                rows.append((arm.digest, arm.label, seed, number, len(hits), hits.mean()))
    return pd.DataFrame(rows, columns=list(CLASS_COLUMNS))

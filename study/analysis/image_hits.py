"""Which images every arm with given weights gets right: the sample of a study that trains nothing.

Every arm has one answer that no seed changes, so intervals are over images, paired between arms.
"""

import operator
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from study import stats
from study.analysis.measurements import predictions
from study.plan.plan import Plan
from study.store.store import Store

if TYPE_CHECKING:
    from study.stats.per_image import Array


@dataclass(frozen=True, eq=False)
class ImageHits:
    """Images that arms get right; none unless every arm of the study evaluates given weights."""

    arrays: Mapping[tuple[str, str], "Array"] = field(default_factory=dict)
    """By arm and metric, True for each image (N,) that counts as right."""

    def of(self, metric: str) -> dict[str, "Array"]:
        """The arrays of one metric by arm."""
        return {arm: array for (arm, name), array in self.arrays.items() if name == metric}

    @property
    def images(self) -> int:
        """Number of images, which all arms share; 0 without any."""
        return max(map(len, self.arrays.values()), default=0)


NO_HITS = ImageHits()


def image_hits(plan: Plan, store: Store) -> ImageHits:
    """The hits of all arms that saw the images of the baseline."""
    import numpy as np

    if not plan.evaluates_given_weights:
        return NO_HITS
    arrays, images = dict[tuple[str, str], "Array"](), None
    for arm in plan.arms:
        # Seeds change nothing, so any of them stands for the arm.
        answer = next(iter({} if arm.diverged_seeds else predictions(arm, store).values()), None)
        # The first arm is the baseline, whose images the others must have.
        if arm is plan.baseline and answer is not None:
            images = answer["target"]
        if images is None or answer is None or not np.array_equal(answer["target"], images):
            continue
        right = answer["top"] == images[:, None]
        for metric, among in plan.task.right_among.items():
            arrays[arm.digest, metric] = right[:, :among].any(axis=1)
    return ImageHits(arrays)


# ---- what follows from them ----


def with_intervals(effects: pd.DataFrame, hits: ImageHits, baseline: str) -> pd.DataFrame:
    """The rows of `stats.effects`, with intervals over images where hits are known."""
    if not hits.arrays:
        return effects
    ends = [
        _ends(hits.arrays, (arm, metric), (baseline, metric)) or (low, high)
        for arm, metric, low, high in zip(
            *(effects[name] for name in ("arm", "metric", "low", "high")), strict=True
        )
    ]
    return effects.assign(low=[low for low, _ in ends], high=[high for _, high in ends])


def _ends(
    arrays: Mapping[tuple[str, str], "Array"], *keys: tuple[str, str]
) -> tuple[float, float] | None:
    """The interval of the difference of two arms; None without the hits of both."""
    pair = [arrays[key] for key in keys if key in arrays]
    return stats.image_interval(operator.sub, *pair) if len(pair) == len(keys) else None


def best(hits: Mapping[str, "Array"]) -> str:
    """The arm that gets most images right, the first of several."""
    return max(hits, key=lambda arm: float(hits[arm].mean()))


def ties(hits: Mapping[str, "Array"]) -> frozenset[str]:
    """The best arm and all arms that images do not tell apart from it; empty without any."""
    first = best(hits)
    near = {
        arm
        for arm in hits.keys() - {first}
        # NaN, too few images that differ, is no difference either.
        if not stats.image_interval(operator.sub, hits[first], hits[arm])[0] > 0
    }
    return frozenset(near | {first}) if near else frozenset()


class ImageTest(NamedTuple):
    """McNemar's exact test of an arm against the baseline."""

    arm: str
    label: str
    images: int
    mean: float
    p: float


def tests(plan: Plan, hits: Mapping[str, "Array"]) -> list[ImageTest]:
    """One test for each arm with hits, in the order of the plan."""
    base = hits.get(plan.baseline.digest)
    rows = []
    for arm in plan.arms[1:]:
        if base is not None and arm.digest in hits:
            pair = stats.Hits([0], hits[arm.digest][None], base[None])
            test = stats.mcnemar(pair).iloc[0]
            numbers = int(test["images"]), float(test["mean"]), float(test["p"])
            rows.append(ImageTest(arm.digest, arm.label, *numbers))
    return rows

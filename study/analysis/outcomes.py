"""Images that every trial gets right, where predictions are kept: intervals over new images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from study import stats
from study.analysis.measurements import predictions
from study.plan.plan import Plan
from study.store.store import Store

if TYPE_CHECKING:
    from study.stats.per_image import Array


@dataclass(frozen=True, eq=False)
class ArmOutcomes:
    """The images that the trials of one arm get right in one metric."""

    target: "Array"
    """(N,), the classes of the images, by which two arms are known to have seen the same ones."""
    places: Mapping[int, "Array"]
    """(N,) by seed, the place of the right class among the predicted ones."""
    among: int
    """Places below this one count as right."""

    def right(self, seeds: Sequence[int]) -> "Array | None":
        """(S, N), 1 for each image that counts as right; None if a seed has no predictions."""
        import numpy as np

        # Of one seed, what is due to its images and what to the seed cannot be told apart.
        if len(seeds) < 2 or not all(seed in self.places for seed in seeds):
            return None
        return np.array([self.places[seed] < self.among for seed in seeds], np.int8)

    def same_images(self, other: "ArmOutcomes") -> bool:
        import numpy as np

        return self.target is other.target or np.array_equal(self.target, other.target)


@dataclass(frozen=True, eq=False)
class Outcomes:
    """The outcomes of all arms whose predictions are kept; none where intervals are over images."""

    arms: Mapping[str, tuple["Array", Mapping[int, "Array"]]] = field(default_factory=dict)
    """Targets and places by arm."""
    among: Mapping[str, int] = field(default_factory=dict)
    """The metrics that are fractions of right images; see `Task.right_among`."""

    def of(self, arm: str, metric: str) -> ArmOutcomes | None:
        """The outcomes of an arm; None where they are not kept, or say nothing of the metric."""
        known = arm in self.arms and metric in self.among
        return ArmOutcomes(*self.arms[arm], self.among[metric]) if known else None


NO_OUTCOMES = Outcomes()


def outcomes(plan: Plan, store: Store) -> Outcomes:
    """The outcomes of all trials, of arms that did not diverge."""
    # One answer per arm needs no seeds: given weights have intervals over images alone.
    if len(plan.study.seeds) < 2 or plan.evaluates_given_weights or not plan.task.right_among:
        return NO_OUTCOMES
    arms = {arm.digest: predictions(arm, store) for arm in plan.arms if not arm.diverged_seeds}
    placed = {arm: _placed(trials) for arm, trials in arms.items()}
    return Outcomes({arm: own for arm, own in placed.items() if own}, plan.task.right_among)


def _placed(
    trials: "Mapping[int, Mapping[str, Array]]",
) -> "tuple[Array, dict[int, Array]] | None":
    """Targets and places by seed; None without predictions, or of several sets of images."""
    import numpy as np

    seen = {seed: (trial["target"], trial["top"]) for seed, trial in trials.items()}
    targets = [target for target, _ in seen.values()]
    # Seeds of one arm share their images unless a sample was drawn by the seed.
    if not targets or not all(np.array_equal(target, targets[0]) for target in targets):
        return None
    return targets[0], {seed: _places(top, target) for seed, (target, top) in seen.items()}


def _places(top: "Array", target: "Array") -> "Array":
    """(N,), the place of the right class, from 0; the number of predicted classes if it is none."""
    import numpy as np

    right = top == target[:, None]
    # A place fits a byte, where ImageNet's 50,000 images of many trials stay in memory.
    places = np.where(right.any(axis=1), right.argmax(axis=1), top.shape[1])
    return np.asarray(places, np.int8)


def image_error(
    first: ArmOutcomes | None, second: ArmOutcomes | None, seeds: Sequence[int], ratio: float = 1.0
) -> stats.ImageError | None:
    """The error due to images of `first` - `ratio` x `second`; None where it is not known.

    The seeds are those that both arms share, and all must have predictions.
    """
    if first is None or second is None or not first.same_images(second):
        return None
    right = [side.right(seeds) for side in (first, second)]
    if right[0] is None or right[1] is None:
        return None
    return stats.image_error(right[0] - ratio * right[1])

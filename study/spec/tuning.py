"""Tuning as a study file has it: the values that every arm may choose, and how it chooses."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from study.spec.schema.tuning import Tune, TuneRange

TUNE_SEED_OFFSET = 2_000_000
"""Added to the seed of `tune` for its trials, so that no reported seed has chosen anything."""

Values = Mapping[str, object]
"""Values by path, which take the place of those of the file."""
Scalar = str | int | float | bool | None


@dataclass(frozen=True)
class Range:
    """The numbers from `low` to `high`, both included; whole ones where all bounds are whole."""

    low: float
    high: float
    log: bool = False
    step: float | None = None

    @property
    def whole(self) -> bool:
        return all(isinstance(bound, int) for bound in (self.low, self.high, self.step or 0))

    def has(self, value: object) -> bool:
        """True for a number that may be proposed."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        fits = float(value).is_integer() if self.whole else True
        if self.step is not None:
            steps = (value - self.low) / self.step
            # Steps such as 0.1 are no binary fractions, so they are not met exactly.
            fits &= abs(steps - round(steps)) < 1e-8
        return fits and self.low <= value <= self.high

    def __str__(self) -> str:
        how = [*(["log"] if self.log else []), *([f"step {self.step:g}"] if self.step else [])]
        return ", ".join([f"{self.low:g} to {self.high:g}", *how])


@dataclass(frozen=True)
class Categories:
    """Values in no order."""

    values: tuple[object, ...]

    def has(self, value: object) -> bool:
        return any(written(value) == written(other) for other in self.values)

    def __str__(self) -> str:
        return ", ".join(map(written, self.values))


Dimension = Range | Categories


@dataclass(frozen=True, kw_only=True)
class SpaceRules:
    """A space of values, and how optuna proposes some of them."""

    space: Mapping[str, Dimension]
    trials: int
    held_out: Values
    """Values of proposals' trials in place of the file's, by which they never read reported
    images."""
    sampler: str = "tpe"
    seed: int = 0
    batch: int = 4

    @property
    def trial_seed(self) -> int:
        """The seed of all proposals' trials, which is none of the study's."""
        return TUNE_SEED_OFFSET + self.seed


@dataclass(frozen=True, kw_only=True)
class TuningRules(SpaceRules):
    """How every arm chooses its hyper-parameters: the same space, trials and images for all.

    `trials` are those of each arm, of which the first has the values of the file.
    """

    objective: str
    """The quality that chooses, as far as the file names one that exists; else ""."""
    at_baseline: bool = True


def dimension(keys: TuneRange | list[object]) -> Dimension:
    """A dimension of the space as the file has it."""
    if isinstance(keys, TuneRange):
        return Range(keys.low, keys.high, keys.log, keys.step)
    return Categories(tuple(keys))


def rules(tune: Tune, objective: str, held_out: Values) -> TuningRules:
    """The rules of checked keys."""
    return TuningRules(
        space={path: dimension(keys) for path, keys in tune.space.items()},
        held_out=held_out,
        objective=objective,
        **tune.model_dump(include={"trials", "sampler", "seed", "batch", "at_baseline"}),
    )


def written(value: object) -> str:
    """A value as text, by which categories are told apart: 1, 1.0 and true are three."""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)


SAMPLERS = {
    "tpe": "TPESampler",
    "random": "RandomSampler",
    "qmc": "QMCSampler",
    "cmaes": "CmaEsSampler",
    "nsgaii": "NSGAIISampler",
    "nsgaiii": "NSGAIIISampler",
}
"""Samplers of optuna by name. Those that enumerate a space are left out: they repeat points that
are proposed side by side, and forget failed ones."""

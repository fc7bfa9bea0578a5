"""Expectations of a study file about costs, which are known before anything runs."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from study.errors import SpecError
from study.spec.arm_names import owners
from study.spec.configurations import Configurations
from study.spec.formulas import RELATIONS, formula_of, relation_names
from study.spec.problems import Problem
from study.spec.study import Arm, Level, Study
from study.tasks.arms import ResolvedArm, ResolvedArms

NEAR = 0.01  # relative tolerance of a formula; costs have terms that it leaves out


class ExpectationStep(NamedTuple):
    """An arm with a level, and the arm without it; `factor` is None beside the baseline."""

    entry: ResolvedArm
    other: Arm
    factor: int | None


@dataclass(frozen=True)
class Expectations:
    """The expectations of a study about its resolved arms."""

    study: Study
    configurations: Configurations
    arms: ResolvedArms

    def problems(self) -> Iterator[Problem]:
        """Problems of expectations that do not hold.

        `label_checks` has those that cannot be read.
        """
        study, places = self.study, self.configurations.places
        paths = [factor.path for factor in study.factors]
        numbers = owners(study, study.arms)
        labels = {name: study.arms[number] for name, number in numbers.items()}
        for key, wanted in study.expects.items():
            factor = paths.index(key) if key in paths else None
            having = [arm for arm in study.arms if factor in arm.changed_factors]
            chosen = having if factor is not None else [labels[key]]
            steps = list(self._steps(chosen, factor))
            for metric, relation in wanted.items():
                place = places.value("expects", key, metric)
                for step in steps:
                    if message := self._broken(step, metric, relation):
                        yield Problem(message, place)

    def _steps(self, having: Iterable[Arm], factor: int | None) -> Iterator[ExpectationStep]:
        """The pairs of arms that an expectation compares, as far as both can be built."""
        resolved = {entry.arm.choices: entry for entry in self.arms.arms}
        failed = {arm.choices for arm in self.study.arms} - resolved.keys()
        arms = {arm.choices: arm for arm in self.study.arms}
        for arm in having:
            choices = arm.without(factor) if factor is not None else self.study.arms[0].choices
            # A design may lack the other arm: it is built for this comparison alone.
            other = arms.get(choices) or self.configurations.arm(choices)
            built = arm.choices in resolved and other.choices not in failed
            if built and not other.config.unresolved:
                yield ExpectationStep(resolved[arm.choices], other, factor)

    def _broken(self, step: ExpectationStep, metric: str, relation: str) -> str | None:
        """The reason why a relation between two arms' costs does not hold; None if it holds."""
        ours = step.entry.cost_record.cost.get(metric)
        theirs = self.arms.cost(step.other).cost.get(metric)
        if ours is None or theirs is None:
            return f"{metric} of {step.entry.label} was refused, so nothing can be expected of it"
        if relation in RELATIONS:
            if RELATIONS[relation](ours, theirs):
                return None
            label = step.entry.label
            return f"{metric} of {label} is not {relation}: {ours:,} here, {theirs:,} without"
        try:
            scale = _scale(self.study, step, relation)
        except SpecError as error:
            return str(error)
        if abs(ours - scale * theirs) <= NEAR * abs(scale * theirs):
            return None
        times = f"{ours / theirs:.4g}" if theirs else "infinitely many"
        ratio = f"{metric} of {step.entry.label} is {times} times the first level's"
        return f"{ratio}; {relation}: {scale:.4g}"


def _scale(study: Study, step: ExpectationStep, formula: str) -> float:
    """The ratio of a formula in r at the arm's level to the formula at the first level."""
    if step.factor is None:
        raise SpecError(f"a formula needs the path of a factor; of an arm say {relation_names()}")
    value = formula_of(formula)
    choices = study.factors[step.factor].levels
    chosen = choices[step.entry.arm.choices[step.factor]]
    now, first = (value(_number(level)) for level in (chosen, choices[0]))
    if not first:
        raise SpecError(f'"{formula}" is 0 at the first level, which leaves nothing to scale')
    return now / first


def _number(level: Level) -> float:
    """The one number of a level: 4, or [4, 4, 4, 4]."""
    plain = level.value
    values = plain if isinstance(plain, list) and plain else [plain]
    numbers = {v for v in values if isinstance(v, int | float) and not isinstance(v, bool)}
    if len(numbers) != 1 or len(set(map(repr, values))) != 1:
        raise SpecError(f'a formula needs levels of one number each; "{level.label}" is {plain}')
    return float(numbers.pop())

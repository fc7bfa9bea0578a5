"""Checks of every level before anything runs: does it act, can its parameters learn, and does it
change the costs as the study expects?
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from study.errors import SpecError
from study.plan import levels
from study.plan.arms import Arms, ResolvedArm
from study.spec.arm_names import owners
from study.spec.formulas import RELATIONS, formula_of, relation_names
from study.spec.problems import Problem
from study.spec.study import Arm, Level, Study

NEAR = 0.01  # relative tolerance of a formula; costs have terms that it leaves out


def problems(every: Arms) -> tuple[list[Problem], list[str]]:
    """Problems of levels that do not act, cannot learn or break an expectation, and notes."""
    wrong, notes = levels.problems(every)
    unlearnt, other_notes = _unlearnt(every)
    return [*wrong, *unlearnt, *_unmet(every)], [*notes, *other_notes]


# ---- can it learn ----


def _unlearnt(every: Arms) -> tuple[list[Problem], list[str]]:
    """Parameters that no gradient reaches, unless the baseline has them, too."""
    built = every.resolved
    if not built or any(built[0].arm.choices):
        return [], []
    base = built[0]
    inherited = set(base.cost_record.unreached or ())
    wrong, notes = [], []
    for entry in built:
        unreached = entry.cost_record.unreached
        if not entry.cost_record.audited:
            continue  # the plan says how many
        if unreached is None:
            notes.append(
                f"{entry.label}: it was not checked that a gradient reaches all parameters"
            )
        names = [name for name in unreached or () if entry is base or name not in inherited]
        if not names:
            continue
        what = f"no gradient reaches {', '.join(names[:4])}{' ...' if len(names) > 4 else ''}"
        if entry is base or entry.cost_record.model != base.cost_record.model:
            notes.append(
                f"{entry.label}: {what} ({len(names)} parameters of {entry.cost_record.model})"
            )
        else:
            wrong.append(
                Problem(f"{entry.label}: {what}", every.places.deciding(entry.arm.choices))
            )
    return wrong, notes


# ---- is it what was expected ----


class ExpectationStep(NamedTuple):
    """An arm with a level, and the arm without it; `factor` is None beside the baseline."""

    entry: ResolvedArm
    other: Arm
    factor: int | None


def _unmet(every: Arms) -> Iterator[Problem]:
    """Problems of expectations that do not hold; `label_checks` has those that cannot be read."""
    study, places = every.study, every.places
    paths = [factor.path for factor in study.factors]
    numbers = owners(study, [arm.choices for arm in study.arms])
    labels = {name: study.arms[number] for name, number in numbers.items()}
    for key, wanted in study.expects.items():
        factor = paths.index(key) if key in paths else None
        having = [arm for arm in study.arms if factor in arm.changed_factors]
        chosen = having if factor is not None else [labels[key]]
        steps = list(_steps(every, chosen, factor))
        for metric, relation in wanted.items():
            place = places.value("expects", key, metric)
            for step in steps:
                if message := _broken(every, step, expected=(metric, relation)):
                    yield Problem(message, place)


def _steps(every: Arms, having: Iterable[Arm], factor: int | None) -> Iterator[ExpectationStep]:
    """The pairs of arms that an expectation compares, as far as both can be built."""
    resolved = {entry.arm.choices: entry for entry in every.resolved}
    failed = {arm.choices for arm in every.study.arms} - resolved.keys()
    # A design may lack the other arm: it is built for this comparison alone.
    for arm in having:
        other = every.study.arms[0] if factor is None else every.without(arm, factor)
        if arm.choices in resolved and other.choices not in failed and not other.config.unresolved:
            yield ExpectationStep(resolved[arm.choices], other, factor)


def _broken(every: Arms, step: ExpectationStep, *, expected: tuple[str, str]) -> str | None:
    """The reason why a relation between two arms' costs does not hold; None if it holds."""
    metric, relation = expected
    ours = step.entry.cost_record.cost.get(metric)
    theirs = every.costs.of(step.other.config).cost.get(metric)
    if ours is None or theirs is None:
        return f"{metric} of {step.entry.label} was refused, so nothing can be expected of it"
    if relation in RELATIONS:
        if RELATIONS[relation](ours, theirs):
            return None
        return (
            f"{metric} of {step.entry.label} is not {relation}: {ours:,} here, {theirs:,} without"
        )
    try:
        scale = _scale(every.study, step, relation)
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

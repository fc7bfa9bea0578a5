"""What a plan proves of every level before anything runs: that it does something, that all it adds
can learn, and that it does what the study expects of it.
"""

import ast
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from study import cards
from study.errors import SpecError, unknown
from study.marks import Problem
from study.metrics import METRICS
from study.names import own_names
from study.spec import Arm, Level, Study
from study.store import Record, Store

NEAR = 0.01  # relative; a formula that is met by so much holds


class Built(NamedTuple):
    """An arm with its card and what its row is called."""

    arm: Arm
    card: Record
    label: str


def problems(study: Study, built: Sequence[Built], store: Store) -> tuple[list[Problem], list[str]]:
    """Levels that do nothing, cannot learn, or are not what is expected; and what is odd."""
    found, notes = _dead(study, built, store)
    more, told = _unlearnt(study, built)
    return [*found, *more, *_unmet(study, built, store)], [*notes, *told]


def _without(study: Study, arm: Arm, factor: int) -> Arm:
    """The arm with one factor back at its first level."""
    return study.arm([0 if f == factor else level for f, level in enumerate(arm.choices)])


# ---- does it do anything ----


def _dead(study: Study, built: Sequence[Built], store: Store) -> tuple[list[Problem], list[str]]:
    """A level that changes nothing in any arm is a problem; one that does in others, a note."""
    idle: dict[tuple[int, int], list[Built]] = {}
    alive: set[tuple[int, int]] = set()
    for one in built:
        for factor in one.arm.departs:
            place = factor, one.arm.choices[factor]
            if _changes(study, one.arm, factor, store):
                alive.add(place)
            else:
                idle.setdefault(place, []).append(one)
    found, notes = [], []
    for place, where in idle.items():
        path, level = study.factors[place[0]].path, study.factors[place[0]].levels[place[1]]
        if place not in alive:
            message = f'"{level.label}" changes nothing: parameters, cost and output are the same'
            found.append(Problem(message, level.value.mark, f"{path} has no effect here"))
        else:
            rows = ", ".join(one.label for one in where)
            told = f"{path} {level.label} changes nothing in {rows}"
            notes.append(f"{told}: differences there are noise")
    return found, notes


def _changes(study: Study, arm: Arm, factor: int, store: Store) -> bool:
    other = _without(study, arm, factor)
    part = study.factors[factor].path.partition(".")[0]
    if part == "model":
        return not cards.alike(arm.config, other.config, store)
    if part == "recipe" and not study.seeds and "memory" not in study.columns:
        return False  # nothing is trained
    if part == "recipe":
        ours, theirs = (config.recipe for config in (arm.config, other.config))
        keys = [k for k in type(ours).model_fields if getattr(ours, k) != getattr(theirs, k)]
        return any(key not in ours.idle or key not in theirs.idle for key in keys)
    return True


# ---- can it learn ----


def _unlearnt(study: Study, built: Sequence[Built]) -> tuple[list[Problem], list[str]]:
    """Parameters that an arm adds and no gradient reaches."""
    base = built[0]
    inherited = set(base.card.get("unreached") or ())
    found, notes = [], []
    for one in built:
        unreached = one.card.get("unreached")
        if unreached is None:
            notes.append(f"{one.label}: that gradient reaches all its parameters was not shown")
        names = [name for name in unreached or () if one is base or name not in inherited]
        if not names:
            continue
        what = f"no gradient reaches {', '.join(names[:4])}{' ...' if len(names) > 4 else ''}"
        if one is base or one.card["model"] != base.card["model"]:
            notes.append(f"{one.label}: {what} ({len(names)} parameters of {one.card['model']})")
        else:
            found.append(Problem(f"{one.label}: {what}", study.mark(one.arm.choices)))
    return found, notes


# ---- is it what was expected ----


class Step(NamedTuple):
    """From an arm without a departure to the one with it."""

    one: Built
    other: Arm
    factor: int | None


def _unmet(study: Study, built: Sequence[Built], store: Store) -> Iterator[Problem]:
    paths = [factor.path for factor in study.factors]
    named = own_names(study, [one.arm.choices for one in built])
    labels = {name: one for one, names in zip(built, named, strict=True) for name in names}
    for key, wanted in study.expects.items():
        if key not in paths and key not in labels:
            message = unknown("factor or arm", key, [*paths, *labels])
            yield Problem(message, study.root.key(["expects", key]))
            continue
        if key in paths:
            factor = paths.index(key)
            having = [one for one in built if factor in one.arm.departs]
            steps = [Step(one, _without(study, one.arm, factor), factor) for one in having]
        else:
            steps = [Step(labels[key], built[0].arm, None)]
        if not steps:
            message = f"no arm departs in {key}, so nothing can be expected of it"
            yield Problem(message, study.root.key(["expects", key]))
        for metric, relation in wanted.items():
            said = (_broken(study, step, store, expected=(metric, relation)) for step in steps)
            mark = study.root.at(["expects", key, metric]).mark
            yield from (Problem(why, mark) for why in said if why)


def _broken(study: Study, step: Step, store: Store, *, expected: tuple[str, str]) -> str | None:
    """Why a relation between two arms' costs does not hold."""
    metric, relation = expected
    if METRICS[metric].kind != "cost":
        return f"only costs are known before anything runs; {metric} can be in a claim"
    ours = step.one.card["cost"].get(metric)
    theirs = cards.card(step.other.config, store)["cost"].get(metric)
    if ours is None or theirs is None:
        return f"{metric} of {step.one.label} was refused, so nothing can be expected of it"
    if relation in RELATIONS:
        told = f"{metric} of {step.one.label} is not {relation}: {ours:,} here, {theirs:,} without"
        return None if RELATIONS[relation](ours, theirs) else told
    try:
        scale = _scale(study, step, relation)
    except SpecError as error:
        return str(error)
    if abs(ours - scale * theirs) <= NEAR * abs(scale * theirs):
        return None
    times = f"{ours / theirs:.4g}" if theirs else "infinitely many"
    return (
        f"{metric} of {step.one.label} is {times} times the first level's; {relation}: {scale:.4g}"
    )


RELATIONS: dict[str, Callable[[float, float], bool]] = {
    "same": operator.eq,
    "more": operator.gt,
    "less": operator.lt,
}


def _scale(study: Study, step: Step, formula: str) -> float:
    """What a formula in r, the value of the level, makes of the step from the first level."""
    if step.factor is None:
        raise SpecError(f"a formula needs the path of a factor; of an arm say {_known()}")
    value = formula_of(formula)
    levels = study.factors[step.factor].levels
    chosen = levels[step.one.arm.choices[step.factor]]
    now, first = (value(_number(level)) for level in (chosen, levels[0]))
    if not first:
        raise SpecError(f'"{formula}" is 0 at the first level, which leaves nothing to scale')
    return now / first


def _number(level: Level) -> float:
    """The one number of a level: 4, or [4, 4, 4, 4]."""
    plain = level.value.plain()
    values = plain if isinstance(plain, list) and plain else [plain]
    numbers = {v for v in values if isinstance(v, int | float) and not isinstance(v, bool)}
    if len(numbers) != 1 or len(set(map(repr, values))) != 1:
        raise SpecError(f'a formula needs levels of one number each; "{level.label}" is {plain}')
    return float(numbers.pop())


OPERATORS: Mapping[type, Callable[..., float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
}


def formula_of(text: str) -> Callable[[float], float]:
    """The function of r that a text says: numbers, r, + - * / and ^ for a power.

    Raises:
        SpecError: it is no such formula; the function, where it has no value.
    """
    no_formula = SpecError(f'"{text}" is neither {_known()} nor a formula in r such as 1/r^2')
    try:
        tree = ast.parse(text.strip().replace("^", "**"), mode="eval").body
        _checked(tree, no_formula)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise no_formula from None

    def value(r: float) -> float:
        try:
            return float(_value(tree, r))
        except (ArithmeticError, TypeError):  # a root of a negative number is complex
            raise SpecError(f'"{text}" has no value at r = {r:g}') from None

    return value


def _checked(node: ast.expr, wrong: SpecError) -> None:
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return
        case ast.Name(id="r"):
            return
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            _checked(left, wrong)
            _checked(right, wrong)
        case ast.UnaryOp(op=op, operand=operand) if type(op) in OPERATORS:
            _checked(operand, wrong)
        case _:
            raise wrong


def _value(node: Any, r: float) -> float:
    match node:
        case ast.BinOp(left=left, op=op, right=right):
            return OPERATORS[type(op)](_value(left, r), _value(right, r))
        case ast.UnaryOp(op=op, operand=operand):
            return OPERATORS[type(op)](_value(operand, r))
    return r if isinstance(node, ast.Name) else float(node.value)


def _known() -> str:
    return ", ".join(RELATIONS)

"""What every level changes: one that changes nothing is a mistake, told before anything runs."""

from collections.abc import Iterator, Sequence
from itertools import combinations

from study import cards, courses
from study.arms import Arms, Resolved, called
from study.errors import StudyError
from study.marks import Problem
from study.spec import Arm, Study
from study.store import Store

Place = tuple[int, int]
"""A factor and one of its levels, by number."""


def problems(study: Study, every: Arms, store: Store) -> tuple[list[Problem], list[str]]:
    """Levels that do nothing in any arm or compute what another level does; and what is odd.

    Arms that did not resolve are compared with none; a level that one of them has may act there.
    """
    idle = dict[Place, list[Resolved]]()
    alive = {(f, arm.choices[f]) for arm in _unresolved(every) for f in arm.departs}
    for one in every.resolved:
        for factor in one.arm.departs:
            place = factor, one.arm.choices[factor]
            if _changes(study, one.arm, factor, store):
                alive.add(place)
            else:
                idle.setdefault(place, []).append(one)
    dead = {place for place in idle if place not in alive}
    found = [_dead(study, idle[place][0], place, store) for place in dead]
    names = called(study, every)
    notes = [
        _note(study, place, [names[one.digest] for one in idle[place]])
        for place in idle
        if place not in dead
    ]
    return [*found, *_twins(study, every, store)], [*notes, *_oddities(study, every, store)]


def _unresolved(every: Arms) -> list[Arm]:
    known = {one.arm.choices for one in every.resolved}
    return [arm for arm in every.designed if arm.choices not in known]


def without(study: Study, arm: Arm, factor: int) -> Arm:
    """The arm with one factor back at its first level."""
    return study.arm([0 if f == factor else level for f, level in enumerate(arm.choices)])


def _changes(study: Study, arm: Arm, factor: int, store: Store) -> bool:
    """Whether the arm computes anything else than without its level of one factor."""
    other = without(study, arm, factor)
    part = study.factors[factor].path.partition(".")[0]
    if part == "data" or other.config.unresolved:
        return True
    try:
        if part == "model":
            return not cards.alike(arm.config, other.config, store)
        return _acting(study, arm, store) != _acting(study, other, store)
    except StudyError:  # of the other arm, where no design has it
        return True


def _acting(study: Study, arm: Arm, store: Store) -> list[object]:
    trains = bool(study.seeds)
    return courses.acting(arm.config, study.columns, trains=trains, store=store)


def _dead(study: Study, one: Resolved, place: Place, store: Store) -> Problem:
    factor, level = study.factors[place[0]], study.factors[place[0]].levels[place[1]]
    part, same = factor.path.partition(".")[0], "parameters, cost and output are the same"
    hint = f"{factor.path} has no effect here"
    if part == "recipe":
        same = "learning rates, updates, images and loss are the same"
        hint += _cause(one, store) if study.seeds else ": nothing is trained"
    return Problem(f'"{level.label}" changes nothing: {same}', level.value.mark, hint)


def _cause(one: Resolved, store: Store) -> str:
    recipe = one.arm.config.recipe
    return f": {courses.rates(recipe, store)}" if recipe.epochs else ": nothing is trained"


def _note(study: Study, place: Place, arms: Sequence[str]) -> str:
    """A level that changes nothing in some arms only."""
    path, level = study.factors[place[0]].path, study.factors[place[0]].levels[place[1]]
    return f"{path} {level.label} changes nothing in {', '.join(arms)}: differences there are noise"


def _twins(study: Study, every: Arms, store: Store) -> Iterator[Problem]:
    """Levels of one recipe factor, neither the first, that compute the same."""
    for index, factor in enumerate(study.factors):
        if not factor.path.startswith("recipe"):
            continue
        arms = [one for one in every.resolved if one.arm.departs == (index,)]
        for one, other in combinations(arms, 2):
            if one.digest == other.digest:
                continue  # told by their name
            if _acting(study, one.arm, store) == _acting(study, other.arm, store):
                message = f"{other.label} computes the same as {one.label}"
                hint = f"between the two {factor.path} has no effect{_cause(one, store)}"
                yield Problem(message, study.place(other.arm.choices), hint)


def _oddities(study: Study, every: Arms, store: Store) -> Iterator[str]:
    """What is odd about how arms are trained, once for all arms of which it is true."""
    rows, names = dict[str, list[str]](), called(study, every)
    for one in every.resolved if study.seeds else ():
        for said in courses.oddities(one.arm.config.recipe, store):
            rows.setdefault(said, []).append(names[one.digest])
    for said, labels in rows.items():
        whole = len(labels) == len(every.resolved)
        yield said if whole else f"{', '.join(labels)}: {said}"

"""Levels that change nothing, which are refused before anything runs.

A level may have no effect in one arm and act in another, beside other levels: then it is a note.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations

from study.errors import StudyError
from study.spec.problems import Problem
from study.spec.study import Arm, Study
from study.tasks.classification.config import config_of
from study.tasks.classification.plan import costs, schedules
from study.tasks.classification.plan.arms import Arms, ResolvedModel

LOOKED_AT = 8  # further arms before a level of a sampled study counts as without effect

ONLY_TIMED = "parameters, cost and output are the baseline's, so only speed and memory can differ"

Place = tuple[int, int]
"""A factor and one of its levels, by number."""


def problems(every: Arms) -> tuple[list[Problem], list[str]]:
    """Problems of levels that act in no arm or equal another level, and notes on oddities.

    A level of an arm with other problems counts as acting, since that arm cannot be compared.
    """
    idle = dict[Place, list[ResolvedModel]]()
    unknown = dict[Place, list[ResolvedModel]]()
    alive = {(f, arm.choices[f]) for arm in _unresolved(every) for f in arm.changed_factors}
    for entry in every.resolved:
        for factor in entry.arm.changed_factors:
            place = factor, entry.arm.choices[factor]
            if not _compared(every, entry.arm, factor):
                unknown.setdefault(place, []).append(entry)
            elif _changes(every, entry.arm, factor):
                alive.add(place)
            else:
                idle.setdefault(place, []).append(entry)
    dead = {
        place
        for place in idle
        if place not in alive and not _acts_elsewhere(every, place, unknown.get(place, ()))
    }
    names = every.unique_names
    same = sorted(place for place in dead if _only_timed(every.study, place[0]))
    wrong = [_dead(every, idle[place][0], place) for place in dead.difference(same)]
    notes = [
        _note(every.study, place, [names[entry.digest] for entry in idle[place]])
        for place in idle
        if place not in dead
    ]
    notes += [f"{names[idle[place][0].digest]}: {ONLY_TIMED}" for place in same]
    return [*wrong, *_twins(every)], [*notes, *_oddities(every)]


def _only_timed(study: Study, factor: int) -> bool:
    """True if models are compared by speed alone, as two implementations of one model are."""
    timed = any(study.catalogue[name].kind == "speed" for name in study.columns)
    return timed and not study.seeds and study.factors[factor].path.startswith("model")


def _unresolved(every: Arms) -> list[Arm]:
    complete = {entry.arm.choices for entry in every.resolved}
    return [arm for arm in every.study.arms if arm.choices not in complete]


def _compared(every: Arms, arm: Arm, factor: int) -> bool:
    """False where outputs would have to be compared, and one of the arms is not audited."""
    other, records = every.without(arm, factor), every.costs
    both = records.audits(arm) and records.audits(other)
    if both or not every.study.factors[factor].path.startswith("model"):
        return True
    try:
        return records.of(config_of(arm)).cost != records.of(config_of(other)).cost
    except StudyError:  # the other arm cannot be built, and may be in no design
        return True


def _acts_elsewhere(every: Arms, place: Place, entries: Sequence[ResolvedModel]) -> bool:
    """True if a level without effect in all audited arms acts in one of some others."""
    some = costs.evenly(entries, LOOKED_AT)
    return any(_changes(every, entry.arm, place[0]) for entry in some)


def _changes(every: Arms, arm: Arm, factor: int) -> bool:
    """True if the arm computes something else than without its level of one factor."""
    other = every.without(arm, factor)
    part = every.study.factors[factor].path.partition(".")[0]
    # Levels of data act, unless two arms have one digest, which `arms` reports.
    if part == "data" or other.config.unresolved:
        return True
    try:
        if part == "weights":
            left, right = (every.costs.of(config_of(entry)) for entry in (arm, other))
            return left.weights != right.weights
        if part == "model":
            return not every.costs.same_model(config_of(arm), config_of(other))
        return _acting(every, arm) != _acting(every, other)
    except StudyError:  # the other arm cannot be built, and may be in no design
        return True


def _acting(every: Arms, arm: Arm) -> list[object]:
    study = every.study
    schedule = every.schedule(config_of(arm).recipe) if study.seeds else None
    return schedules.effective_settings(config_of(arm), study.columns, schedule)


def _dead(every: Arms, entry: ResolvedModel, place: Place) -> Problem:
    study = every.study
    factor, level = study.factors[place[0]], study.factors[place[0]].levels[place[1]]
    part, same = factor.path.partition(".")[0], "parameters, cost and output are the same"
    hint = f"{factor.path} has no effect here"
    if part == "weights":
        same = "the weights are the same"
    if part == "recipe":
        same = "learning rates, updates, images and loss are the same"
        hint += _cause(every, entry) if study.seeds else ": nothing is trained"
    mark = every.places.factors[place[0]].levels[place[1]].location
    return Problem(f'"{level.label}" changes nothing: {same}', mark, hint)


def _cause(every: Arms, entry: ResolvedModel) -> str:
    recipe = entry.settings.recipe
    return (
        f": {schedules.rates(every.schedule(recipe))}" if recipe.epochs else ": nothing is trained"
    )


def _note(study: Study, place: Place, arms: Sequence[str]) -> str:
    """A level that changes nothing in some arms only."""
    path, level = study.factors[place[0]].path, study.factors[place[0]].levels[place[1]]
    return f"{path} {level.label} changes nothing in {', '.join(arms)}: differences there are noise"


def _twins(every: Arms) -> Iterator[Problem]:
    """Levels of one recipe factor, neither the first, that compute the same."""
    for index, factor in enumerate(every.study.factors):
        if not factor.path.startswith("recipe"):
            continue
        arms = [entry for entry in every.resolved if entry.arm.changed_factors == (index,)]
        for entry, other in combinations(arms, 2):
            if entry.digest == other.digest:
                continue  # reported with the arms
            if _acting(every, entry.arm) == _acting(every, other.arm):
                message = f"{other.label} computes the same as {entry.label}"
                hint = f"between the two {factor.path} has no effect{_cause(every, entry)}"
                yield Problem(message, every.places.last_level(other.arm.choices), hint)


def _oddities(every: Arms) -> Iterator[str]:
    """Notes on how arms are trained, each once for all arms that it applies to."""
    rows, names = dict[str, list[str]](), every.unique_names
    for entry in every.resolved if every.study.seeds else ():
        recipe = entry.settings.recipe
        for oddity in schedules.oddities(recipe, every.schedule(recipe)):
            rows.setdefault(oddity, []).append(names[entry.digest])
    for oddity, labels in rows.items():
        whole = len(labels) == len(every.resolved)
        yield oddity if whole else f"{', '.join(labels)}: {oddity}"

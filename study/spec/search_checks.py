"""Mistakes in `search`, each at its place."""

from collections.abc import Iterator

from study.errors import StudyError, unknown
from study.spec.labels import unfit_labels
from study.spec.metric import Catalogue, sized
from study.spec.problems import Problem
from study.spec.schema import StudyFile
from study.spec.schema.search import SearchKeys
from study.spec.searching import Constraint, SearchRules, bound, search_rules
from study.spec.study import Study
from study.spec.task import TaskSchema
from study.spec.tuning import Values
from study.spec.tuning_checks import dimension_problems, path_problems, sampler_problems
from study.spec.yaml import Tree

ALONE = ("factors", "design", "tune", "match", "contrasts", "expects", "published", "claims")
"""Keys of a study file that a search leaves no place for: its arms have no names beforehand."""

OF_ONE_OBJECTIVE = ("cmaes",)
"""Samplers of optuna that refuse several objectives."""


def search_of(
    file: StudyFile, study: Study, document: Tree, task: TaskSchema
) -> tuple[SearchRules | None, list[Problem]]:
    """The search of a file, or None where there is none, and the mistakes in its keys."""
    if file.search is None:
        return None, []
    search, tree = file.search, document.at(["search"])
    problems = [*_alone(document), *sampler_problems(search.sampler, tree)]
    if search.sampler in OF_ONE_OBJECTIVE:
        message = f"sampler {search.sampler} takes one objective, and a search has several"
        problems.append(Problem(message, tree.at(["sampler"]).location))
    objectives, wrong = _objectives(search, study.catalogue, tree.at(["objectives"]))
    problems += wrong
    constraints, wrong = _constraints(search, study.catalogue, tree.at(["constraints"]))
    problems += wrong
    held_out: Values = {}
    try:
        # The task knows which of its keys do it, and which shares it takes.
        held_out = task.held_out(search.holdout)
    except StudyError as error:
        problems.append(Problem(str(error), tree.key(["holdout"])))
    if search.stop and not task.ends_early:
        message = f"stop: trials of {file.task} cannot be stopped early"
        problems.append(Problem(message, tree.key(["stop"]), "leave it out"))
    rules = search_rules(search, objectives, constraints, held_out)
    return rules, [*problems, *_space(rules, tree.at(["space"]), task)]


def _alone(document: Tree) -> Iterator[Problem]:
    """Problems of keys that a study with a search cannot have."""
    # Empty ones are as good as absent.
    for key in ALONE:
        given = document.value.get(key)
        if given is not None and given.value:
            message = f"search and {key}: the arms of a search are those that it chooses"
            yield Problem(message, document.keys[key], "make two studies")


def _objectives(
    search: SearchKeys, catalogue: Catalogue, tree: Tree
) -> tuple[tuple[str, ...], list[Problem]]:
    """The names of the objectives, none if one is wrong, and the mistakes."""
    problems = list[Problem]()
    for number, name in enumerate(search.objectives):
        # Costs are known before training, which is what makes a constraint cheap.
        kind = "cost" if number else "quality"
        place = tree.at([number]).location
        known = [other for other, metric in catalogue.items() if metric.kind == kind]
        if name not in catalogue:
            problems.append(Problem(unknown(kind, name, known), place))
        elif sized(name)[1] is not None:
            problems.append(Problem(f"{name} is not of a trial at the size of training", place))
        elif name not in known:
            message = f"{name} is a {catalogue[name].kind}, and objective {number + 1} is a {kind}"
            hint = "speeds are measured once all arms are known; put them into columns"
            is_speed = catalogue[name].kind == "speed"
            known_ones = f"known: {', '.join(known)}"
            problems.append(Problem(message, place, hint if is_speed else known_ones))
        elif name in search.objectives[:number]:
            problems.append(Problem(f"{name} is given twice", place))
    # All or none, as their order says which is the quality.
    return () if problems else tuple(search.objectives), problems


def _constraints(
    search: SearchKeys, catalogue: Catalogue, tree: Tree
) -> tuple[dict[str, Constraint], list[Problem]]:
    """The constraints by cost, and the mistakes."""
    constraints, problems = dict[str, Constraint](), list[Problem]()
    costs = [name for name, metric in catalogue.items() if metric.kind == "cost"]
    for name, keys in search.constraints.items():
        if name not in costs:
            problems.append(Problem(unknown("cost", name, costs), tree.key([name])))
        # A wrong bound has no constraint, so that it is reported once.
        try:
            ends = bound(keys.min), bound(keys.max)
        except ValueError as error:
            problems.append(Problem(str(error), tree.at([name]).location))
            continue
        low, high = ends
        if not any(ends):
            problems.append(Problem("a constraint has min, max or both", tree.key([name])))
        elif low and high and low.relative == high.relative and low.value > high.value:
            problems.append(Problem("min is above max", tree.at([name]).location))
        constraints[name] = Constraint(*ends)
    return constraints, problems


def _space(rules: SearchRules, tree: Tree, task: TaskSchema) -> Iterator[Problem]:
    yield from _labels(rules, tree)
    for path, values in rules.space.items():
        own = tree.at([path])
        yield from path_problems(path, tree, task, (), rules.held_out)
        # Labelled values have the places of a list of them.
        listed = Tree([*own.value.values()], own.location) if path in rules.labels else own
        yield from dimension_problems(values, listed)
        part, _, key = path.partition(".")
        if not key:
            message = f'"{path}" is a whole part; a search varies keys of one, such as {path}.KEY'
            yield Problem(message, tree.key([path]))
        elif part != rules.part:
            # The front becomes the levels of one factor, which varies one part.
            message = f'"{path}" and "{next(iter(rules.space))}" are of two parts of the baseline'
            yield Problem(message, tree.key([path]), f"search keys of {rules.part} alone")


def _labels(rules: SearchRules, tree: Tree) -> Iterator[Problem]:
    """Problems of the labels of values, which become those of arms."""
    owners = dict[str, str]()
    for path in rules.labels:
        levels = tree.at([path])
        yield from unfit_labels(levels)
        for label, place in levels.keys.items():
            # Else two candidates would have one label, and a table one row for both.
            if owners.setdefault(label, path) != path:
                message = f'"{label}" is the label of a value of {owners[label]} too'
                yield Problem(message, place, "choose another label")

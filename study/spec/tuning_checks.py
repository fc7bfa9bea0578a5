"""Mistakes in `tune`, each at its place."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from importlib.util import find_spec

from study.errors import StudyError, unknown
from study.spec.configurations import Configurations
from study.spec.factors import path_mistake
from study.spec.metric import Catalogue, sized
from study.spec.problems import Problem
from study.spec.schema import StudyFile
from study.spec.schema.tuning import Tune
from study.spec.study import Study
from study.spec.task import TaskSchema
from study.spec.tuning import (
    SAMPLERS,
    Categories,
    Dimension,
    Range,
    SpaceRules,
    TuningRules,
    Values,
    rules,
    written,
)
from study.spec.yaml import Tree


def tuning_of(
    file: StudyFile, study: Study, document: Tree, task: TaskSchema
) -> tuple[TuningRules | None, list[Problem]]:
    """The tuning of a file, or None where there is none, and the mistakes in its keys."""
    if file.tune is None:
        return None, []
    tune, tree = file.tune, document.at(["tune"])
    problems = list(sampler_problems(tune.sampler, tree))
    objective, wrong = _objective(tune, study.columns, study.catalogue, tree)
    problems += wrong
    held_out: Values = {}
    try:
        # The task knows which of its keys do it, and which shares it takes.
        held_out = task.held_out(tune.holdout)
    except StudyError as error:
        problems.append(Problem(str(error), tree.key(["holdout"])))
    checked = rules(tune, objective, held_out)
    paths = varied(document)
    for path, values in checked.space.items():
        problems += path_problems(path, tree.at(["space"]), task, paths, held_out)
        problems += dimension_problems(values, tree.at(["space", path]))
    return checked, problems


def varied(document: Tree) -> set[str]:
    """The paths of the factors, and those of the keys that their levels have."""
    factors = document.value.get("factors")
    # A wrong `factors` is reported by the schema; here it has no paths.
    trees = factors.value if factors and isinstance(factors.value, dict) else {}
    paths = set(trees)
    for path, levels in trees.items():
        inside = levels.value.values() if isinstance(levels.value, dict) else ()
        paths |= {inner for level in inside for inner in _below(path, level)}
    return paths


def _below(path: str, tree: Tree) -> Iterator[str]:
    """The paths of the keys in a mapping, and of those in the mappings inside it."""
    for key, value in tree.value.items() if isinstance(tree.value, dict) else ():
        yield f"{path}.{key}"
        yield from _below(f"{path}.{key}", value)


def space_problems(
    study: Study, configurations: Configurations, before: Sequence[Problem]
) -> list[Problem]:
    """Problems of the values of a space, once the keys beside it are right: none is repeated."""
    rules, places = study.tune or study.search, configurations.places
    if rules is None:
        return []
    key = "tune" if study.tune else "search"
    tree = places.document.at([key])
    marks = {mark for inner in tree.walk() for mark in (inner.location, *inner.keys.values())}
    if any(problem.location in marks for problem in before):
        return []
    levels = [level for factor in places.factors for level in factor.levels]
    return [
        *_seeds(rules, study.seeds, tree),
        *_taken(rules, places.baseline, levels),
        *_values(rules, key, configurations),
    ]


def _seeds(rules: SpaceRules, seeds: Sequence[int], tree: Tree) -> Iterator[Problem]:
    """Problems of the study's seeds beside that of the proposals."""
    if not seeds:
        yield Problem("seeds: 0 trains nothing, so nothing can be chosen", tree.location)
    if rules.trial_seed in seeds:
        message = f"seed: proposals would use seed {rules.trial_seed}, which the study reports"
        yield Problem(message, tree.key(["seed"]), "choose another")


def _values(rules: SpaceRules, key: str, configurations: Configurations) -> Iterator[Problem]:
    """Problems that the task has with values of the space, each alone in the baseline."""
    base = (0,) * len(configurations.places.factors)
    # Mistakes of the baseline are reported at their own place.
    before = {problem.message for problem in configurations.problems(base)}

    def refused(values: Values) -> list[Problem]:
        wrong = configurations.problems(base, values)
        return [problem for problem in wrong if problem.message not in before]

    for path, values in rules.space.items():
        # The ends alone: ranges of the schema are intervals.
        every = values.values if isinstance(values, Categories) else (values.low, values.high)
        yield from (problem for value in every for problem in refused({path: value})[:1])
        if isinstance(values, Range) and values.whole and values.step is None:
            # A key that takes fractions and refuses a text has a type, which is no whole number.
            between = {path: values.low + 0.5}
            if not refused(between) and refused({path: "?"}):
                low, high = float(values.low), float(values.high)
                yield Problem(
                    f"{path} takes fractions, and this range has whole numbers alone",
                    configurations.places.value(key, "space", path),
                    f"write {low}, {high}; or step: 1 for whole numbers",
                )
    if rules.held_out and (wrong := refused(rules.held_out)):
        yield wrong[0]


def sampler_problems(name: str, tree: Tree) -> Iterator[Problem]:
    """Problems of the name of a sampler."""
    if name not in SAMPLERS:
        yield Problem(unknown("sampler", name, SAMPLERS), tree.at(["sampler"]).location)
    elif name == "cmaes" and find_spec("cmaes") is None:
        message = "sampler cmaes needs the package cmaes: pip install cmaes"
        yield Problem(message, tree.at(["sampler"]).location)


def _objective(
    tune: Tune, columns: Sequence[str], catalogue: Catalogue, tree: Tree
) -> tuple[str, list[Problem]]:
    """The name of the objective, and its mistakes."""
    qualities = [name for name, metric in catalogue.items() if metric.kind == "quality"]
    if tune.objective is None:
        used = [sized(name)[0] for name in columns]
        tested = next((name for name in used if name in qualities), "")
        message = "tune needs an objective: no column is a quality"
        return tested, [] if tested else [Problem(message, tree.location)]
    if tune.objective in qualities:
        return tune.objective, []
    place = tree.at(["objective"]).location
    if tune.objective in catalogue:
        kind = catalogue[tune.objective].kind
        is_no = "is no quality of a trial at the size of training"
        why = is_no if kind == "quality" else f"is a {kind}, no quality of a trial"
        message = f"objective: {tune.objective} {why}"
        return "", [Problem(message, place, f"known: {', '.join(qualities)}")]
    return "", [Problem(unknown("metric", tune.objective, qualities), place)]


def path_problems(
    path: str, space: Tree, task: TaskSchema, factors: Collection[str], held_out: Values
) -> Iterator[Problem]:
    """Problems of a path of a space."""
    place = space.key([path])
    if mistake := path_mistake(path, task, "tune"):
        yield Problem(mistake[0], place, mistake[1])
    elif path in factors:
        yield Problem(f'"{path}" is varied by a factor, which says what the arms compare', place)
    elif path in held_out:
        yield Problem(f'"{path}" is what holds images out', place)


def dimension_problems(values: Dimension, tree: Tree) -> Iterator[Problem]:
    """Problems of the values of a path, whatever the path."""
    if isinstance(values, Categories):
        texts = [written(value) for value in values.values]
        for number, text in enumerate(texts):
            if text in texts[:number]:
                yield Problem(f"the value {text} is given twice", tree.at([number]).location)
        return
    for key, message in _range(values):
        yield Problem(message, tree.at([key]).location)


def _range(values: Range) -> Iterator[tuple[str, str]]:
    """Mistakes in a range, each with its key."""
    low, high, step = values.low, values.high, values.step
    if isinstance(low, bool) or isinstance(high, bool):
        yield "low", "a range has numbers"
    elif low >= high:
        yield "low", f"{low:g} to {high:g} is no range; write the smaller number first"
    elif values.log and low <= 0:
        yield "low", "a logarithm needs a number above 0"
    elif step is not None and values.log and step != 1:
        yield "step", "a logarithmic range has no step"
    elif step is not None and step <= 0:
        yield "step", "a step is above 0"
    elif step is not None and abs((high - low) / step - round((high - low) / step)) > 1e-8:
        yield "step", f"steps of {step:g} from {low:g} do not end at {high:g}"


def _taken(
    rules: SpaceRules, baseline: Mapping[str, Tree], levels: Sequence[Tree]
) -> Iterator[Problem]:
    """Problems of keys that a file gives, and that trials of proposals have other values for."""
    for path, value in rules.held_out.items():
        part, _, key = path.partition(".")
        for tree in (baseline.get(part), *levels):
            if value is not None and tree is not None and key in tree.keys:
                message = f"{path} is what holds images out: leave it out"
                yield Problem(message, tree.keys[key])

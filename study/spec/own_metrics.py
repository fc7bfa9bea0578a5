"""The metrics that a study file declares or prints in its own way."""

from dataclasses import replace

from study.errors import unknown
from study.spec.metric import Catalogue, Metric
from study.spec.problems import Problem
from study.spec.schema import OwnMetric, StudyFile
from study.spec.task import TaskSchema
from study.spec.yaml import Tree

PRINTED = {"label", "digits"}
"""Keys that any metric may have in a file, since they change how it is printed and no number."""


def own_catalogue(
    task: TaskSchema, file: StudyFile, catalogue: Catalogue, *, tree: Tree
) -> tuple[Catalogue, list[Problem]]:
    """The catalogue of a study: its task's, with the `metrics` of its file, and their problems.

    A file declares metrics that the catalogue has not if its task takes any, or if it reads them
    from a file of results.
    """
    own, declares = file.metrics, task.declares_metrics or file.measured is not None
    metrics, problems = Catalogue(catalogue), list[Problem]()
    for name, keys in own.items():
        given = keys.model_dump(exclude_none=True, by_alias=True)
        if name in catalogue:
            problems += [
                Problem(f"{key} of {name} cannot be changed", tree.key([name, key]))
                for key in given
                if key not in PRINTED
            ]
            changed = {k: given[k] for k in PRINTED & given.keys()}
            metrics[name] = replace(catalogue[name], digits_given="digits" in given, **changed)
        elif not declares:
            problems.append(Problem(unknown("metric", name, catalogue), tree.key([name])))
        elif not name.isidentifier():
            problems.append(Problem(f'"{name}" is no name for a metric', tree.key([name])))
        elif keys.better is None:
            problems.append(Problem('missing key "better"', tree.key([name])))
        elif keys.origin is not None and not task.reads_metrics:
            message = "trials of this task report their metrics themselves"
            problems.append(Problem(message, tree.key([name, "from"])))
        else:
            metrics[name] = declared(name, keys)
    # Those that could not be read are no unknown columns as well.
    wrong = (tree.keys.keys() - own.keys() - catalogue.keys()) if declares else ()
    return Catalogue(metrics | {name: declared(name, OwnMetric()) for name in wrong}), problems


def declared(name: str, keys: OwnMetric) -> Metric:
    return Metric(
        label=keys.label or name.replace("_", " ").capitalize(),
        unit=keys.unit or "",
        scale=keys.scale or 1,
        digits=3 if keys.digits is None else keys.digits,
        digits_given=keys.digits is not None,
        better=keys.better or "higher",
        kind="quality",
        reading=keys.origin.reading(name) if keys.origin else None,
    )

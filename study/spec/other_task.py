"""Mistakes in the place of the baseline: of another task than the file's, or outside of it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from study.spec.problems import Problem
from study.spec.schema import StudyFile, validated
from study.spec.task import TaskSchema
from study.spec.yaml import Tree, expanded


def missing_task(document: Tree, tasks: Mapping[str, TaskSchema]) -> Problem | None:
    """The problem of a file that names no task, where the default one cannot read the baseline.

    None if the default task can, or if not exactly one other task of `tasks` can.
    """
    baseline = document.value.get("baseline")
    if "task" in document.value or baseline is None or not isinstance(baseline.value, dict):
        return None
    default = StudyFile.model_fields["task"].default
    # First, so that a study of the default task loads no other one.
    if default not in tasks or _reads(tasks[default], baseline):
        return None
    names = [name for name, task in tasks.items() if name != default and _reads(task, baseline)]
    if len(names) != 1:
        return None
    message = f"the baseline is that of {names[0]}, and without task a study is of {default}"
    return Problem(message, document.key(["baseline"]), f'write "task: {names[0]}"')


def parts_at_the_top(
    problems: Sequence[Problem], document: Tree, parts: Sequence[str]
) -> list[Problem]:
    """The problems, of which those of unknown keys that are parts of the baseline say so."""
    outside = {document.key([part]) for part in parts if part in document.value}
    hint = "write it below baseline"
    return [replace(p, hint=hint) if p.location in outside else p for p in problems]


def _reads(task: TaskSchema, baseline: Tree) -> bool:
    """True if a task reads a baseline without a problem."""
    if validated(task.baseline, baseline, "baseline.")[1]:
        return False
    for part in task.parts:
        tree = baseline.value.get(part, Tree({}, baseline.location))
        if task.read(part, expanded(tree) if part in task.named else tree)[1]:
            return False
    return True

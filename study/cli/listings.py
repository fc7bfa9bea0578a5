"""The names that a study file can have, by kind, as rows of a table."""

import ast
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from glob import has_magic
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from study.cli.completions import model_names
from study.errors import StudyError, unknown


class NameTable(NamedTuple):
    """A table of names: its headings, and its rows with the name first."""

    heads: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


def recipes() -> NameTable:
    """The shipped recipes of all tasks."""
    from study.tasks.classification.schema import NO_RECIPE
    from study.tasks.classification.schema import recipes as texts
    from study.tasks.detection.recipes import RECIPES

    named = [(name, "classification", _first_sentence(text)) for name, text in texts().items()]
    # It has no file whose comment could say this.
    named.append((NO_RECIPE, "classification", "No training: given weights are evaluated"))
    detectors = [
        (name, "detection", f"{keys['iterations']:,} iterations of {keys['batch_size']} images")
        for name, keys in RECIPES.items()
    ]
    return NameTable(("recipe", "task", "what it is"), [*named, *detectors])


def models() -> NameTable:
    """The models of timm and of this package, as their files register them."""
    return NameTable(("model",), [(name,) for name in model_names()])


def metrics() -> NameTable:
    """The metrics of all tasks; a name that several tasks have is one row."""
    from study.tasks import TASKS, task

    catalogues = {name: task(name).catalogue for name in TASKS}
    # The last task that has a name wins; what is printed is the same for all.
    metrics = {name: metric for every in catalogues.values() for name, metric in every.items()}
    rows = [
        (
            name,
            metric.label,
            metric.unit,
            "usage" if any(name in task(other).usage for other in catalogues) else metric.kind,
            metric.better,
            ", ".join(task for task, own in catalogues.items() if name in own),
        )
        for name, metric in metrics.items()
    ]
    return NameTable(("metric", "label", "unit", "kind", "better", "tasks"), rows)


def tasks() -> NameTable:
    """The kinds of trials."""
    from study.tasks import TASKS

    return NameTable(("task", "what a trial is"), [(name, _about(e)) for name, e in TASKS.items()])


def _about(entry: object) -> str:
    """The first line about a task; its module is read and not imported, which takes a second."""
    spec = find_spec(entry) if isinstance(entry, str) else None
    if spec is None or spec.origin is None:
        return _first_line(type(entry).__doc__)
    # The task itself is the last class of its module.
    classes = [
        node
        for node in ast.parse(Path(spec.origin).read_text("utf-8")).body
        if isinstance(node, ast.ClassDef)
    ]
    return _first_line(ast.get_docstring(classes[-1])) if classes else ""


def _first_line(doc: str | None) -> str:
    return (doc or "").strip().partition("\n")[0]


def _first_sentence(text: str) -> str:
    """The first sentence of the comment that a recipe begins with."""
    lines = []
    for line in text.splitlines():
        if not line.startswith("# "):
            break
        lines.append(line[2:])
    return " ".join(lines).partition(". ")[0].rstrip(".")


def matching(listing: NameTable, pattern: str) -> NameTable:
    """The rows whose names contain a text, or match a pattern with * and ?.

    Raises:
        StudyError: there is none.
    """
    # A text without signs is looked for anywhere in a name.
    wild = pattern if has_magic(pattern) else f"*{pattern}*"
    rows = [row for row in listing.rows if fnmatchcase(row[0], wild)]
    if not rows:
        raise StudyError(unknown(listing.heads[0], pattern, [row[0] for row in listing.rows]))
    return listing._replace(rows=rows)


LISTINGS: dict[str, Callable[[], NameTable]] = {
    "recipes": recipes,
    "models": models,
    "metrics": metrics,
    "tasks": tasks,
}

"""Designs and tasks, which a study file may name and other rooms define."""

from collections.abc import Mapping
from dataclasses import dataclass

from study.errors import unknown
from study.spec.designs.options import Design
from study.spec.metric import Catalogue
from study.spec.problems import Problem
from study.spec.schema import Published
from study.spec.task import TaskSchema
from study.spec.yaml import Tree


@dataclass(frozen=True)
class Vocabulary:
    """The names a study file may use that are defined elsewhere."""

    designs: Mapping[str, Design]
    tasks: Mapping[str, TaskSchema]


def undefined_names(document: Tree, catalogue: Catalogue) -> list[Problem]:
    """Problems for metrics that a file uses and nothing defines."""
    listed = document.value.get("columns")
    words = listed.walk() if listed else ()
    uses = [("column", w.value, w.location) for w in words if isinstance(w.value, str)]
    # A row of published numbers also has keys of its own, such as its source.
    rows = [(row, Published.model_fields) for row in _rows(document, "published")]
    rows += [(row, {}) for row in _rows(document, "expects")]
    margins = document.value.get("margins")
    rows += [(margins, {})] if margins else []
    for row, others in rows:
        names = row.keys.keys() - others.keys()
        uses += [("metric", name, row.keys[name]) for name in names]
    return [
        Problem(unknown(kind, name, catalogue), mark, SUFFIXES if "@" in name else "")
        for kind, name, mark in uses
        if name not in catalogue
    ]


SUFFIXES = (
    "a size follows a quality, from 8 to 4096 px, as in top1@96 or top1@96x128 (height x width); "
    "a batch or the fast path follows throughput or inference_memory, as in throughput@b8@fast"
)


def _rows(document: Tree, key: str) -> list[Tree]:
    """The mappings in the mapping `key`."""
    tree = document.value.get(key)
    return list(tree.value.values()) if tree and isinstance(tree.value, dict) else []

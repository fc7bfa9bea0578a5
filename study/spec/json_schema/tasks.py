"""The keys of a study file that depend on its task: the baseline, its paths, its metrics."""

import json

from study.spec.json_schema.metrics import RELATION, by_metric, column
from study.spec.json_schema.nodes import Schema, described, inner, properties_of, referred
from study.spec.json_schema.paths import KnownPath, anything, by_path, levels, paths
from study.spec.json_schema.unions import definitions, without_unions
from study.spec.task import TaskSchema

REFERENCE = '"#/$defs/'


def task_schema(name: str, task: TaskSchema, keys: Schema) -> tuple[Schema, Schema]:
    """The definitions of a task, and the keys that each part of its baseline requires.

    Definitions have the name of the task before theirs, since two tasks may call one alike.
    """
    raw = task.baseline.model_json_schema()
    # As text, since references may stand anywhere.
    raw = json.loads(json.dumps(raw).replace(REFERENCE, f"{REFERENCE}{name}."))
    own = {f"{name}.{key}": node for key, node in inner(raw, "$defs").items()}
    defs = definitions({"$defs": own})
    raw.pop("$defs", None)
    baseline = without_unions(raw, own)
    required: Schema = {"": baseline.pop("required", [])}
    for part, schema in properties_of(baseline):
        # A level or a profile gives some of the keys; the baseline of the file gives all.
        if needed := inner(defs, referred(schema)).pop("required", None):
            required[part] = needed
    known = list(paths(baseline, f"#/$defs/{name}.Baseline", defs))
    defs |= {
        f"{name}.Baseline": baseline,
        f"{name}.Paths": by_path(known, anything),
        f"{name}.Keys": {"properties": _keys(name, task, known, keys)},
    }
    return defs, required


def complete_baseline(name: str, keys: Schema, required: Schema) -> Schema:
    """The keys of a file of this task, whose baseline has what its parts require."""
    parts = {
        part: {
            "description": f"{part} of all arms",
            "if": {"type": "object"},
            "then": {"required": needed},
        }
        for part, needed in required.items()
        if part
    }
    baseline = {**described(keys, "baseline"), "required": required.get(""), "properties": parts}
    return {"allOf": [{"$ref": f"#/$defs/{name}.Keys"}], "properties": {"baseline": baseline}}


def _keys(name: str, task: TaskSchema, known: list[KnownPath], keys: Schema) -> Schema:
    titles = by_path(known, anything)
    inner(titles, "properties").update(baseline={"description": "the label of the baseline"})
    space: Schema = {
        "description": "what is chosen, by path",
        "allOf": [{"$ref": f"#/$defs/{name}.Paths"}],
    }
    own: Schema = {
        "baseline": {"$ref": f"#/$defs/{name}.Baseline"},
        "factors": by_path(known, levels),
        "titles": titles,
        "columns": {"items": column(task)},
        "metrics": by_metric(task, {"$ref": "#/$defs/OwnMetric"}),
        "margins": by_metric(task, {"type": "number", "minimum": 0}, ("quality", "speed")),
        "expects": {"additionalProperties": by_metric(task, RELATION, ("cost",))},
        "published": {"additionalProperties": _row(task)},
        "match": _with_costs(task),
        "tune": {"properties": {"space": space}},
        "search": {"properties": {"space": space}},
        # A profile changes the same keys, none of which it must have.
        "profiles": {"additionalProperties": {"$ref": f"#/$defs/{name}.Keys"}},
    }
    return {key: {**described(keys, key), **schema} for key, schema in own.items()}  # type: ignore[dict-item]


def _row(task: TaskSchema) -> Schema:
    """A row of published numbers: those of metrics, beside keys that `Published` describes."""
    number: Schema = {
        "type": ["number", "string", "object"],
        "allOf": [{"if": {"type": "object"}, "then": {"$ref": "#/$defs/Value"}}],
    }
    row = by_metric(task, number)
    # References, as these keys have the same schema in every task.
    for key in ("status", "source", "protocol"):
        inner(row, "properties")[key] = {"$ref": f"#/$defs/Published/properties/{key}"}
    return row


def _with_costs(task: TaskSchema) -> Schema:
    costs = by_metric(task, {"type": "number", "exclusiveMinimum": 0}, ("cost",))
    for key in ("by", "multiple"):
        inner(costs, "properties")[key] = {"$ref": f"#/$defs/Match/properties/{key}"}
    return {**costs, "type": ["object", "null"]}

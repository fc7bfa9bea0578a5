"""The metrics of a task in the JSON Schema of a study file."""

from collections.abc import Mapping

from study.spec.json_schema.nodes import Schema
from study.spec.metric import Metric
from study.spec.task import TaskSchema

RELATION: Schema = {
    "type": ["string", "number"],
    "examples": ["same", "more", "less", "1/r^2"],
}


def column(task: TaskSchema) -> Schema:
    """A name of a metric, which may have a size or a batch."""
    names = list(task.catalogue)
    # Metrics that the file declares itself have any name.
    known: Schema = {"pattern": "^[a-z][a-z0-9_]*$"} if task.declares_metrics else {"enum": names}
    extended = {"pattern": "|".join(suffixed(task.catalogue))}
    return {
        "type": "string",
        "examples": names,
        "if": {"pattern": "@"},
        "then": extended,
        "else": known,
    }


def suffixed(metrics: Mapping[str, Metric]) -> list[str]:
    """Patterns of names with a size in pixels, such as top1@96, or as throughput@b8@fast."""
    sized = "|".join(name for name, metric in metrics.items() if metric.of is not None)
    batched = "|".join(name for name, metric in metrics.items() if metric.batched)
    patterns = [rf"^({sized})@[1-9][0-9]*(x[1-9][0-9]*)?$"] if sized else []
    return [*patterns, *([rf"^({batched})(@b[1-9][0-9]*)?(@fast)?$"] if batched else [])]


def by_metric(task: TaskSchema, value: Schema, kinds: tuple[str, ...] = ()) -> Schema:
    """A mapping by name of metrics of these kinds, or of all."""
    chosen = {n: m for n, m in task.catalogue.items() if not kinds or m.kind in kinds}
    keys = {name: {**value, "description": words(metric)} for name, metric in chosen.items()}
    return {
        "type": "object",
        "properties": keys,
        "patternProperties": dict.fromkeys(suffixed(chosen), value),
        "additionalProperties": value if task.declares_metrics else False,
    }


def words(metric: Metric) -> str:
    """A metric in words: "Top-1 in %, higher is better"."""
    unit = f" in {metric.unit}" if metric.unit else ""
    return f"{metric.label}{unit}, {metric.better} is better"

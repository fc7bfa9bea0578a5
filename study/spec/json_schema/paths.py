"""The paths of a task's baseline that a study may vary, as an editor completes them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from study.spec.json_schema.nodes import Schema, inner, properties_of, referred

KEY = r"(\.[A-Za-z_][A-Za-z0-9_]*)+$"
LEVELS: Schema = {"type": ["object", "array"], "minProperties": 2, "minItems": 2}
"""The levels of a factor: {label: value}, or a list of values."""
NOT_VARIED = ("name", "unverified")


@dataclass(frozen=True)
class KnownPath:
    """A path, such as recipe.lr, with the schema of its value."""

    path: str
    schema: Schema
    pointer: str
    """The place of that schema."""
    is_open: bool = False
    """True if keys below it are not all known: arguments of a model."""


def paths(baseline: Schema, pointer: str, defs: Schema) -> Iterator[KnownPath]:
    """The parts of a baseline, and their keys; deeper ones of what has a name of its own."""
    for part, schema in properties_of(baseline):
        name = referred(schema)
        # A part may itself be a mapping whose keys the user chooses, as the arguments of a program.
        chosen = isinstance(schema.get("additionalProperties"), dict)
        is_open = chosen or inner(defs, name).get("additionalProperties") is True
        yield KnownPath(part, schema, f"{pointer}/properties/{part}", is_open)
        yield from _below(part, name, defs)


def _below(path: str, name: str, defs: Schema) -> Iterator[KnownPath]:
    for key, schema in properties_of(inner(defs, name)):
        if key in NOT_VARIED:
            continue
        own = f"{path}.{key}"
        deeper = referred(schema)
        target = inner(defs, deeper)
        is_open = target.get("additionalProperties") is True
        yield KnownPath(own, schema, f"#/$defs/{name}/properties/{key}", is_open)
        # Only what has a name of its own has arguments that a path can reach.
        if "name" in inner(target, "properties"):
            yield from _below(own, deeper, defs)


def by_path(known: Sequence[KnownPath], value: Callable[[KnownPath], Schema]) -> Schema:
    """A mapping by path, with the value of each; arguments of a model have any name and value."""
    keys = {
        path.path: {"description": path.schema.get("description", path.path), **value(path)}
        for path in known
    }
    more: Schema = {f"^{path.path.replace('.', '[.]')}{KEY}": {} for path in known if path.is_open}
    return {
        "type": "object",
        "properties": keys,
        "patternProperties": more,
        "additionalProperties": False,
    }


def levels(path: KnownPath) -> Schema:
    """The values of the levels of a factor, beside `LEVELS`; those of a model's argument differ."""
    value: Schema = {"$ref": path.pointer}
    return {"additionalProperties": value, "items": value}


def anything(path: KnownPath) -> Schema:
    """No rule for the value at a path."""
    return {}

"""Mappings inside a JSON Schema."""

from collections.abc import Iterator

Schema = dict[str, object]


def inner(schema: Schema, *keys: str) -> Schema:
    """The mapping below these keys; an empty one where there is none."""
    for key in keys:
        value = schema.get(key)
        schema = value if isinstance(value, dict) else {}
    return schema


def alternatives(schema: Schema, key: str) -> list[Schema]:
    """The schemas in a list of schemas, such as those of `anyOf`."""
    value = schema.get(key)
    every = value if isinstance(value, list) else []
    return [branch for branch in every if isinstance(branch, dict)]


def referred(schema: Schema) -> str:
    """The definition that a value is of where it is a mapping, or ""."""
    # `without_unions` has put the reference under the condition that the value is a mapping.
    conditions = alternatives(schema, "allOf")
    for node in (schema, *(inner(condition, "then") for condition in conditions)):
        reference = node.get("$ref")
        if isinstance(reference, str):
            return reference.removeprefix("#/$defs/")
    return ""


def described(keys: Schema, name: str) -> Schema:
    """The description of a key, for another place that adds to its schema."""
    return {"description": inner(keys, name).get("description", "")}


def properties_of(schema: Schema) -> Iterator[tuple[str, Schema]]:
    """The keys of a mapping, each with its schema."""
    for key, value in inner(schema, "properties").items():
        if isinstance(value, dict):
            yield key, value

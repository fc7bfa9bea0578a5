"""Names that an editor suggests for a key: they exist in dictionaries that plugins add to."""

from collections.abc import Callable, Iterable

from pydantic.config import JsonDict, JsonValue

Names = Callable[[], Iterable[str]]
"""Called when the JSON Schema is written, since it may import what defines the names."""
Extension = Callable[[JsonDict], None]
"""Changes the JSON Schema of a field, as pydantic's `json_schema_extra`."""


def one_of(names: Names, unless: str = "") -> Extension:
    """Text is one of the names, except text in which the pattern `unless` is found."""

    def extend(schema: JsonDict) -> None:
        every: list[JsonValue] = [*names()]
        # Editors complete examples wherever the value may have other types too.
        schema.update(examples=every)
        other: JsonDict = {"if": {"pattern": unless}, "else": {"enum": every}}
        of_text(schema, other if unless else {"enum": every})

    return extend


def suggested(names: Names, pattern: str = "") -> Extension:
    """Any text, or any with the pattern; the names are suggestions."""

    def extend(schema: JsonDict) -> None:
        schema.update(examples=[*names()])
        of_text(schema, {"pattern": pattern} if pattern else {})

    return extend


def of_text(schema: JsonDict, more: JsonDict) -> None:
    """Add to the alternative of a field that is text, or to a field that is text alone."""
    branches = schema.get("anyOf")
    every = branches if isinstance(branches, list) else [schema]
    for branch in every:
        if isinstance(branch, dict) and branch.get("type") == "string":
            branch.update(more)

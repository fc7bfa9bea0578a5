"""Alternatives of pydantic's JSON Schemas written so that a mistake has one place.

pydantic writes `int | list[int]` as `anyOf`, of which a validator says that no alternative fits. In
draft 7 most keywords hold for one type of value alone, so alternatives of different types are one
schema; those with an enumeration or a reference hold under the condition of their type.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import cast

from study.spec.json_schema.nodes import Schema, alternatives, inner

CONDITIONAL = {"enum", "const", "$ref", "if", "allOf"}
"""Keywords that hold for values of any type."""


def definitions(schema: Schema, prefix: str = "") -> Schema:
    """The definitions of a schema, which loses them, without alternatives, and with a prefix."""
    defs = schema.pop("$defs", {})
    if not isinstance(defs, dict):
        return {}
    return {f"{prefix}{name}": without_unions(node, defs) for name, node in defs.items()}


def without_unions(node: Schema, defs: Schema) -> Schema:
    """A schema without alternatives and without the titles that pydantic makes of names."""
    return cast(Schema, _rewritten(node, defs))


def _rewritten(node: object, defs: Schema) -> object:
    if isinstance(node, list):
        return [_rewritten(item, defs) for item in node]
    if not isinstance(node, dict):
        return node
    # A key called `title` has a schema; the title of a schema is text.
    named = {k: v for k, v in node.items() if k != "title" or not isinstance(v, str)}
    new = {
        key: value if key == "default" else _rewritten(value, defs) for key, value in named.items()
    }
    for keyword in ("anyOf", "oneOf"):
        if keyword in new:
            branches = alternatives(new, keyword)
            others = {k: v for k, v in new.items() if k not in (keyword, "discriminator")}
            new = {**_union(branches, defs), **others}
    return new


def _union(branches: Sequence[Schema], defs: Schema) -> Schema:
    by_type = defaultdict[str, list[Schema]](list)
    for branch in branches:
        for kind in _types(branch, defs):
            by_type[kind].append({k: v for k, v in branch.items() if k != "type"})
    if "number" in by_type:
        by_type.pop("integer", None)  # whole numbers are numbers
    kinds = list(by_type)
    # A list of types says of a wrong value which types there are.
    schema: Schema = {"type": kinds if len(kinds) > 1 else kinds[0]}
    conditions = list[Schema]()
    for kind, several in by_type.items():
        branch = several[0] if len(several) == 1 else _by_keys(several, defs)
        if kind == "string" and branch.keys() == {"enum"} and by_type.keys() == {kind, "null"}:
            return {"enum": [*cast(list[object], branch.get("enum")), None]}
        # Beside other types an enumeration would refuse their values too.
        if branch.keys() & CONDITIONAL:
            conditions.append({"if": {"type": kind}, "then": branch})
        else:
            schema |= branch
    return {**schema, "allOf": conditions} if conditions else schema


def _types(branch: Schema, defs: Schema) -> list[str]:
    """The JSON types of an alternative, which may be a reference."""
    reference = branch.get("$ref")
    if isinstance(reference, str):
        branch = inner(defs, reference.removeprefix("#/$defs/"))
    kind = branch.get("type", "string")
    return kind if isinstance(kind, list) else [str(kind)]


def _by_keys(branches: Sequence[Schema], defs: Schema) -> Schema:
    """Two mappings: the first where one of the keys that it requires is there."""
    first, second = branches
    reference = str(first.get("$ref", ""))
    named = inner(defs, reference.removeprefix("#/$defs/")) if reference else first
    keys = named.get("required")
    own = [{"required": [key]} for key in keys] if isinstance(keys, list) else []
    return {"if": {"anyOf": own}, "then": first, "else": second}

"""Long lists of names written once in a JSON Schema: a thousand models, wherever one is named."""

import json
from typing import cast

from study.spec.json_schema.nodes import Schema, alternatives

LONG = 200  # names, from which a list has a definition of its own


def with_shared_names(schema: Schema) -> Schema:
    """A schema whose long lists of examples are definitions."""
    names = dict[str, str]()
    new = cast(Schema, _rewritten(schema, names))
    shared = {name: {"examples": json.loads(text)} for text, name in names.items()}
    return {**new, "$defs": {**cast(Schema, new.get("$defs", {})), **shared}}


def _rewritten(node: object, names: dict[str, str]) -> object:
    if isinstance(node, list):
        return [_rewritten(item, names) for item in node]
    if not isinstance(node, dict):
        return node
    new = {key: _rewritten(value, names) for key, value in node.items()}
    examples = new.get("examples")
    if isinstance(examples, list) and len(examples) >= LONG:
        new.pop("examples")
        name = names.setdefault(json.dumps(examples), f"Names{len(names) + 1}")
        # Beside a reference draft 7 ignores all keywords, so it is one of several schemas.
        new |= {"allOf": [*alternatives(new, "allOf"), {"$ref": f"#/$defs/{name}"}]}
    return new

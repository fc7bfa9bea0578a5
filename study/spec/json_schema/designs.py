"""The JSON Schema of `design`: a name, a name with options, or a list of these."""

from collections.abc import Mapping

from study.spec.designs.options import Design, options_model
from study.spec.json_schema.nodes import Schema, inner
from study.spec.json_schema.unions import definitions, without_unions

SEVERAL_DESIGNS: Schema = {
    "default": "one_at_a_time",
    "if": {"type": "array"},
    "then": {"items": {"$ref": "#/$defs/Design"}, "minItems": 1},
    "else": {"$ref": "#/$defs/Design"},
}


def a_design(designs: Mapping[str, Design]) -> Schema:
    """The schema of one design: its name, or a mapping with its name and options."""
    names = sorted(designs)
    name: Schema = {"enum": names, "description": "of the design"}
    options = [
        {
            "if": {"properties": {"name": {"const": design}}, "required": ["name"]},
            "then": _options(design, designs[design]),
        }
        for design in names
    ]
    mapping: Schema = {"required": ["name"], "properties": {"name": name}, "allOf": options}
    return {
        "type": ["string", "object"],
        "examples": names,
        "allOf": [
            {"if": {"type": "string"}, "then": {"enum": names}},
            {"if": {"type": "object"}, "then": mapping},
        ],
    }


def _options(name: str, design: Design) -> Schema:
    raw = options_model(name, design).model_json_schema()
    schema = without_unions(raw, definitions(raw))
    # What plugins write as options has no description of its own.
    keys = inner(schema, "properties")
    keys.pop("name", None)
    for key, option in keys.items():
        if isinstance(option, dict):
            option.setdefault("description", f"option {key} of the design {name}")
    # The name is described once, above; here it is only allowed.
    return {
        "properties": {**keys, "name": {"description": "of the design"}},
        "additionalProperties": False,
    }

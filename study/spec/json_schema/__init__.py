"""The JSON Schema of a study file: editors complete names, describe keys and mark mistakes by it.

It has few alternatives: where a value may be written in several forms, the type of what is written
chooses the form, so that a mistake is marked at its own key rather than as "no alternative fits".
"""

from study.spec.json_schema.designs import SEVERAL_DESIGNS, a_design
from study.spec.json_schema.nodes import Schema, described, inner
from study.spec.json_schema.paths import LEVELS
from study.spec.json_schema.shared import with_shared_names
from study.spec.json_schema.tasks import complete_baseline, task_schema
from study.spec.json_schema.unions import definitions, without_unions
from study.spec.schema import StudyFile
from study.spec.vocabulary import Vocabulary


def json_schema(vocabulary: Vocabulary) -> Schema:
    """The JSON Schema of a study file with the names of this vocabulary."""
    raw = StudyFile.model_json_schema()
    defs = definitions(raw)
    root = without_unions(raw, defs)
    keys = inner(root, "properties")
    # Their names and options are those of a dictionary, which pydantic's model does not know.
    defs |= {"Design": a_design(vocabulary.designs)}
    keys |= {"design": {**described(keys, "design"), **SEVERAL_DESIGNS}}
    inner(keys, "factors").update(additionalProperties=LEVELS)
    inner(keys, "task").update(enum=sorted(vocabulary.tasks))
    # A profile has the keys of a file, so they are described once, by references.
    own = {key: {"$ref": f"#/properties/{key}"} for key in keys if key != "profiles"}
    changes = {"type": "object", "properties": own, "additionalProperties": False}
    inner(keys, "profiles").update(additionalProperties=changes)
    # Conditions in place of alternatives: the task of the file chooses what its baseline may be.
    default = StudyFile.model_fields["task"].default
    branches = list[Schema]()
    for name, task in vocabulary.tasks.items():
        more, required = task_schema(name, task, keys)
        defs |= more
        chosen: Schema = {"properties": {"task": {"const": name}}}
        # A study without the key has the default task.
        condition = chosen if name == default else {**chosen, "required": ["task"]}
        branches.append({"if": condition, "then": complete_baseline(name, keys, required)})
    # Editors know draft 7 best.
    draft = {"$schema": "http://json-schema.org/draft-07/schema#"}
    return with_shared_names({**draft, **root, "allOf": branches, "$defs": defs})

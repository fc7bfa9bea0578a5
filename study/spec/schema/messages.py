"""Values checked by a schema: messages about those that break it, each at its place in the file."""

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from study.errors import likely_name
from study.spec.problems import Problem
from study.spec.yaml import Tree

Checked = TypeVar("Checked", bound=BaseModel)


def validated(
    schema: type[Checked], tree: Tree, within: str = ""
) -> tuple[Checked | None, list[Problem]]:
    """Validate `tree`: an instance of `schema`, or the problems that prevent one.

    Messages name keys with what they are `within`, such as "baseline.".
    """
    try:
        return schema.model_validate(tree.plain()), []
    except ValidationError as error:
        problems: dict[str, Problem] = {}  # the first at each position
        for detail in _relevant(tree, error):
            problem = _problem(schema, tree, detail, within=within)
            problems.setdefault(str(problem.location), problem)
        return None, list(problems.values())


PLAIN_TYPES = {"str", "int", "float", "bool", "list"}
"""pydantic's names for the alternatives of a union type, left out of messages as models are."""

SCALARS = {
    "string_type": "a text",
    "int_type": "a number",
    "float_type": "a number",
    "bool_type": "true or false",
}
"""Words of YAML for the alternatives of a union type."""
SHORT = (*SCALARS, "list_type", "model_type")


def _relevant(tree: Tree, error: ValidationError) -> Iterator[ErrorDetails]:
    """The errors to report: without those about a short form where the long form is used.

    pydantic reports an error for every alternative of a union type.
    """
    errors = error.errors(include_url=False)
    paths = [tuple(tree.path(detail["loc"])) for detail in errors]
    above = {path[:length] for path in paths for length in range(len(path))}
    pairs = list(zip(errors, paths, strict=True))
    longer = {path for detail, path in pairs if not _short(detail)}
    for detail, path in pairs:
        if not (_short(detail) and (path in above or path in longer)):
            text = _alternatives([_kind(other) for other, its in pairs if its == path])
            yield {**detail, "msg": text} if text else detail


def _alternatives(kinds: Sequence[str]) -> str:
    """A message for a place where a text or some other single value may stand, or ""."""
    scalars = dict.fromkeys(SCALARS[kind] for kind in kinds if kind in SCALARS)
    if len(scalars) < 2:
        return ""
    return f"input should be {', '.join(scalars)}{', or a list' * ('list_type' in kinds)}"


def _short(detail: ErrorDetails) -> bool:
    """True if a simpler form was expected where a list or a mapping is."""
    return _kind(detail) in SHORT and isinstance(detail["input"], dict | list)


def _kind(detail: ErrorDetails) -> str:
    """pydantic's name for a mistake, such as "int_type"."""
    return detail["type"]


def _problem(schema: type[BaseModel], tree: Tree, detail: ErrorDetails, *, within: str) -> Problem:
    """One pydantic error as a problem, reworded and with its position in the file."""
    loc, kind, message = detail["loc"], detail["type"], detail["msg"]
    key = str(loc[-1]) if loc else ""
    if kind == "extra_forbidden":
        fields = _fields(schema, loc[:-1])
        near = likely_name(key, fields)
        hint = f'did you mean "{near}"?' if near else f"known: {', '.join(fields)}"
        return Problem(f'unknown key "{key}"', tree.key(loc), hint)
    if kind == "missing":
        return Problem(f'missing key "{key}"', tree.at(loc[:-1]).location)
    where = tree.at(loc)
    if kind == "value_error":  # from a validator, whose message is complete
        text = message.removeprefix("Value error, ")
        return Problem(text, where.at([text.partition(":")[0]]).location)
    alternatives = PLAIN_TYPES | _models(schema).keys()
    steps = [str(step) for step in loc if str(step).isidentifier()]
    name = within + ".".join(step for step in steps if step not in alternatives)
    reason = message[0].lower() + message[1:].partition(" after validation")[0]
    value = where.plain()
    if value is None and not where.text:  # nothing is written there
        return Problem(f"{name}: a value is missing", where.location)
    if kind in PLAINER and message.startswith("Input"):
        reason = PLAINER[kind]
    hint = _cure(value, kind, detail.get("ctx", {}))
    return Problem(f"{name}: {reason}, not {json.dumps(value)[:60]}", where.location, hint)


PLAINER = {
    "dict_type": "input should be a mapping of keys",
    "model_type": "input should be a mapping of keys",
    "bool_type": "input should be true or false",
}
"""Words of YAML for those of Python in pydantic's messages."""


NUMBERS = {"int_type": r"[-+]?[0-9]+", "float_type": r"[-+]?[0-9]+(\.[0-9]*)?(e[-+]?[0-9]+)?"}
"""Texts that are numbers, by pydantic's name for the mistake."""


def _cure(value: object, kind: str, context: Mapping[str, object]) -> str:
    """A hint that says how a wrong value may be written, or nothing."""
    if kind == "literal_error":
        near = likely_name(str(value), re.findall(r"'([^']*)'", str(context.get("expected"))))
        return f'did you mean "{near}"?' if near else ""
    if isinstance(value, str) and re.fullmatch(NUMBERS.get(kind, "(?!)"), value):
        return f"write {value}, without quotes"
    if isinstance(value, dict) and len(value) == 1 and None in value.values():
        return f'write "{{{next(iter(value))}}}", with quotes'  # YAML reads {x} as {x: null}
    if kind == "list_type" and not isinstance(value, dict | bool | None):
        return f"write [{value}]"
    return _unit(value, context.get("le", context.get("lt")))


LARGEST_FRACTION = 1.5  # the highest limit of a fraction: images cropped to more than their size


def _unit(value: object, limit: object) -> str:
    """A hint for a number above the limit of a fraction, which seems to be in percent."""
    fraction = isinstance(limit, int | float) and limit <= LARGEST_FRACTION
    if fraction and isinstance(value, int | float) and 1 < value <= 100:
        return f"this is a fraction: write {value:g} % as {value / 100:g}"
    return ""


def _fields(schema: type[BaseModel], loc: tuple[int | str, ...]) -> Collection[str]:
    """The valid keys at `loc`, which names the chosen alternative of a union type."""
    models, owner = _models(schema), schema
    for step in loc:
        field = _by_alias(owner).get(str(step))
        inside = _models(field.annotation) if field else {}
        # The longest first, as "Named" is a part of "NamedRecipe".
        named = [models[name] for name in sorted(models, key=len)[::-1] if name in str(step)]
        # A step that is no field, such as the label of a level, stays with its owner.
        owner = next(iter([*named, *inside.values()]), owner)
    return _by_alias(owner).keys()


def _by_alias(owner: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields of a model by the keys that a file has for them."""
    return {field.alias or name: field for name, field in owner.model_fields.items()}


def known_keys(annotation: object) -> list[str]:
    """The keys of the outermost models in a type: those of {name: ..., key: value}."""
    outer = [kind for kind in (annotation, *get_args(annotation)) if isinstance(kind, type)]
    models = (kind for kind in outer if issubclass(kind, BaseModel))
    return [key for kind in models for key in kind.model_fields]


def _models(annotation: object) -> dict[str, type[BaseModel]]:
    """The models in a type by name, the outermost first."""
    models, queue = dict[str, type[BaseModel]](), [annotation]
    while queue:
        kind = queue.pop(0)
        queue += get_args(kind)
        if isinstance(kind, type) and issubclass(kind, BaseModel) and kind.__name__ not in models:
            models[kind.__name__] = kind
            queue += [field.annotation for field in kind.model_fields.values()]
            # Keys that a model does not name, such as the metrics of a published row.
            queue += [kind.__annotations__.get("__pydantic_extra__")]
    return models

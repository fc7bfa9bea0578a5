"""Options of designs: keys of `design` in a study file, checked by the types of a function."""

from collections.abc import Callable, Mapping, Sequence
from inspect import Parameter, signature
from typing import Literal

from pydantic import BaseModel, create_model

from study.errors import unknown
from study.spec.problems import Problem
from study.spec.schema import validated
from study.spec.schema.types import Strict
from study.spec.study import Choices, Designs
from study.spec.yaml import Tree, expanded

Design = Callable[..., Sequence[Choices]]
DEFAULT: Designs = {"one_at_a_time": {}}
"""The designs of a study whose file has none."""


def options_model(name: str, design: Design) -> type[BaseModel]:
    """The keys of a design in a study file: its name, and its parameters by keyword alone."""
    keys = {key: (own.annotation, _default(own)) for key, own in _keywords(design)}
    # The name last: it wins over an option of that name.
    keys |= {"name": (Literal[name], ...)}
    return create_model(name, __base__=Strict, **keys)  # type: ignore[call-overload, no-any-return]


def _default(parameter: Parameter) -> object:
    # pydantic's word for a key without a default is the ellipsis.
    return ... if parameter.default is parameter.empty else parameter.default


def _keywords(design: Design) -> list[tuple[str, Parameter]]:
    own = signature(design).parameters.values()
    if not any(parameter.kind is Parameter.KEYWORD_ONLY for parameter in own):
        # Types of other parameters need not exist when a plugin runs.
        return []
    every = signature(design, eval_str=True).parameters
    return [pair for pair in every.items() if pair[1].kind is Parameter.KEYWORD_ONLY]


def required(model: type[BaseModel]) -> list[str]:
    """The options without a default, which a design should not have."""
    fields = model.model_fields.items()
    return [key for key, field in fields if key != "name" and field.is_required()]


def chosen_designs(
    tree: Tree | None, designs: Mapping[str, Design]
) -> tuple[Designs, list[Problem]]:
    """The designs of a study file with their options, and the mistakes in them.

    Wrong options have their defaults, so that the arms can be checked.
    """
    if tree is None:
        return DEFAULT, []
    chosen, problems = dict[str, Mapping[str, object]](), list[Problem]()
    items = tree.value if isinstance(tree.value, list) else [tree]
    for item in map(expanded, items):
        name = item.value.get("name") if isinstance(item.value, dict) else None
        if not name or not isinstance(name.value, str):
            continue  # the schema of the file reports it
        if name.value not in designs:
            problems.append(Problem(unknown("design", name.value, designs), name.location))
            continue
        if name.value in chosen:
            problems.append(Problem(f"{name.value} is chosen twice", name.location))
        model = options_model(name.value, designs[name.value])
        options, wrong = validated(model, item, "design.")
        problems += wrong
        if options:
            chosen[name.value] = options.model_dump(exclude={"name"})
        elif not required(model):
            chosen[name.value] = {}
    return chosen, problems

"""A study file as a whole, and what is wrong with one."""

import json
from collections.abc import Collection, Iterator
from contextlib import suppress
from typing import Annotated, Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from study.errors import meant
from study.marks import Problem, Tree
from study.schema.base import Batch, NotNegative, Seed, Strict, UpTo1
from study.schema.data import Data
from study.schema.published import Protocol, Published, Value
from study.schema.recipe import NamedRecipe

Checked = TypeVar("Checked", bound=BaseModel)


class Named(Strict):
    """A name and what departs from what that name stands for."""

    model_config = ConfigDict(extra="allow")
    name: str


class Timing(Strict):
    """How the arms are timed."""

    batch_size: Batch = Field(32, description="images in one call, for throughput")
    seconds: Annotated[float, Field(gt=0, le=86_400)] = Field(
        15.0, description="of all arms together, after warming up"
    )
    resolution: UpTo1 = Field(
        0.05, description="a ratio whose interval includes 1 and is wider is inconclusive"
    )


class Baseline(Strict):
    model: str | Named = Field(description="any timm name, or {name: ..., argument: value}")
    data: str | Data = Field(description="a dataset name, or {name: ..., img_size: ...}")
    recipe: str | NamedRecipe = Field(
        description="a file of study/recipes, or {name: ..., lr: ...}"
    )


class Override(Strict):
    """What a profile changes; anything a study file has, except profiles."""

    model_config = ConfigDict(extra="allow")


class StudyFile(Strict):
    question: str
    source: str | None = Field(None, description="the paper or table that is mirrored")
    baseline: Baseline
    factors: dict[str, dict[str, Any] | list[Any]] = Field(
        {}, description="path: {label: value}, or a list of values; baseline first"
    )
    design: str | Annotated[list[str], Field(min_length=1)] = "one_at_a_time"
    seeds: (
        Annotated[int, Field(ge=0, le=1000)]
        | Annotated[list[Seed], Field(min_length=1, max_length=1000)]
    ) = Field(1, description="how many, or which; 0 trains nothing: cost and speed alone")
    aa: bool = Field(
        False, description="train the baseline again under as many other seeds: the noise floor"
    )
    columns: Annotated[list[str], Field(min_length=1)] = Field(["params", "macs", "top1"])
    timing: Timing = Timing()
    expects: dict[str, dict[str, str]] = Field(
        {}, description="path or label: {cost: same, more, less, or a formula such as 1/r^2}"
    )
    protocol: Protocol = Field(Protocol(), description="of all published numbers")
    published: dict[str, Published] = Field({})
    margins: dict[str, NotNegative] = Field(
        {}, description="metric: how near is the same; units of the table, per cent for speed"
    )
    claims: list[str] = Field([], description="A is worse than B on top1 by 0.24, and the like")
    contrasts: list[str | Annotated[list[str], Field(min_length=2, max_length=2)]] = Field(
        [], description="what will be tested: a row against the baseline, or [row, other row]"
    )
    profiles: dict[str, Override] = Field({})

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if isinstance(self.seeds, list) and len(set(self.seeds)) < len(self.seeds):
            raise ValueError("seeds: one stands twice")
        return self


def validated(schema: type[Checked], tree: Tree) -> tuple[Checked | None, list[Problem]]:
    """`tree` as a `schema`, or where it is not one."""
    try:
        return schema.model_validate(tree.plain()), []
    except ValidationError as error:
        found: dict[str, Problem] = {}
        for one in _told(tree, error):
            problem = _problem(schema, tree, one["loc"], one["type"], one["msg"])
            found.setdefault(str(problem.mark), problem)
        return None, list(found.values())


def salvaged(tree: Tree) -> StudyFile:
    """What a wrong study file says rightly, key by key, so that the rest of it is checked too."""
    stub = StudyFile(question="", baseline=Baseline(model="", data="", recipe=""))
    right = dict[str, Any]()
    for key in tree.value.keys() & StudyFile.model_fields.keys() - {"baseline", "question"}:
        alone = stub.model_dump(include={"question", "baseline"}) | {key: tree.value[key].plain()}
        with suppress(ValidationError):
            right[key] = getattr(StudyFile.model_validate(alone), key)
    return stub.model_copy(update=right)


PERCENTAGES = (
    *("crop_pct", "scale", "hflip", "vflip", "reprob", "smoothing", "mixup_prob"),
    *("mixup_switch_prob", "momentum", "model_ema_decay", "layer_decay", "resolution"),
)
"""Keys of which somebody may give a hundred times what is meant."""

KINDS = {"str", "int", "float", "list", "Value", "Data", "Named", "NamedRecipe"}
"""What pydantic calls the forms that a value may take."""

SHORT = ("string_type", "int_type", "float_type")


def _told(tree: Tree, error: ValidationError) -> Iterator[Any]:
    """The errors, but for those about the short form of a mapping or list that is itself at fault.

    pydantic tells of every way in which a value could have been right.
    """
    errors = error.errors(include_url=False)
    paths = [tuple(tree.path(one["loc"])) for one in errors]
    above = {path[:length] for path in paths for length in range(len(path))}
    longer = {p for one, p in zip(errors, paths, strict=True) if one["type"] not in SHORT}
    for one, path in zip(errors, paths, strict=True):
        short = one["type"] in SHORT and isinstance(one["input"], dict | list)
        if not (short and (path in above or path in longer)):
            yield one


def _problem(
    schema: type[BaseModel], tree: Tree, loc: tuple[int | str, ...], kind: str, message: str
) -> Problem:
    """One finding of pydantic, in our words and at its place."""
    key = str(loc[-1]) if loc else ""
    if kind == "extra_forbidden":
        fields = _fields(schema, loc[:-1])
        near = meant(key, fields)
        hint = f'did you mean "{near}"?' if near else f"known: {', '.join(fields)}"
        return Problem(f'unknown key "{key}"', tree.key(loc), hint)
    if kind == "missing":
        return Problem(f'missing key "{key}"', tree.at(loc[:-1]).mark)
    where = tree.at(loc)
    if kind == "value_error":  # of a validator above, whose words are whole
        said = message.removeprefix("Value error, ")
        return Problem(said, where.at([said.partition(":")[0]]).mark)
    steps = [str(step) for step in loc if str(step).isidentifier()]
    name = ".".join(step for step in steps if step not in KINDS)
    said = message[0].lower() + message[1:]
    given = where.plain()
    hint = _unit(name, given) if kind in ("less_than", "less_than_equal") else ""
    return Problem(f"{name}: {said}, not {json.dumps(given)[:60]}", where.mark, hint)


def _unit(name: str, given: Any) -> str:
    """What would mend a number above its range, where it seems to be in another unit."""
    if name.rpartition(".")[2] in PERCENTAGES and 1 < given <= 100:
        return f"a part of 1: {given:g} % is written {given / 100:g}"
    return ""


def _fields(schema: type[BaseModel], loc: tuple[int | str, ...]) -> Collection[str]:
    """The keys known where `loc` leads; of a choice between kinds it names the kind."""
    kinds = {kind.__name__: kind for kind in (NamedRecipe, Data, Value)}
    owner: Any = schema
    for step in loc:
        field = getattr(owner, "model_fields", {}).get(step)
        kind = next((kind for name, kind in kinds.items() if name in str(step)), None)
        inside = Published if field and "Published" in str(field.annotation) else None
        owner = kind or inside or (field.annotation if field else owner)
    return getattr(owner, "model_fields", {}).keys()

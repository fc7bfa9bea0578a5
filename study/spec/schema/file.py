"""The schema of a whole study file, and messages about files that break it."""

import json
from collections.abc import Collection, Iterator
from contextlib import suppress
from typing import Annotated, Literal, Self, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from study.errors import likely_name
from study.spec.problems import Problem
from study.spec.schema.match import Match
from study.spec.schema.published import Protocol, Published
from study.spec.schema.reading import From
from study.spec.schema.search import SearchKeys
from study.spec.schema.tuning import Tune
from study.spec.schema.types import Batch, NotNegative, Seed, Strict, UpTo1
from study.spec.yaml import Tree

Checked = TypeVar("Checked", bound=BaseModel)


class Named(Strict):
    """A name, and values that replace defaults of what it names."""

    model_config = ConfigDict(extra="allow")
    name: str


class Timing(Strict):
    """The keys of `timing`: how the arms are timed."""

    batch_size: Batch = Field(32, description="images in one call, for throughput")
    seconds: Annotated[float, Field(gt=0, le=86_400)] = Field(
        15.0, description="for all arms together, after warming up"
    )
    precision: Literal["float32", "bfloat16"] = Field(
        "float32", description="of inference; bfloat16 by autocast"
    )
    compile: bool = Field(False, description="time inference of models after torch.compile")
    channels_last: bool = Field(False, description="weights and images in that layout")
    resolution: UpTo1 = Field(
        0.05, description="a ratio whose interval includes 1 and is wider is inconclusive"
    )


class OwnMetric(Strict):
    """The keys of a metric under `metrics`, which replace those of the catalogue."""

    label: Annotated[str, Field(min_length=1)] | None = None
    unit: str | None = Field(None, description="of the printed value")
    scale: Annotated[float, Field(gt=0)] | None = Field(
        None, description="printed value per reported value, as 100 for fractions in percent"
    )
    digits: Annotated[int, Field(ge=0, le=10)] | None = Field(None, description="decimals in print")
    better: Literal["higher", "lower"] | None = None
    origin: From | None = Field(
        None, alias="from", description="what reads it, where a program leaves it"
    )


class SequentialSeeds(Strict):
    """Seeds that are added one by one where a comparison is not decided yet."""

    # The boundaries of more looks take a minute to compute.
    min: Annotated[int, Field(ge=2, le=60)] = Field(description="seeds of every arm")
    max: Annotated[int, Field(ge=2, le=60)] = Field(description="the most seeds of an arm")
    stop: Literal["decided"] = Field(
        description="an arm gets no more seeds once its declared comparisons are decided"
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.max < self.min:
            raise ValueError(f"seeds: max is {self.max}, below min, {self.min}")
        return self


class Override(Strict):
    """The keys that a profile overrides: any key of a study file except profiles."""

    model_config = ConfigDict(extra="allow")


class StudyFile(Strict):
    """All keys of a study file."""

    question: str
    source: str | None = Field(None, description="the paper or table that is mirrored")
    task: str = Field("classification", description="what a trial is")
    baseline: dict[str, object] = Field(description="what all arms depart from")
    factors: dict[str, dict[str, object] | list[object]] = Field(
        {}, description="path: {label: value}, or a list of values; baseline first"
    )
    titles: dict[str, Annotated[str, Field(min_length=1)]] = Field(
        {}, description="path of a factor, or baseline: the words that are printed for it"
    )
    design: str | Named | Annotated[list[str | Named], Field(min_length=1)] = Field(
        "one_at_a_time", description="which arms there are: a name, {name: ..., option: ...}"
    )
    seeds: (
        Annotated[int, Field(ge=0, le=1000)]
        | Annotated[list[Seed], Field(min_length=1, max_length=1000)]
        | SequentialSeeds
    ) = Field(
        1,
        description="number of seeds, a list, or {min, max, stop: decided}; 0 trains nothing",
    )
    match: Match | None = Field(
        None, description="refit each arm's width until it costs what the baseline costs"
    )
    aa: bool = Field(
        False, description="train the baseline again under as many other seeds: the noise floor"
    )
    columns: Annotated[list[str], Field(min_length=1)] | None = Field(
        None, description="metrics to print; absent, those that the task prints"
    )
    metrics: dict[str, OwnMetric] = Field(
        {}, description="metric: how it is printed, such as {label: Acc., digits: 1}"
    )
    timing: Timing = Timing()
    expects: dict[str, dict[str, str]] = Field(
        {}, description="path or label: {cost: same, more, less, or a formula such as 1/r^2}"
    )
    protocol: Protocol = Field(Protocol(), description="protocol of all published numbers")
    published: dict[str, Published] = Field({})
    margins: dict[str, NotNegative] = Field(
        {},
        description="metric: largest difference that counts as equal; table units, % for speed",
    )
    claims: list[str] = Field(
        [], description="sentences such as: A is worse than B on top1 by 0.24"
    )
    contrasts: list[str | Annotated[list[str], Field(min_length=2, max_length=2)]] = Field(
        [], description="comparisons to test: a row against the baseline, or [row, other row]"
    )
    tune: Tune | None = Field(
        None, description="hyper-parameters that every arm chooses before it is compared"
    )
    search: SearchKeys | None = Field(
        None, description="arms that are chosen from a space, in place of factors"
    )
    profiles: dict[str, Override] = Field({})

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if isinstance(self.seeds, list) and len(set(self.seeds)) < len(self.seeds):
            raise ValueError("seeds: a seed is given twice")
        return self


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


def salvaged(tree: Tree) -> StudyFile:
    """The valid keys of a wrong study file, so that their contents are checked as well.

    Each key is validated alone, since pydantic gives no instance as soon as one key is wrong.
    """
    stub = StudyFile(question="", baseline={})
    right = dict[str, object]()
    for key in tree.value.keys() & StudyFile.model_fields.keys() - {"baseline", "question"}:
        alone = stub.model_dump(include={"question", "baseline"}) | {key: tree.value[key].plain()}
        with suppress(ValidationError):
            right[key] = getattr(StudyFile.model_validate(alone), key)
    return stub.model_copy(update=right)


PLAIN_TYPES = {"str", "int", "float", "list"}
"""pydantic's names for the alternatives of a union type, left out of messages as models are."""

SHORT = ("string_type", "int_type", "float_type", "list_type", "model_type")


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
            yield detail


def _short(detail: ErrorDetails) -> bool:
    """True if a simpler form was expected where a list or a mapping is."""
    return detail["type"] in SHORT and isinstance(detail["input"], dict | list)


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
    reason = message[0].lower() + message[1:]
    value, limits = where.plain(), detail.get("ctx", {})
    hint = _unit(value, limits.get("le", limits.get("lt")))
    return Problem(f"{name}: {reason}, not {json.dumps(value)[:60]}", where.location, hint)


LARGEST_FRACTION = 1.5  # the highest limit of a fraction: images cropped to more than their size


def _unit(value: object, limit: float | None) -> str:
    """A hint for a number above the limit of a fraction, which seems to be in percent."""
    fraction = limit is not None and limit <= LARGEST_FRACTION
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

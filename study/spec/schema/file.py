"""The schema of a whole study file."""

from contextlib import suppress
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, ValidationError, model_validator

from study.spec.schema.match import Match
from study.spec.schema.measured import Measured
from study.spec.schema.published import Protocol, Published
from study.spec.schema.reading import From
from study.spec.schema.search import SearchKeys
from study.spec.schema.tuning import Tune
from study.spec.schema.types import Batch, Label, NotNegative, Seed, Strict, Text, UpTo1
from study.spec.yaml import Tree


class Named(Strict):
    """A name, and values that replace defaults of what it names."""

    model_config = ConfigDict(extra="allow")
    name: str = Field(description="of what is changed")


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
    path: Literal["plain", "fast", "both"] = Field(
        "plain", description="of inference; fast: ResT and PVT with weights folded beforehand"
    )
    resolution: UpTo1 = Field(
        0.05,
        description="models are built more often while an interval is wider and time is left; a "
        "ratio whose interval is wider and includes 1 is inconclusive",
    )


class OwnMetric(Strict):
    """The keys of a metric under `metrics`, which replace those of the catalogue."""

    label: Text | None = Field(None, description="in print", min_length=1)
    unit: str | None = Field(None, description="of the printed value")
    scale: Annotated[float, Field(gt=0)] | None = Field(
        None, description="printed value per reported value, as 100 for fractions in percent"
    )
    digits: Annotated[int, Field(ge=0, le=10)] | None = Field(None, description="decimals in print")
    better: Literal["higher", "lower"] | None = Field(None, description="which values are better")
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

    question: Text = Field(description="the question that the study answers")
    source: Text | None = Field(None, description="the paper or table that is mirrored")
    task: str = Field("classification", description="what a trial is")
    baseline: dict[str, object] = Field(description="what all arms depart from")
    # Levels are checked by `factors_of`, which knows what each factor varies.
    factors: dict[str, object] = Field(
        {}, description="path: {label: value}, or a list of values; baseline first"
    )
    titles: dict[str, Annotated[Text, Field(min_length=1)]] = Field(
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
    measured: Text | Measured | None = Field(
        None, description="a file of results in place of training: runs.csv, or {file, seed, ...}"
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
    layout: Literal["study", "paper"] = Field(
        "study", description="the main table: with spreads and differences, or as papers print it"
    )
    metrics: dict[str, OwnMetric] = Field(
        {}, description="metric: how it is printed, such as {label: Acc., digits: 1}"
    )
    timing: Timing = Field(Timing(), description="how the arms are timed")
    expects: dict[str, dict[str, Text]] = Field(
        {}, description="path or label: {cost: same, more, less, or a formula such as 1/r^2}"
    )
    protocol: Protocol = Field(Protocol(), description="protocol of all published numbers")
    published: dict[str, Published] = Field(
        {}, description="label of a row: {metric: number, status, source, protocol}"
    )
    margins: dict[str, NotNegative] = Field(
        {},
        description="metric: largest difference that counts as equal; table units, % for speed",
    )
    claims: list[Text] = Field(
        [], description="sentences such as: A is worse than B on top1 by 0.24"
    )
    contrasts: list[Label | Annotated[list[Label], Field(min_length=2, max_length=2)]] = Field(
        [], description="comparisons to test: a row against the baseline, or [row, other row]"
    )
    tune: Tune | None = Field(
        None, description="hyper-parameters that every arm chooses before it is compared"
    )
    search: SearchKeys | None = Field(
        None, description="arms that are chosen from a space, in place of factors"
    )
    profiles: dict[str, Override] = Field(
        {}, description="name: keys of this file that --profile NAME changes"
    )

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if isinstance(self.seeds, list) and len(set(self.seeds)) < len(self.seeds):
            raise ValueError("seeds: a seed is given twice")
        return self


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

"""The keys of a study file, and nothing about what they do.

A field whose default changes changes the meaning of results already stored: raise `spec.IDENTITY`
with it. A new field must have the default that keeps the old meaning.
"""

import json
from collections.abc import Collection
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from study.errors import meant
from study.marks import Problem, Tree

Checked = TypeVar("Checked", bound=BaseModel)

Count = Annotated[int, Field(ge=1)]
Natural = Annotated[int, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Pair = Annotated[list[float], Field(min_length=2, max_length=2)]
Channels = Annotated[list[float], Field(min_length=1, max_length=3)]


class Strict(BaseModel):
    """Frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


CLASSES = {  # of the data sets whose names say what they are
    "digits": 10,
    "torch/mnist": 10,
    "torch/kmnist": 10,
    "torch/qmnist": 10,
    "torch/fashion_mnist": 10,
    "torch/cifar10": 10,
    "torch/cifar100": 100,
    "torch/imagenet": 1000,
}


IGNORED = {  # by kind of data, the keys that would do nothing
    "digits": (
        "root",
        "download",
        "train_split",
        "val_split",
        "class_map",
        "input_key",
        "target_key",
    ),
    "torch": ("class_map", "input_key", "target_key"),
    "folder": ("download", "input_key", "target_key"),
    "hfds": ("class_map",),
    "wds": ("download",),
}


class Data(Strict):
    """Which images, at which size; names are timm's dataset names, plus `digits`."""

    name: str = Field(description="digits, folder, torch/NAME, hfds/NAME, wds/NAME")
    root: str | None = Field(None, description="folder or tar the images are read from")
    download: bool = Field(False, description="let torchvision download into `root`")
    img_size: Annotated[int, Field(ge=8)] = Field(224, description="pixels, both sides")
    in_chans: Literal[1, 3] = Field(3, description="channels given to the model")
    num_classes: Count | None = Field(None, description="read from the data when absent")
    train_split: str = "train"
    val_split: str = "validation"
    class_map: str | None = Field(None, description="file that maps class names to indices")
    input_key: str | None = None
    target_key: str | None = None
    mean: Channels | None = Field(None, description="per channel, of pixels in 0..1")
    std: Channels | None = Field(None, description="per channel, of pixels in 0..1")
    train_limit: Count | None = Field(None, description="use only so many images, a fixed choice")
    val_limit: Count | None = Field(None, description="use only so many images, a fixed choice")

    @model_validator(mode="after")
    def _used(self) -> Self:
        """A kind of data that exists, and no key that it would ignore."""
        kind, _, name = self.name.partition("/")
        if kind not in IGNORED or (kind in ("torch", "hfds", "wds")) != bool(name):
            near = meant(self.name, [*IGNORED, *CLASSES])
            hint = f'; did you mean "{near}"?' if near else ""
            raise ValueError(
                f'unknown data "{self.name}"{hint} (known: digits, folder, torch/NAME, hfds/NAME, '
                "wds/NAME)"
            )
        fields = type(self).model_fields
        idle = [k for k in IGNORED[kind] if getattr(self, k) != fields[k].default]
        if idle:
            raise ValueError(f"{self.name} has no use for {', '.join(idle)}: leave it out")
        return self


class Recipe(Strict):
    """How an arm is trained, in the argument names and with the defaults of timm's train.py."""

    unverified: list[str] = Field([], description="keys whose value no source confirms")

    epochs: Natural = 300
    batch_size: Count = Field(128, description="images per step and device")
    grad_accum_steps: Count = Field(1, description="steps per update")

    opt: str = "sgd"
    opt_eps: Positive | None = None
    opt_betas: Pair | None = None
    momentum: NotNegative = 0.9
    weight_decay: NotNegative = 2e-5
    layer_decay: Positive | None = None
    clip_grad: Positive | None = None
    clip_mode: Literal["norm", "value", "agc"] = "norm"

    lr: Positive | None = Field(None, description="absolute; else lr_base scaled by batch size")
    lr_base: Positive = 0.1
    lr_base_size: Count = 256
    lr_base_scale: Literal["", "linear", "sqrt"] = Field("", description="'': by optimiser")
    sched: Literal["cosine", "step", "multistep", "poly", "tanh"] = "cosine"
    warmup_epochs: Natural = 5
    warmup_lr: NotNegative = 1e-5
    min_lr: NotNegative = 0.0
    cooldown_epochs: Natural = 0
    decay_epochs: Positive = 90
    decay_milestones: list[int] = [90, 180, 270]
    decay_rate: Positive = 0.1

    no_aug: bool = False
    scale: Pair = Field([0.08, 1.0], description="area range of the random resized crop")
    ratio: Pair = [3.0 / 4.0, 4.0 / 3.0]
    hflip: Fraction = 0.5
    vflip: Fraction = 0.0
    color_jitter: NotNegative = 0.4
    aa: str | None = Field(None, description="such as rand-m9-mstd0.5-inc1")
    aug_repeats: Natural = 0
    reprob: Fraction = 0.0
    remode: Literal["const", "rand", "pixel"] = "pixel"
    recount: Count = 1
    interpolation: Literal[
        "random", "nearest", "bilinear", "bicubic", "box", "hamming", "lanczos"
    ] = Field("bicubic", description="sets held in memory are fastest with nearest")
    crop_pct: Positive = Field(0.875, description="of the image that evaluation looks at")

    smoothing: Fraction = 0.1
    bce_loss: bool = False
    mixup: NotNegative = 0.0
    cutmix: NotNegative = 0.0
    mixup_prob: Fraction = 1.0
    mixup_switch_prob: Fraction = 0.5
    mixup_mode: Literal["batch", "pair", "elem"] = "batch"
    mixup_off_epoch: Natural = 0

    model_ema: bool = False
    model_ema_decay: Fraction = 0.9998
    model_ema_warmup: bool = False

    amp: bool = False
    amp_dtype: Literal["float16", "bfloat16"] = "float16"
    channels_last: bool = False
    grad_checkpointing: bool = False
    torchcompile: bool = False

    @property
    def total_epochs(self) -> int:
        """Epochs that are trained: a schedule of smooth decay adds its cool-down."""
        return self.epochs + (self.cooldown_epochs if self.epochs else 0)

    @model_validator(mode="after")
    def _cools(self) -> Self:
        if self.cooldown_epochs and self.sched in ("step", "multistep"):
            raise ValueError(f"sched {self.sched} has no cooldown_epochs: leave them out")
        return self


class Published(Strict):
    """Numbers somebody printed for one row, in the units of the table."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)
    __pydantic_extra__: dict[str, float]
    status: Literal["verified", "derived", "unverified"] = "verified"
    source: str | None = None


class Named(Strict):
    """A name and what departs from what that name stands for."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)
    name: str


class NamedRecipe(Recipe):
    """A file of study/recipes, and what departs from it."""

    name: str


class Baseline(Strict):
    model: str | Named = Field(description="any timm name, or {name: ..., argument: value}")
    data: str | Data = Field(description="a dataset name, or {name: ..., img_size: ...}")
    recipe: str | NamedRecipe = Field(
        description="a file of study/recipes, or {name: ..., lr: ...}"
    )


class Override(Strict):
    """What a profile changes; anything a study file has, except profiles."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)


class StudyFile(Strict):
    question: str
    source: str | None = Field(None, description="the paper or table that is mirrored")
    baseline: Baseline
    factors: dict[str, dict[str, Any]] = Field(
        {}, description="path: {label: value}; baseline first"
    )
    design: str | Annotated[list[str], Field(min_length=1)] = "one_at_a_time"
    seeds: Count | Annotated[list[Natural], Field(min_length=1)] = 1
    columns: list[str] = ["params", "macs", "top1"]
    published: dict[str, Published] = {}
    claims: list[str] = Field([], description="statements the study means to test")
    profiles: dict[str, Override] = {}

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
        for one in error.errors(include_url=False):
            if one["type"] in ("string_type", "int_type") and isinstance(one["input"], dict | list):
                continue  # the short form of a mapping or list that is itself at fault
            problem = _problem(schema, tree, one["loc"], one["type"], one["msg"])
            found.setdefault(str(problem.mark), problem)
        return None, list(found.values())


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
        return Problem(message.removeprefix("Value error, "), where.mark)
    steps = [str(step) for step in loc if str(step).isidentifier()]
    name = ".".join(step for step in steps if step not in ("str", "int", "list"))
    said = message[0].lower() + message[1:]
    return Problem(f"{name}: {said}, not {json.dumps(where.plain())[:60]}", where.mark)


def _fields(schema: type[BaseModel], loc: tuple[int | str, ...]) -> Collection[str]:
    """The keys known where `loc` leads; of a choice between kinds it names the kind."""
    kinds = {kind.__name__: kind for kind in (NamedRecipe, Published, Data)}
    owner: Any = schema
    for step in loc:
        field = getattr(owner, "model_fields", {}).get(step)
        kind = next((kind for name, kind in kinds.items() if name in str(step)), None)
        owner = kind or (field.annotation if field else owner)
    return getattr(owner, "model_fields", {}).keys()

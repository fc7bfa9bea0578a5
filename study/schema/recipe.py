"""How an arm is trained."""

from collections.abc import Callable
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from study.schema.base import (
    Count,
    Fraction,
    Momenta,
    Natural,
    NotNegative,
    Positive,
    Ratios,
    Shares,
    Strict,
)

NEEDS: dict[str, Callable[["Recipe"], bool]] = {
    "grad_accum_steps": lambda r: r.epochs > 0,
    "opt": lambda r: r.epochs > 0,
    "lr": lambda r: r.epochs > 0,
    "lr_base": lambda r: r.lr is None,
    "lr_base_size": lambda r: r.lr is None,
    "lr_base_scale": lambda r: r.lr is None,
    "clip_mode": lambda r: r.clip_grad is not None,
    "warmup_lr": lambda r: r.warmup_epochs > 0,
    "min_lr": lambda r: r.sched in ("cosine", "poly", "tanh"),
    "decay_epochs": lambda r: r.sched == "step",
    "decay_milestones": lambda r: r.sched == "multistep",
    "decay_rate": lambda r: r.sched in ("step", "multistep", "poly"),
    "scale": lambda r: not r.no_aug,
    "ratio": lambda r: not r.no_aug,
    "hflip": lambda r: not r.no_aug,
    "vflip": lambda r: not r.no_aug,
    "color_jitter": lambda r: not r.no_aug and (not r.aa or "3a" in r.aa),
    "aa": lambda r: not r.no_aug,
    "reprob": lambda r: not r.no_aug,
    "remode": lambda r: r.reprob > 0,
    "recount": lambda r: r.reprob > 0,
    "mixup_prob": lambda r: r.mixup + r.cutmix > 0,
    "mixup_switch_prob": lambda r: min(r.mixup, r.cutmix) > 0,
    "mixup_mode": lambda r: r.mixup + r.cutmix > 0,
    "mixup_off_epoch": lambda r: r.mixup + r.cutmix > 0,
    "model_ema_decay": lambda r: r.model_ema,
    "model_ema_warmup": lambda r: r.model_ema,
    "amp_dtype": lambda r: r.amp,
}
"""What a key of a recipe needs before it does anything."""


class Recipe(Strict):
    """How an arm is trained, in the argument names and with the defaults of timm's train.py."""

    unverified: list[str] = Field([], description="keys whose value no source confirms")

    epochs: Natural = 300
    batch_size: Count = Field(128, description="images per step and device")
    grad_accum_steps: Count = Field(1, description="steps per update")

    opt: str = "sgd"
    opt_eps: Positive | None = None
    opt_betas: Momenta | None = None
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
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
    decay_milestones: list[int] = Field([90, 180, 270])
    decay_rate: Positive = 0.1

    no_aug: bool = False
    scale: Shares = Field([0.08, 1.0], description="area range of the random resized crop")
    ratio: Ratios = Field([3.0 / 4.0, 4.0 / 3.0], description="width by height of that crop")
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
    crop_pct: Annotated[float, Field(ge=0.1, le=1.5)] = Field(
        0.875, description="of the image's side that evaluation looks at; above 1 it is padded"
    )

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

    @property
    def jitters(self) -> bool:
        """Colours are changed at random; beside another augmentation timm does so for 3a alone."""
        return self.color_jitter > 0 and (not self.aa or "3a" in self.aa)

    @property
    def idle(self) -> set[str]:
        """Keys that do nothing beside the others."""
        return {key for key, does in NEEDS.items() if not does(self)}

    @model_validator(mode="after")
    def _cools(self) -> Self:
        if self.cooldown_epochs and self.sched in ("step", "multistep"):
            raise ValueError(f"sched {self.sched} has no cooldown_epochs: leave them out")
        return self


class NamedRecipe(Recipe):
    """A file of study/recipes, and what departs from it."""

    name: str

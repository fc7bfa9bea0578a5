"""The keys of a recipe: optimizer, learning-rate schedule, augmentation, loss, precision."""

import math
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from study.spec.schema.types import (
    MOST_EPOCHS,
    Batch,
    Below1,
    Count,
    Epochs,
    Fraction,
    Momenta,
    NotNegative,
    Positive,
    Ratios,
    Shares,
    Strict,
    UpTo1,
)

MULTI_LABEL_LOSSES = ("bce", "asl")
"""timm's losses of images with several labels; asl is the asymmetric loss (arXiv 2009.14119)."""


class Recipe(Strict):
    """A training recipe, with the argument names and defaults of timm's train.py.

    Two defaults differ. train.py draws `interpolation` at random in training, and in evaluation
    takes it and `crop_pct` from the model; here they are the same for every arm.
    """

    unverified: list[str] = Field([], description="keys whose value no source confirms")

    epochs: Epochs = 300
    batch_size: Batch = Field(128, description="images per step, shared by all devices")
    grad_accum_steps: Batch = Field(1, description="steps per update")

    opt: str = "sgd"
    opt_eps: UpTo1 | None = None
    opt_betas: Momenta | None = None
    momentum: Below1 = 0.9
    weight_decay: Annotated[float, Field(ge=0, le=10)] = 2e-5
    layer_decay: UpTo1 | None = None
    clip_grad: Positive | None = None
    clip_mode: Literal["norm", "value", "agc"] = "norm"

    lr: Positive | None = Field(None, description="absolute; else lr_base scaled by batch size")
    lr_base: Positive = 0.1
    lr_base_size: Count = 256
    lr_base_scale: Literal["", "linear", "sqrt"] = Field("", description="'': by optimizer")
    sched: str = Field("cosine", examples=["cosine", "step", "multistep", "poly", "tanh", "wsd"])
    warmup_epochs: Epochs = 5
    warmup_lr: NotNegative = 1e-5
    min_lr: NotNegative = 0.0
    cooldown_epochs: Epochs = 0
    decay_epochs: Annotated[float, Field(gt=0, le=MOST_EPOCHS)] = 90
    decay_milestones: Annotated[list[Epochs], Field(min_length=1)] = Field([90, 180, 270])
    decay_rate: Annotated[float, Field(gt=0, le=10)] = Field(
        0.1, description="power of sched poly; else the factor that multiplies the rate"
    )

    no_aug: bool = False
    scale: Shares = Field([0.08, 1.0], description="area range of the random resized crop")
    ratio: Ratios = Field([3.0 / 4.0, 4.0 / 3.0], description="width by height of that crop")
    hflip: Fraction = 0.5
    vflip: Fraction = 0.0
    color_jitter: Annotated[float, Field(ge=0, le=2)] = 0.4
    aa: str | None = Field(None, description="such as rand-m9-mstd0.5-inc1")
    transform: str = Field("timm", description="how images are cropped, augmented and resized")
    aug_repeats: Annotated[int, Field(ge=0, le=100)] = 0
    reprob: Fraction = 0.0
    remode: Literal["const", "rand", "pixel"] = "pixel"
    recount: Annotated[int, Field(ge=1, le=100)] = 1
    interpolation: Literal[
        "random", "nearest", "bilinear", "bicubic", "box", "hamming", "lanczos"
    ] = Field(
        "bicubic",
        description="train.py: random, the model's to evaluate; sets in memory: nearest is fastest",
    )
    crop_pct: Annotated[float, Field(ge=0.1, le=1.5)] = Field(
        0.875,
        description="fraction of the side that evaluation crops; above 1 pads; train.py: model's",
    )

    smoothing: Below1 = 0.1
    loss: str | None = Field(
        None, examples=["ce", "bce", "asl"], description="absent: bce if bce_loss, else ce"
    )
    bce_loss: bool = False
    class_weights: Literal["balanced"] | Annotated[list[Positive], Field(min_length=1)] | None = (
        Field(None, description="of ce, by class; balanced: inverse frequency, mean 1 over images")
    )
    mixup: Annotated[float, Field(ge=0, le=100)] = 0.0
    cutmix: Annotated[float, Field(ge=0, le=100)] = 0.0
    mixup_prob: Fraction = 1.0
    mixup_switch_prob: Fraction = 0.5
    mixup_mode: Literal["batch", "pair", "elem"] = "batch"
    mixup_off_epoch: Epochs = 0

    model_ema: bool = False
    model_ema_decay: Annotated[float, Field(gt=0, lt=1)] = 0.9998
    model_ema_warmup: bool = False

    amp: bool = False
    amp_dtype: Literal["float16", "bfloat16"] = "float16"
    channels_last: bool = False
    grad_checkpointing: bool = False
    torchcompile: bool = False

    @property
    def total_epochs(self) -> int:
        """The number of epochs that are trained, with the cool-down of a smooth schedule."""
        return self.epochs + (self.cooldown_epochs if self.epochs else 0)

    @property
    def optimizer_name(self) -> str:
        """The name of the optimizer, which timm can wrap in Lookahead by a prefix."""
        return self.opt.lower().removeprefix("lookahead_")

    @property
    def loss_name(self) -> str:
        """The name of the loss; timm's train.py has a flag for the binary one."""
        return self.loss or ("bce" if self.bce_loss else "ce")

    @property
    def jitters(self) -> bool:
        """True if colours are jittered; beside `aa` timm does so for the policy 3a alone."""
        return self.color_jitter > 0 and (not self.aa or "3a" in self.aa)

    @property
    def mixes(self) -> bool:
        """True if images are mixed in pairs, by mixup or CutMix."""
        return self.mixup > 0 or self.cutmix > 0

    @property
    def learning_rate(self) -> float:
        """The peak learning rate: `lr`, or lr_base scaled by images per update, as in train.py.

        The scale is linear, or the square root for the Ada family and LAMB, unless lr_base_scale
        is set.
        """
        if self.lr is not None:
            return self.lr
        ratio = self.batch_size * self.grad_accum_steps / self.lr_base_size
        # timm's train.py: "ada" matches Adam, AdamW, Adafactor and Adagrad alike.
        adaptive = any(name in self.opt.lower() for name in ("ada", "lamb"))
        scale = self.lr_base_scale or ("sqrt" if adaptive else "linear")
        return self.lr_base * (math.sqrt(ratio) if scale == "sqrt" else ratio)

    @property
    def contradictions(self) -> Iterator[tuple[str, str, str]]:
        """Yield (wrong key, other key, message) for keys that contradict each other."""
        rate = self.learning_rate
        decays = self.sched in ("step", "multistep")
        if self.loss and self.bce_loss:
            yield "loss", "bce_loss", "bce_loss names a loss too: leave one of them out"
        left = self.epochs - self.warmup_epochs
        if self.sched == "wsd" and self.decay_epochs > left > 0:
            why = f"{self.decay_epochs} is more than the {left} that warm-up leaves for sched wsd"
            yield "decay_epochs", "sched", why
        if self.cooldown_epochs and self.sched in ("step", "multistep", "constant", "wsd"):
            yield "cooldown_epochs", "sched", f"sched {self.sched} has no cool-down: leave it out"
        if self.epochs and self.min_lr > rate and self.sched in ("cosine", "poly", "tanh", "wsd"):
            yield "min_lr", "lr", f"{self.min_lr:g} lies above the learning rate, {rate:g}"
        if decays and self.decay_rate > 1:
            yield "decay_rate", "sched", f"sched {self.sched} would raise the learning rate"
        if self.decay_milestones != sorted(set(self.decay_milestones)):
            yield "decay_milestones", "sched", "the epochs must rise"
        if self.class_weights and self.loss_name != "ce":
            why = f"loss {self.loss_name} takes no weights of classes, only ce does"
            yield "class_weights", "loss" if self.loss else "bce_loss", why
        if self.class_weights and self.mixes:
            mixing = "mixup" if self.mixup else "cutmix"
            yield "class_weights", mixing, f"{mixing} gives an image two classes: leave one out"
        if self.mixes and self.batch_size % 2:
            yield "batch_size", "mixup", "mixup and CutMix pair images: make it even"


NO_RECIPE = "none"
"""The name of the recipe that trains nothing: given weights are evaluated."""


class NamedRecipe(Recipe):
    """A recipe that ships or a file, and the keys that override it; timm's defaults without one."""

    name: str | None = Field(None, description="a file of study/recipes, FILE.yaml, or none")

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
from study.tasks.classification.schema.policies import policy_mistake
from study.tasks.classification.schema.suggestions import (
    losses,
    optimizers,
    policies,
    recipe_names,
    schedules,
    transforms,
)


class Recipe(Strict):
    """A training recipe, with the argument names and defaults of timm's train.py.

    Two defaults differ. train.py draws `interpolation` at random in training, and in evaluation
    takes it and `crop_pct` from the model; here they are the same for every arm.
    """

    unverified: list[str] = Field([], description="keys whose value no source confirms")

    epochs: Epochs = Field(300, description="passes over the training images; 0 only evaluates")
    batch_size: Batch = Field(128, description="images per step, shared by all devices")
    grad_accum_steps: Batch = Field(1, description="steps per update")

    opt: str = Field(
        "sgd", description="optimizer of timm, in small letters", json_schema_extra=optimizers
    )
    opt_eps: UpTo1 | None = Field(None, description="epsilon; absent, the optimizer's own")
    opt_betas: Momenta | None = Field(None, description="two decay rates of Adam's kind")
    momentum: Below1 = Field(0.9, description="of SGD and optimizers like it")
    weight_decay: Annotated[float, Field(ge=0, le=10)] = Field(
        2e-5, description="not of biases and norms"
    )
    layer_decay: UpTo1 | None = Field(
        None, description="factor of the learning rate from each layer to the one before it"
    )
    clip_grad: Positive | None = Field(None, description="limit of clip_mode; absent, no clipping")
    clip_mode: Literal["norm", "value", "agc"] = Field(
        "norm", description="by the norm of all gradients, by value, or adaptively"
    )

    lr: Positive | None = Field(None, description="absolute; else lr_base scaled by batch size")
    lr_base: Positive = Field(0.1, description="learning rate at lr_base_size images per update")
    lr_base_size: Count = Field(256, description="images per update that lr_base is of")
    lr_base_scale: Literal["", "linear", "sqrt"] = Field("", description="'': by optimizer")
    sched: str = Field("cosine", description="learning-rate schedule", json_schema_extra=schedules)
    warmup_epochs: Epochs = Field(5, description="epochs in which the rate rises from warmup_lr")
    warmup_lr: NotNegative = Field(1e-5, description="learning rate at the start of warm-up")
    min_lr: NotNegative = Field(0.0, description="learning rate at the end of the schedule")
    cooldown_epochs: Epochs = Field(0, description="epochs at min_lr after the schedule")
    decay_epochs: Annotated[float, Field(gt=0, le=MOST_EPOCHS)] = Field(
        90, description="of sched step: epochs between two decays; of wsd: epochs of the decay"
    )
    decay_milestones: Annotated[list[Epochs], Field(min_length=1)] = Field(
        [90, 180, 270], description="of sched multistep: epochs after which the rate decays"
    )
    decay_rate: Annotated[float, Field(gt=0, le=10)] = Field(
        0.1, description="power of sched poly; else the factor that multiplies the rate"
    )

    no_aug: bool = Field(False, description="resize and normalise only")
    scale: Shares = Field([0.08, 1.0], description="area range of the random resized crop")
    ratio: Ratios = Field([3.0 / 4.0, 4.0 / 3.0], description="width by height of that crop")
    hflip: Fraction = Field(0.5, description="probability of a horizontal flip")
    vflip: Fraction = Field(0.0, description="probability of a vertical flip")
    color_jitter: Annotated[float, Field(ge=0, le=2)] = Field(
        0.4, description="strength of colour jitter; beside aa of the policy 3a alone"
    )
    aa: str | None = Field(
        None,
        description="augmentation policy, such as rand-m9-mstd0.5-inc1",
        json_schema_extra=policies,
    )
    transform: str = Field(
        "timm",
        description="how images are cropped, augmented and resized",
        json_schema_extra=transforms,
    )
    aug_repeats: Annotated[int, Field(ge=0, le=100)] = Field(
        0, description="augmented copies of an image in a batch; 0 for none"
    )
    reprob: Fraction = Field(0.0, description="probability of random erasing")
    remode: Literal["const", "rand", "pixel"] = Field(
        "pixel", description="erased by zeros, by one random colour, or by noise"
    )
    recount: Annotated[int, Field(ge=1, le=100)] = Field(
        1, description="most rectangles that are erased in an image"
    )
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

    smoothing: Below1 = Field(0.1, description="label smoothing")
    loss: str | None = Field(
        None, description="absent: bce if bce_loss, else ce", json_schema_extra=losses
    )
    bce_loss: bool = Field(False, description="binary cross-entropy, as timm's train.py names it")
    class_weights: Literal["balanced"] | Annotated[list[Positive], Field(min_length=1)] | None = (
        Field(None, description="of ce, by class; balanced: inverse frequency, mean 1 over images")
    )
    mixup: Annotated[float, Field(ge=0, le=100)] = Field(0.0, description="alpha; 0 for no mixup")
    cutmix: Annotated[float, Field(ge=0, le=100)] = Field(0.0, description="alpha; 0 for no CutMix")
    mixup_prob: Fraction = Field(1.0, description="probability that a batch is mixed")
    mixup_switch_prob: Fraction = Field(
        0.5, description="probability of CutMix in place of mixup, where both are on"
    )
    mixup_mode: Literal["batch", "pair", "elem"] = Field(
        "batch", description="one draw for a batch, for a pair, or for an image"
    )
    mixup_off_epoch: Epochs = Field(0, description="epoch from which nothing is mixed; 0: never")

    model_ema: bool = Field(False, description="evaluate an exponential mean of the weights")
    model_ema_decay: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.9998, description="of that mean, per update"
    )
    model_ema_warmup: bool = Field(False, description="raise model_ema_decay from 0 at the start")

    amp: bool = Field(False, description="mixed precision, by autocast")
    amp_dtype: Literal["float16", "bfloat16"] = Field("float16", description="of mixed precision")
    channels_last: bool = Field(False, description="weights and images in that memory layout")
    grad_checkpointing: bool = Field(
        False, description="compute activations again in place of storing them"
    )
    torchcompile: bool = Field(False, description="train and evaluate with torch.compile")
    fast_path: bool = Field(
        False, description="ResT and PVT in another order of sums: less time, other last digits"
    )

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
        # Other transforms may read policies of their own.
        if self.aa and self.transform == "timm" and (why := policy_mistake(self.aa)):
            yield "aa", "transform", why
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
        if self.fast_path and self.torchcompile:
            yield "fast_path", "torchcompile", "a compiled model has its own: leave one out"
        if self.mixes and self.batch_size % 2:
            yield "batch_size", "mixup", "mixup and CutMix pair images: make it even"


class NamedRecipe(Recipe):
    """A recipe that ships or a file, and the keys that override it; timm's defaults without one."""

    name: str | None = Field(
        None,
        description="a file of study/recipes, FILE.yaml, or none",
        json_schema_extra=recipe_names,
    )

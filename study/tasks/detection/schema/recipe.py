"""The keys of a recipe: images, optimizer, learning rate by iteration, precision, evaluations."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from study.spec.schema.types import (
    Batch,
    Below1,
    Count,
    Fraction,
    Momenta,
    Positive,
    Strict,
)

MOST_ITERATIONS = 10_000_000
Iterations = Annotated[int, Field(ge=0, le=MOST_ITERATIONS)]
Side = Annotated[int, Field(ge=32, le=8192)]  # pixels


class DetectionRecipe(Strict):
    """A training recipe of a detector; the defaults are those of Detectron2's schedule 1x."""

    unverified: list[str] = Field([], description="keys whose value no source confirms")

    # Iterations, as the literature of detection counts: an epoch of COCO is 7,330 of 16 images.
    iterations: Iterations = Field(90_000, description="updates; 0 only evaluates")
    batch_size: Batch = Field(16, description="images per update, shared by all devices")
    eval_every: Count = Field(
        90_000, description="iterations between two evaluations; the last always has one"
    )

    opt: Literal["sgd", "adamw"] = Field("sgd", description="optimizer")
    lr: Positive = Field(0.02, description="learning rate after warm-up")
    momentum: Below1 = Field(0.9, description="of sgd")
    betas: Momenta = Field([0.9, 0.999], description="of adamw")
    weight_decay: Annotated[float, Field(ge=0, le=10)] = Field(
        1e-4, description="of all weights but those of norms"
    )
    weight_decay_norm: Annotated[float, Field(ge=0, le=10)] = Field(
        0.0, description="of the weights and biases of norms"
    )
    clip_grad: Positive | None = Field(None, description="largest norm of all gradients")
    warmup_iterations: Iterations = Field(1000, description="iterations in which the rate rises")
    warmup_factor: Fraction = Field(0.001, description="of the rate, from which it rises linearly")
    steps: list[Count] = Field(
        [60_000, 80_000], description="iterations after which the rate falls"
    )
    decay_rate: Annotated[float, Field(gt=0, le=1)] = Field(
        0.1, description="factor of the rate after each of steps"
    )

    # Pixels of resized images, which keep their shape.
    sizes: Annotated[list[Side], Field(min_length=1)] = Field(
        [*range(640, 801, 32)], description="shorter sides of which each training image has one"
    )
    max_size: Side = Field(1333, description="the longer side is at most this")
    test_size: Side = Field(800, description="shorter side in evaluation")
    flip: Fraction = Field(0.5, description="probability of a horizontal flip")
    aspect_groups: bool = Field(True, description="all images of a batch are wide, or all are tall")

    # float16 as in Detectron2, whose losses are scaled; bfloat16 needs no scale.
    amp: bool = Field(False, description="mixed precision, by autocast")
    amp_dtype: Literal["float16", "bfloat16"] = Field("float16", description="of mixed precision")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.steps != sorted(set(self.steps)):
            raise ValueError("steps: the iterations must rise")
        if self.sizes != sorted(set(self.sizes)):
            raise ValueError("sizes: the sides must rise")
        if self.max_size < max(*self.sizes, self.test_size):
            shorter = max(*self.sizes, self.test_size)
            raise ValueError(f"max_size {self.max_size} is less than a shorter side, {shorter}")
        return self

    @property
    def evaluations(self) -> tuple[int, ...]:
        """The iterations after which the detector is evaluated."""
        if not self.iterations:
            return (0,)
        return (*range(self.eval_every, self.iterations, self.eval_every), self.iterations)

    def rate(self, iteration: int) -> float:
        """The learning rate of an iteration, from 0, as Detectron2 computes it."""
        # An iteration counts from 0: the rate falls after as many updates as a step says.
        passed = sum(iteration >= step for step in self.steps)
        warm = 1.0
        if iteration < self.warmup_iterations:
            share = iteration / self.warmup_iterations
            warm = self.warmup_factor * (1 - share) + share
        return self.lr * warm * self.decay_rate**passed


class NamedDetectionRecipe(DetectionRecipe):
    """A recipe of this package, and the keys that override it; Detectron2's without one."""

    name: str | None = Field(None, description="coco_1x, coco_smoke")

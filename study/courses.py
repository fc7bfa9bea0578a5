"""What recipes come to: learning rates, updates, and what acts in a training.

timm's optimizer and schedule are asked once for each recipe, and the answer is kept in the store,
so that a second plan imports no torch.
"""

from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

from study.cost_records import Course
from study.origin import CHANGE_NO_NUMBER, code_behind, digest
from study.schema import Recipe, acts
from study.spec import Config
from study.store import Store

STEPPED = ("memory", "train_throughput")
"""Columns that one update of the recipe is measured for, at whatever learning rate."""
SHOWN = 5  # epochs whose learning rates are listed


def course(recipe: Recipe, store: Store) -> Course:
    """What the recipe comes to, from the store or worked out now.

    Raises:
        SpecError: timm has no such optimizer, or it does not take what the recipe gives it.
    """
    code = code_behind("study.train", ignoring=CHANGE_NO_NUMBER)
    key = digest(["course", recipe.model_dump(mode="json"), version("timm"), code])
    course = store.kept("arms", key, Course)
    if course is None:
        from study import train

        course = Course(**train.course(recipe)._asdict())
        store.keep("arms", key, course)
    return course


def acting(config: Config, columns: tuple[str, ...], *, trains: bool, store: Store) -> list[Any]:
    """All of an arm's recipe that decides a number of the study: equal lists, equal numbers."""
    steps = acts.step(config.recipe) if {*columns} & {*STEPPED} else None
    if not trains:
        return [steps, None]
    found = course(config.recipe, store)
    return [steps, acts.training(config.data, config.recipe, found.rates, found.updates)]


def rates(recipe: Recipe, store: Store) -> str:
    """The learning rates in a few words, by epoch."""
    found = [f"{rate:g}" for rate in course(recipe, store).rates]
    more = f", ... ({len(found)} epochs)" if len(found) > SHOWN else ""
    return f"the learning rates, by epoch, are {', '.join(found[:SHOWN])}{more}"


def oddities(recipe: Recipe, store: Store) -> Iterator[str]:
    """What is odd about a recipe's learning rates and no mistake, each in a sentence."""
    found = course(recipe, store).rates
    if still := [epoch for epoch, rate in enumerate(found, 1) if rate == 0]:
        yield f"{_epochs(still, len(found))} at learning rate 0 and changes no weight{_why(recipe)}"
    if found and recipe.warmup_epochs >= len(found):
        yield (
            f"warm-up ({_count(recipe.warmup_epochs)}) is as long as the training "
            f"({_count(len(found))}): the learning rate {recipe.learning_rate:g} is never reached, "
            f"the highest is {max(found):g}; lower recipe.warmup_epochs to reach it"
        )
    if found and recipe.warmup_epochs and recipe.warmup_lr > recipe.learning_rate:
        yield (
            f"warm-up starts at {recipe.warmup_lr:g}, above the learning rate "
            f"{recipe.learning_rate:g}"
        )
    falls = recipe.sched in ("step", "multistep") and recipe.decay_rate < 1
    if falls and recipe.warmup_epochs < len(found) and found[-1] == max(found):
        yield f"sched {recipe.sched} lowers no learning rate within {_count(len(found))}"
    if recipe.mixes and recipe.mixup_off_epoch >= len(found) > 0:
        yield (
            f"mixup_off_epoch {recipe.mixup_off_epoch} is not reached within {_count(len(found))}"
        )


def _why(recipe: Recipe) -> str:
    """Where a learning rate of 0 comes from."""
    if recipe.warmup_epochs and recipe.warmup_lr == 0:
        return ": warmup_lr is 0, and timm moves the learning rate by epoch, not by update"
    return f": min_lr is {recipe.min_lr:g}"


def _epochs(numbers: list[int], total: int) -> str:
    if len(numbers) == 1:
        return f"epoch {numbers[0]} of {total} trains"
    return f"each of {len(numbers)} epochs of {total} ({numbers[0]} to {numbers[-1]}) trains"


def _count(epochs: int) -> str:
    return f"{epochs} epoch{'s' if epochs != 1 else ''}"

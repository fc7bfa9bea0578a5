"""Learning rates and updates of recipes, as timm computes them, and the effective settings.

timm's optimizer and schedule are run once for each recipe and cached in the store, so that a second
plan imports no torch.
"""

from collections.abc import Collection, Iterator
from importlib.metadata import version

from study import registries
from study.errors import SpecError, StudyError
from study.store.provenance import CHANGE_NO_NUMBER, code_behind, digest
from study.store.store import Store
from study.tasks.classification.config import Config
from study.tasks.classification.records import RecipeSchedule
from study.tasks.classification.schema import Recipe, effective

STEPPED = ("memory", "train_throughput")
"""Columns that measure one update, which takes as long at any learning rate."""
RATES_LISTED = 5  # epochs whose learning rates are listed


def recipe_schedule(recipe: Recipe, store: Store) -> RecipeSchedule:
    """The learning rates and updates of a recipe, from the store or computed now.

    Raises:
        SpecError: timm has no such optimizer, or the optimizer refuses the recipe's arguments.
    """
    code = code_behind("study.tasks.classification.train", ignoring=CHANGE_NO_NUMBER)
    # The first word is part of stored keys, so it keeps the former name of the record.
    own = registries.used_plugins(
        {
            "optimizer": {recipe.optimizer_name},
            "schedule": {recipe.sched},
            "loss": {recipe.loss_name},
        }
    )
    parts = ["course", recipe.model_dump(mode="json"), version("timm"), code]
    key = digest([*parts, own] if own else parts)
    course = store.record("arms", key, RecipeSchedule)
    if course is None:
        course = _computed(recipe, own)
        store.keep("arms", key, course)
    return course


def _computed(recipe: Recipe, plugins: Collection[str]) -> RecipeSchedule:
    from study.tasks.classification import train
    from study.tasks.classification.data import transforms

    transforms.check(recipe)
    try:
        return RecipeSchedule(**train.rate_schedule(recipe)._asdict())
    except StudyError:
        raise
    except Exception as error:
        # Without plugins the error is a bug of this package and keeps its traceback.
        if not plugins:
            raise
        raise SpecError(
            f"{', '.join(plugins)}: {error!r} (study plugins --check explains)"
        ) from error


def effective_settings(
    config: Config, columns: tuple[str, ...], schedule: RecipeSchedule | None
) -> list[object]:
    """The effective settings of an arm: if they are equal, so are all numbers of the study.

    Without a `schedule`, nothing is trained.
    """
    steps = effective.step(config.recipe) if {*columns} & {*STEPPED} else None
    if schedule is None:
        return [steps, None]
    return [steps, effective.training(config.data, config.recipe, schedule.rates, schedule.updates)]


def rates(schedule: RecipeSchedule) -> str:
    """The learning rates of the first epochs, as text."""
    values = [f"{rate:g}" for rate in schedule.rates]
    more = f", ... ({len(values)} epochs)" if len(values) > RATES_LISTED else ""
    return f"the learning rates, by epoch, are {', '.join(values[:RATES_LISTED])}{more}"


def oddities(recipe: Recipe, schedule: RecipeSchedule) -> Iterator[str]:
    """Notes on learning rates that are unusual, but may be meant."""
    values = schedule.rates
    if still := [epoch for epoch, rate in enumerate(values, 1) if rate == 0]:
        epochs = _epochs(still, len(values))
        yield f"{epochs} at learning rate 0 and changes no weight{_why(recipe)}"
    if values and recipe.warmup_epochs >= len(values):
        yield (
            f"warm-up ({_count(recipe.warmup_epochs)}) is as long as the training "
            f"({_count(len(values))}): the learning rate {recipe.learning_rate:g} is never "
            f"reached, the highest is {max(values):g}; lower recipe.warmup_epochs to reach it"
        )
    if values and recipe.warmup_epochs and recipe.warmup_lr > recipe.learning_rate:
        yield (
            f"warm-up starts at {recipe.warmup_lr:g}, above the learning rate "
            f"{recipe.learning_rate:g}"
        )
    falls = recipe.sched in ("step", "multistep") and recipe.decay_rate < 1
    if falls and recipe.warmup_epochs < len(values) and values[-1] == max(values):
        yield f"sched {recipe.sched} lowers no learning rate within {_count(len(values))}"
    if recipe.mixes and recipe.mixup_off_epoch >= len(values) > 0:
        yield (
            f"mixup_off_epoch {recipe.mixup_off_epoch} is not reached within {_count(len(values))}"
        )


def _why(recipe: Recipe) -> str:
    """The key of the recipe that causes a learning rate of 0."""
    if recipe.warmup_epochs and recipe.warmup_lr == 0:
        return ": warmup_lr is 0, and timm moves the learning rate by epoch, not by update"
    return f": min_lr is {recipe.min_lr:g}"


def _epochs(numbers: list[int], total: int) -> str:
    if len(numbers) == 1:
        return f"epoch {numbers[0]} of {total} trains"
    return f"each of {len(numbers)} epochs of {total} ({numbers[0]} to {numbers[-1]}) trains"


def _count(epochs: int) -> str:
    return f"{epochs} epoch{'s' if epochs != 1 else ''}"

"""Facts about the trials of an arm, and the same in words."""

from study.spec.image_size import printed
from study.spec.study import Arm, Study
from study.tasks.arms import Facts
from study.tasks.classification.config import Config, config_of, part_label, weights_title


def facts(study: Study, arm: Arm) -> Facts:
    """The protocol of our own measurement of an arm, and what timm's tables say of a result."""
    config = config_of(arm)
    data, recipe = config.data, config.recipe
    return Facts(
        model=part_label(study, "model", arm),
        data=data.label,
        img_size=data.img_size,
        recipe=part_label(study, "recipe", arm),
        epochs=recipe.total_epochs,
        # The effective batch of one update: gradients are accumulated over several batches.
        batch_size=recipe.batch_size * recipe.grad_accum_steps,
        architecture=config.model,
        step_images=recipe.batch_size,
        crop_pct=recipe.crop_pct,
        interpolation=recipe.interpolation,
    )


def summary(arm: Arm) -> str:
    config = config_of(arm)
    training = "nothing is trained" if config.trains_nothing else _count(config.recipe.total_epochs)
    words = [f"{config.data.name} {printed(config.data.img_size)} px", training]
    weights = weights_title(config)
    return " · ".join([*words, *([f"weights {weights}"] if weights else [])])


def caption(study: Study, arm: Arm) -> str:
    config = config_of(arm)
    images = f"{config.data.label} at {printed(config.data.img_size)} px"
    model = study.baseline_name or config.model
    # Nothing is trained, so there is no recipe to state.
    if not study.seeds:
        return f"{model} for {images}"
    weights = weights_title(config)
    title = part_label(study, "recipe")
    recipe = f"recipe {title}{_batch(study, config)}, {_count(config.recipe.total_epochs)}"
    if config.trains_nothing:
        recipe = f"recipe {title}: nothing is trained"
    start = [f"weights {weights}"] if weights else []
    return ", ".join([f"{model} on {images}", *start, recipe])


def _batch(study: Study, config: Config) -> str:
    """The batch size, if the study changes that of its recipe for all arms."""
    keys = ("batch_size", "grad_accum_steps")
    changed = any(key in study.baseline.get("recipe", {}) for key in keys)
    varied = {f"recipe.{key}" for key in keys} & {factor.path for factor in study.factors}
    size = config.recipe.batch_size * config.recipe.grad_accum_steps
    return f" with batches of {size}" if changed and not varied else ""


def _count(epochs: int) -> str:
    return f"{epochs} epoch{'s' if epochs != 1 else ''}"

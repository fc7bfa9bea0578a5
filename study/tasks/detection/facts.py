"""Facts about the trials of an arm, and the same in words."""

from study.spec.study import Arm, Study
from study.tasks.arms import Facts
from study.tasks.detection.config import DetectionConfig, changes, config_of
from study.tasks.detection.plan.arm_cost import counted_size

TITLES = {"retinanet": "RetinaNet", "mask_rcnn": "Mask R-CNN"}


def facts(study: Study, arm: Arm) -> Facts:
    """The protocol of our own measurement of an arm."""
    config = config_of(arm)
    return Facts(
        model=f"{TITLES[config.model.name]} on {config.model.backbone_name}",
        data=config.data.label,
        img_size=config.recipe.test_size,
        recipe=config.recipe_name or None,
        batch_size=config.recipe.batch_size,
        architecture=config.model.backbone_name,
        step_images=config.recipe.batch_size,
    )


def summary(arm: Arm) -> str:
    config = config_of(arm)
    weights = [f"weights {config.start.label}"] if config.start.label else []
    return " · ".join(
        [f"{config.data.name} {config.recipe.test_size} px", _length(config), *weights]
    )


def caption(study: Study, arm: Arm) -> str:
    config = config_of(arm)
    # A backbone that the rows name is not that of the table.
    varied = {factor.path for factor in study.factors}
    on = "" if {"model", "model.backbone"} & varied else f" on {config.model.backbone_name}"
    model = study.baseline_name or f"{TITLES[config.model.name]}{on}"
    size = f"{config.recipe.test_size} px{_counted(study, config)}"
    images = f"{model}, {config.data.label} at {size}"
    # Nothing is trained, so there is no recipe to state.
    if not study.seeds:
        return images
    start = [f"backbone from {config.start.label}"] if config.start.label else []
    departures = changes(study, "recipe")
    recipe = config.recipe_name or "Detectron2's defaults"
    recipe = f"recipe {recipe}{f' with {departures}' if departures else ''}, {_length(config)}"
    return ", ".join([images, *start, recipe])


def _counted(study: Study, config: DetectionConfig) -> str:
    """The size that printed multiply-adds are of, and what a head is; "" if none are printed."""
    if not any(name.startswith("macs") for name in study.columns):
        return ""
    height, width = counted_size(config.recipe)
    head = ", head: all behind the backbone" * ("macs_head" in study.columns)
    return f" (MACs at {height} × {width} px{head})"


def _length(config: DetectionConfig) -> str:
    count = config.recipe.iterations
    if not count:
        return "nothing is trained"
    return f"{count:,} iteration{'s' if count != 1 else ''} of {config.recipe.batch_size} images"

"""Effective settings of a recipe: if they are equal, two detectors have equal qualities.

Some settings have no effect beside others, such as the momentum of SGD where AdamW trains. A factor
whose levels differ in such a setting alone would compare a training with itself.
"""

from study.tasks.detection.schema.recipe import DetectionRecipe

Acting = dict[str, object]


def acting(recipe: DetectionRecipe) -> Acting:
    """The settings that decide training and the last evaluation."""
    # Evaluated images are padded to the largest of their batch, which norms and attention see.
    keys = {"batch_size", "test_size", "max_size", "iterations"}
    evaluation = {**_keys(recipe, *keys), "amp": recipe.amp_dtype if recipe.amp else None}
    if not recipe.iterations:
        return evaluation
    steps = [step for step in recipe.steps if step < recipe.iterations]
    return {
        **evaluation,
        **_keys(recipe, "opt", "lr", "weight_decay", "weight_decay_norm", "clip_grad"),
        **_keys(recipe, "sizes", "flip", "aspect_groups"),
        **_keys(recipe, "momentum" if recipe.opt == "sgd" else "betas"),
        "warmup": _keys(recipe, "warmup_iterations", "warmup_factor")
        if recipe.warmup_iterations
        else None,
        "steps": steps,
        "decay": recipe.decay_rate if steps else None,
    }


def _keys(recipe: DetectionRecipe, *keys: str) -> Acting:
    return recipe.model_dump(mode="json", include=set(keys))

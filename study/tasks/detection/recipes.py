"""Recipes of this package, and a study's changes to them."""

from study.errors import unknown
from study.spec.problems import Location, Problem
from study.spec.schema import validated
from study.spec.yaml import Tree, merged, placed
from study.tasks.detection.schema import DetectionRecipe


def recipe_of(tree: Tree) -> tuple[DetectionRecipe | None, list[Problem]]:
    """A recipe with the study's changes, and its problems."""
    if not isinstance(tree.value, dict):
        return None, [Problem("recipe: a name, or a mapping of keys", tree.location)]
    name = tree.value.get("name")
    if name is not None and name.value not in RECIPES:
        return None, [Problem(unknown("recipe", str(name.value), RECIPES), name.location)]
    base = placed(RECIPES[name.value] if name else {}, _start(tree))
    # Key by key: a name here says what is departed from, so it replaces nothing.
    both = merged(base, tree, whole=False)
    # No setting: trials are named by what a recipe says, not by its name.
    both.value.pop("name", None)
    return validated(DetectionRecipe, both)


def _start(tree: Tree) -> Location:
    """The place of what the file leaves to the recipe: that of its name."""
    name = tree.value.get("name")
    return name.location if name else tree.location


RECIPES: dict[str, dict[str, object]] = {
    # ResT's code for detection (object_detection/d2 of the official repository), schedule 1x.
    "coco_1x": {
        "iterations": 90_000,
        "batch_size": 16,
        "eval_every": 15_000,
        "opt": "adamw",
        "lr": 1e-4,
        "weight_decay": 0.05,
        "weight_decay_norm": 0.0,
        "warmup_iterations": 1000,
        "steps": [60_000, 80_000],
        "sizes": [640, 672, 704, 736, 768, 800],
        "max_size": 1333,
        "test_size": 800,
        # Detectron2's defaults; no source says that the authors kept them.
        "unverified": ["betas", "decay_rate", "flip", "warmup_factor", "amp"],
    },
    # About a minute of one core for a backbone of test size on `digits_coco`.
    "coco_smoke": {
        "iterations": 500,
        "batch_size": 8,
        "eval_every": 250,
        "opt": "adamw",
        "lr": 2e-3,
        "weight_decay": 0.05,
        "clip_grad": 1.0,
        "warmup_iterations": 30,
        "steps": [400],
        "sizes": [112, 128, 144],
        "max_size": 256,
        "test_size": 128,
        "flip": 0.0,  # a mirrored digit is another sign
    },
}
"""Recipes by name: the keys in which each departs from the defaults of `DetectionRecipe`."""

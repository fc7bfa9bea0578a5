"""Random draws in training: which of them act, and which of them two arms do not share.

Arms are compared seed by seed, so random augmentation should be the same in both: then it cancels
in the difference. That holds for draws by (seed, epoch, position in the epoch's order); `unshared`
lists the exceptions.
"""

from collections.abc import Iterator

from study.tasks.classification.schema.data import Data
from study.tasks.classification.schema.recipe import Recipe

CROPS, ERASING = "crops", "erasing"
VERSIONS = {CROPS: 2, ERASING: 2}
"""Raise a version when a change makes the same seed draw other numbers; only trials in which the
draw acts get a new name. Crops are those of data sets held in memory."""


def versions(data: Data, recipe: Recipe) -> dict[str, int]:
    """Versions of the draws that act in a training, by name; part of the trial's digest."""
    if not recipe.epochs or recipe.no_aug:
        return {}
    acts = {CROPS: data.held and _views(data, recipe), ERASING: recipe.reprob > 0}
    return {what: VERSIONS[what] for what in VERSIONS if acts[what]}


def _views(data: Data, recipe: Recipe) -> bool:
    """True if crops or flips are drawn, or precede other augmentation of a set in memory."""
    crops = recipe.scale != [1, 1] or recipe.ratio != [1, 1] or not data.is_square
    flips = recipe.hflip, recipe.vflip
    jitters = recipe.jitters and any(flips)
    return crops or any(0 < probability < 1 for probability in flips) or bool(recipe.aa) or jitters


def unshared(first: tuple[Data, Recipe], other: tuple[Data, Recipe]) -> Iterator[str]:
    """Yield the random draws in which two trainings of the same seed differ.

    Draws that one of them does not make are left out, and so is the use of a draw: with another
    `scale` the same numbers give another crop.
    """
    (data, recipe), (other_data, other_recipe) = first, other
    recipes = recipe, other_recipe
    if _images(data) != _images(other_data):
        yield "images"
        return
    if _order(data, recipe) != _order(other_data, other_recipe):
        yield "the order of images, and with it all that is drawn for an image"
        return
    if recipe.batch_size != other_recipe.batch_size and all(r.mixes for r in recipes):
        yield "mixup and CutMix, which are drawn by batch"
    if any(r.no_aug for r in recipes):
        return
    if data.held != other_data.held:
        yield "crops, flips and colours, as one set is held in memory and the other is not"
    else:
        yield from _augmentation(*recipes, held=data.held)


def _augmentation(first: Recipe, other: Recipe, *, held: bool) -> Iterator[str]:
    """Yield draws that follow, in one stream, a draw that only one of the recipes makes.

    Crops, flips and interpolation of a set in memory are drawn beside the others, not before them.
    """
    both = first, other
    random = [recipe.interpolation == "random" for recipe in both]
    areas = [(recipe.scale, recipe.ratio) for recipe in both]
    mirrors = [recipe.hflip > 0 for recipe in both]
    flips = [(recipe.hflip > 0) + (recipe.vflip > 0) for recipe in both]
    moved = random[0] != random[1] or (areas[0] != areas[1] and not held)
    if moved and all(recipe.aa for recipe in both):
        yield "the operations of aa"
    if not held and mirrors[0] != mirrors[1] and all(recipe.vflip for recipe in both):
        yield "vertical flips"
    if not held and flips[0] != flips[1] and all(recipe.jitters for recipe in both):
        yield "colours"


def _images(data: Data) -> dict[str, object]:
    """The values of the keys that decide which images are trained on."""
    keys = {"name", "root", "train_split", "class_map", "class_folder", "ignore", "train_limit"}
    keys |= {"split", "train"}
    return data.model_dump(include=keys)


def _order(data: Data, recipe: Recipe) -> list[object]:
    """The settings that the order of an epoch depends on, besides seed and images."""
    # timm's reader of streams shuffles in a buffer, and cuts the tars by whole batches.
    stream = data.name.startswith("wds/")
    return [max(1, recipe.aug_repeats), recipe.batch_size if stream else None]

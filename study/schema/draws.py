"""Random draws of a training's images: which act, and which two arms do not share.

Arms are compared seed by seed, so whatever chance does to an image is to be the same in both. It is
where it is drawn by (seed, epoch, place in the epoch's order); what is drawn otherwise is told.
"""

from collections.abc import Iterator

from study.schema.data import Data
from study.schema.recipe import Recipe

CROPS, ERASING = "crops", "erasing"
VERSIONS = {CROPS: 2, ERASING: 2}
"""Raised where the same seed comes to draw other numbers: only trials in which they act are named
anew. Crops are those of sets held in memory."""


def versions(data: Data, recipe: Recipe) -> dict[str, int]:
    """The versions of the draws that act in a training, by what is drawn; a part of its name."""
    if not recipe.epochs or recipe.no_aug:
        return {}
    acts = {CROPS: data.held and _views(recipe), ERASING: recipe.reprob > 0}
    return {what: VERSIONS[what] for what in VERSIONS if acts[what]}


def _views(recipe: Recipe) -> bool:
    """Crops or flips are drawn, or are drawn before other augmentation of a set in memory."""
    crops = recipe.scale != [1, 1] or recipe.ratio != [1, 1]
    flips = recipe.hflip, recipe.vflip
    jitters = recipe.jitters and any(flips)
    return crops or any(0 < chance < 1 for chance in flips) or bool(recipe.aa) or jitters


def unshared(one: tuple[Data, Recipe], other: tuple[Data, Recipe]) -> Iterator[str]:
    """What is drawn otherwise in one training than in another of the same seed.

    Not what one of them does not draw at all, nor how a recipe uses a draw: at another `scale`,
    the same numbers give another crop.
    """
    (data, recipe), (other_data, other_recipe) = one, other
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


def _augmentation(one: Recipe, other: Recipe, *, held: bool) -> Iterator[str]:
    """Of draws that follow each other, those behind a draw that one recipe has and the other not.

    Crops, flips and interpolation of a set in memory are drawn beside the others, not before them.
    """
    both = one, other
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
    """The keys that say which images are trained on."""
    keys = {"name", "root", "train_split", "class_map", "class_folder", "ignore", "train_limit"}
    return data.model_dump(include=keys)


def _order(data: Data, recipe: Recipe) -> list[object]:
    """What the order of an epoch depends on beside the seed and the images."""
    stream = data.name.startswith("wds/")
    return [max(1, recipe.aug_repeats), recipe.batch_size if stream else None]

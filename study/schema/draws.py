"""Random draws of a training's images: which act, and which two arms do not share.

Arms are compared seed by seed, so whatever chance does to an image is to be the same in both. It is
where it is drawn by (seed, epoch, place in the epoch's order); what is drawn otherwise is told.
"""

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

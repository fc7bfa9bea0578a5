"""The weights of classes that a trial trains with."""

from study.errors import DataError
from study.tasks.classification.data import DataSplits
from study.tasks.classification.schema import Recipe
from study.tasks.classification.train import balanced


def weighted(recipe: Recipe, images: DataSplits) -> Recipe:
    """The recipe with the weights that `balanced` stands for, of the images that are trained on.

    Raises:
        DataError: a class has no training image, or the data does not list its classes.
    """
    # None, or numbers, which need no counts.
    if recipe.class_weights != "balanced":
        return recipe
    counts = images.class_counts
    # So where the class of an image is known only once it is read.
    if counts is None:
        raise DataError(
            f"class_weights: {images.data.name} has no list of its classes; give numbers"
        )
    # The inverse of a frequency of 0 is infinite.
    if absent := [str(number) for number, count in enumerate(counts) if not count]:
        raise DataError(
            f"class_weights: no training image of class {', '.join(absent)}, so no frequency; give "
            "numbers, or leave the class out"
        )
    return recipe.model_copy(update={"class_weights": balanced(counts)})

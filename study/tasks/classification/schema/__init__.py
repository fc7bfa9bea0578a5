"""The schema of a baseline that trains a classifier: its keys, types, ranges and defaults.

Changing the default of a field changes the meaning of stored results, so `identity.IDENTITY` must
be raised with it. A new field must have the default that keeps the old meaning.
"""

from study.tasks.classification.schema.data import (
    CLASSES,
    IGNORED,
    LISTED,
    LOOKS,
    TORCH,
    Data,
    data_names,
)
from study.tasks.classification.schema.random_draws import unshared, versions
from study.tasks.classification.schema.recipe import NamedRecipe, Recipe
from study.tasks.classification.schema.shipped_recipes import recipes
from study.tasks.classification.schema.suggestions import (
    MULTI_LABEL_LOSSES,
    NO_RECIPE,
    recipe_names,
)
from study.tasks.classification.schema.weights import Weights

__all__ = [
    "CLASSES",
    "IGNORED",
    "LISTED",
    "LOOKS",
    "MULTI_LABEL_LOSSES",
    "NO_RECIPE",
    "TORCH",
    "Data",
    "NamedRecipe",
    "Recipe",
    "Weights",
    "data_names",
    "recipe_names",
    "recipes",
    "unshared",
    "versions",
]

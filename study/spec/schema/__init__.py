"""The schema of a study file: its keys, types, ranges and defaults.

Changing the default of a field changes the meaning of stored results, so `identity.IDENTITY` must
be raised with it. A new field must have the default that keeps the old meaning.
"""

from study.spec.schema.data import CLASSES, IGNORED, LOOKS, TORCH, Data
from study.spec.schema.file import (
    Baseline,
    Named,
    OwnMetric,
    StudyFile,
    Timing,
    salvaged,
    validated,
)
from study.spec.schema.published import Protocol, Published, Status, Value, parted
from study.spec.schema.random_draws import unshared, versions
from study.spec.schema.recipe import NamedRecipe, Recipe

__all__ = [
    "CLASSES",
    "IGNORED",
    "LOOKS",
    "TORCH",
    "Baseline",
    "Data",
    "Named",
    "NamedRecipe",
    "OwnMetric",
    "Protocol",
    "Published",
    "Recipe",
    "Status",
    "StudyFile",
    "Timing",
    "Value",
    "parted",
    "salvaged",
    "unshared",
    "validated",
    "versions",
]

"""Training recipes, shipped or of a file, a study's changes to them, and contradictory keys."""

from collections.abc import Iterator
from dataclasses import dataclass

from study.errors import unknown
from study.spec.problems import Problem
from study.spec.schema import validated
from study.spec.yaml import Tree, merged, read
from study.tasks.classification.recipe_files import (
    RecipeFile,
    is_file_name,
    neighbour,
    recipe_file,
)
from study.tasks.classification.schema import MULTI_LABEL_LOSSES, NO_RECIPE, Data, Recipe, recipes
from study.tasks.classification.schema.data import CHANNELS

EVALUATION = {"batch_size", "crop_pct", "interpolation", "amp", "amp_dtype", "channels_last"}
"""Keys of a recipe that decide how weights are evaluated."""


@dataclass(frozen=True)
class ReadRecipe:
    """A recipe, the keys that its file gives it, and what the file leaves open."""

    recipe: Recipe
    given: Tree
    notes: tuple[str, ...] = ()


def recipe_of(tree: Tree) -> tuple[ReadRecipe | None, list[Problem]]:
    """A recipe with the study's changes, and the problems of both.

    Without a name it has timm's defaults.
    """
    if not isinstance(tree.value, dict):
        return None, [Problem("recipe: a name, a file, or a mapping of keys", tree.location)]
    file, problems = _departed_from(tree)
    if file is None:
        return None, problems
    # Key by key: a name here says what is departed from, so it replaces nothing.
    both = merged(file.keys, tree, whole=False)
    # No setting: trials are named by what a recipe says, not by its name.
    both.value.pop("name", None)
    recipe, more = validated(Recipe, both)
    for key, other, why in recipe.contradictions if recipe else ():
        # Marked at the key that the study wrote, if it wrote one of the two.
        own = [k for k in (key, other) if k in tree.value] or [key, other]
        more.append(
            Problem(f"{key}: {why}", both.at([k for k in own if k in both.value][:1]).location)
        )
    read_recipe = ReadRecipe(recipe, both, tuple(file.notes(recipe))) if recipe else None
    return read_recipe, problems + more


def _departed_from(tree: Tree) -> tuple[RecipeFile | None, list[Problem]]:
    """The keys that a recipe's own keys replace."""
    name = tree.value.get("name")
    if name is None:
        return RecipeFile("", Tree({}, tree.location)), []
    if not isinstance(name.value, str):
        return None, [Problem("recipe: a name, or a mapping with one", tree.location)]
    if name.value == NO_RECIPE:
        # No epochs: the weights are evaluated as they are.
        nothing = Tree({"epochs": Tree(0, name.location)}, name.location)
        return RecipeFile(NO_RECIPE, nothing), list(_idle(tree))
    if is_file_name(name.value):
        return recipe_file(name)
    shipped = recipes()
    if name.value not in shipped:
        # A name without a suffix is never a file, even where one beside the study is so called.
        near = neighbour(name)
        hint = f'a file beside the study is written "{near}"' if near else ""
        names = [*shipped, NO_RECIPE]
        return None, [Problem(unknown("recipe", name.value, names), name.location, hint)]
    file, problems = read(shipped[name.value], f"study/recipes/{name.value}.yaml")
    return RecipeFile(name.value, file), problems


def _idle(tree: Tree) -> Iterator[Problem]:
    """A problem for each key of training beside the name of no recipe."""
    for key in tree.value:
        # Keys that no recipe has are refused by the schema.
        if key in Recipe.model_fields.keys() - EVALUATION:
            message = f"recipe {NO_RECIPE} trains nothing, so {key} has no effect"
            yield Problem(message, tree.value[key].location, "name a recipe, or leave it out")


def contradictions(data: Data | None, recipe: Recipe | None, tree: Tree) -> list[Problem]:
    """Problems for keys of the data that contradict each other or the recipe."""
    wrong = [*data.contradictions] if data else []
    if data and data.split is not None:
        # By the file: in `data` a key that is left out has the same value as its written default.
        both = [key for key in ("train_split", "val_split") if key in tree.value]
        wrong += [(key, "split draws the validation images; leave it out") for key in both]
    if data and recipe and recipe.class_weights == "balanced" and not data.labelled:
        why = f"{data.name} has no list of its classes for class_weights balanced; give numbers"
        wrong.append(("name", why))
    if data and recipe and recipe.epochs:
        wrong += [("multi_label", why) for why in _unlike_labels(data, recipe)]
    if data and recipe and data.in_chans not in CHANNELS:
        wrong += [("in_chans", why) for why in coloured(recipe)]
    if data and recipe and recipe.epochs and recipe.mixes and data.train_limit == 1:
        wrong.append(("train_limit", "mixup and CutMix need a pair of images, and this leaves one"))
    return [Problem(f"{key}: {why}", tree.at([key]).location) for key, why in wrong]


def _unlike_labels(data: Data, recipe: Recipe) -> Iterator[str]:
    """Messages on a loss that is of one label an image, where the data has several, or reverse."""
    name = recipe.loss_name
    if data.multi_label and name == "ce":
        yield "loss ce is of images with one label; write recipe.loss: bce or asl"
    if not data.multi_label and name in MULTI_LABEL_LOSSES and name != "bce":
        yield f"loss {name} is of images with several labels; write recipe.loss: ce or bce"


def coloured(recipe: Recipe) -> Iterator[str]:
    """Messages on augmentation that Pillow has for grey and RGB images alone."""
    # Before the epochs are asked for, since evaluation transforms images as well.
    if recipe.transform != "timm":
        yield f"recipe.transform {recipe.transform} gets Pillow's images, of 1 or 3 channels"
    if not recipe.epochs or recipe.no_aug:
        return
    if recipe.aa:
        yield f"recipe.aa {recipe.aa} changes RGB images, of 1 or 3 channels; write aa: null"
    elif recipe.jitters:
        yield "recipe.color_jitter changes RGB images, of 1 or 3 channels; write color_jitter: 0"

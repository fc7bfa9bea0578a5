"""Shipped training recipes, the changes a study makes to them, and contradictions among keys."""

from collections.abc import Iterator
from functools import cache
from importlib import resources
from pathlib import Path

from study.errors import unknown
from study.spec.problems import Problem
from study.spec.schema import validated
from study.spec.yaml import Tree, merged, read
from study.tasks.classification.schema import Data, Recipe
from study.tasks.classification.schema.data import CHANNELS


@cache
def recipes() -> dict[str, str]:
    """The YAML text of every shipped recipe, by name; read once per process."""
    files = resources.files("study") / "recipes"
    return {
        Path(file.name).stem: file.read_text("utf-8")
        for file in sorted(files.iterdir(), key=lambda f: f.name)
        if file.name.endswith(".yaml")
    }


def recipe_of(tree: Tree) -> tuple[Recipe | None, list[Problem]]:
    """A shipped recipe with the study's changes, and the problems of both."""
    name = tree.value.get("name") if isinstance(tree.value, dict) else None
    if name is None or not isinstance(name.value, str):
        return None, [Problem("recipe: a name, or a mapping with one", tree.location)]
    shipped = recipes()
    if name.value not in shipped:
        return None, [Problem(unknown("recipe", str(name.value), shipped), name.location)]
    file, problems = read(shipped[name.value], f"study/recipes/{name.value}.yaml")
    both = merged(file, tree, whole=False)
    # No setting: trials are named by what a recipe says, not by its name.
    both.value.pop("name", None)
    recipe, more = validated(Recipe, both)
    for key, other, why in recipe.contradictions if recipe else ():
        # Marked at the key that the study wrote, if it wrote one of the two.
        own = [k for k in (key, other) if k in tree.value] or [key, other]
        more.append(
            Problem(f"{key}: {why}", both.at([k for k in own if k in both.value][:1]).location)
        )
    return recipe, problems + more


def contradictions(data: Data | None, recipe: Recipe | None, tree: Tree) -> list[Problem]:
    """Problems for keys of the data that contradict each other or the recipe."""
    wrong = [*data.contradictions] if data else []
    if data and data.split is not None:
        both = [key for key in ("train_split", "val_split") if key in tree.value]
        wrong += [(key, "split draws the validation images; leave it out") for key in both]
    if data and recipe and recipe.class_weights == "balanced" and not data.labelled:
        why = f"{data.name} has no list of its classes for class_weights balanced; give numbers"
        wrong.append(("name", why))
    if data and recipe and data.in_chans not in CHANNELS:
        wrong += [("in_chans", why) for why in coloured(recipe)]
    if data and recipe and recipe.epochs and recipe.mixes and data.train_limit == 1:
        wrong.append(("train_limit", "mixup and CutMix need a pair of images, and this leaves one"))
    return [Problem(f"{key}: {why}", tree.at([key]).location) for key, why in wrong]


def coloured(recipe: Recipe) -> Iterator[str]:
    """Messages on augmentation that Pillow has for grey and RGB images alone."""
    if recipe.transform != "timm":
        yield f"recipe.transform {recipe.transform} gets Pillow's images, of 1 or 3 channels"
    if not recipe.epochs or recipe.no_aug:
        return
    if recipe.aa:
        yield f"recipe.aa {recipe.aa} changes RGB images, of 1 or 3 channels; write aa: null"
    elif recipe.jitters:
        yield "recipe.color_jitter changes RGB images, of 1 or 3 channels; write color_jitter: 0"

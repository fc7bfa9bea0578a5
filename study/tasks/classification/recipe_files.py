"""Recipes in files of the user's: keys of a recipe, or an args.yaml that timm's train.py wrote."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from study.errors import likely_name
from study.spec.problems import Problem
from study.spec.yaml import Tree, read
from study.tasks.classification.schema import Recipe
from study.tasks.classification.train_arguments import SIGNS, TRAIN_ARGUMENTS, TrainArgument

SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True)
class RecipeFile:
    """The keys that a file gives a recipe."""

    name: str
    keys: Tree
    arguments: Tree | None = None
    """Everything in the file, where it is an args.yaml."""

    def notes(self, recipe: Recipe) -> Iterator[str]:
        """Notes on keys that an args.yaml leaves open or says in vain."""
        if self.arguments is None:
            return
        given = self.arguments.plain()
        elsewhere = [
            f"{key} {given[key]} ({argument.why})"
            for key, argument in TRAIN_ARGUMENTS.items()
            if argument.treatment == "elsewhere"
            and key in given
            # The default is a model as well, and none that the study need have.
            and (key == "model" or given[key] != argument.default)
        ]
        if elsewhere:
            yield f"{self.name}: not taken from it, as the study says them: {', '.join(elsewhere)}"
        yield (
            f"{self.name} does not say how many processes trained: here {recipe.batch_size} images "
            "are one step of all of them"
        )
        # train.py's own default: refused, it would stop most files, so it is a note.
        if given.get("train_interpolation") == "random" and recipe.interpolation != "random":
            yield (
                f"{self.name}: train.py draws the interpolation of every training image, here all "
                f"are resized by {recipe.interpolation}; recipe.interpolation random draws it"
            )
        if given.get("crop_pct") is None:
            yield (
                f"{self.name}: train.py takes crop_pct from the model, here it is "
                f"{recipe.crop_pct:g}"
            )


def is_file_name(name: str) -> bool:
    """True if the name of a recipe is the path of a file."""
    return name.endswith(SUFFIXES)


def neighbour(name: Tree) -> str:
    """A file beside the study that has this name but for its suffix, or ""."""
    files = (f"{name.value}{suffix}" for suffix in SUFFIXES)
    return next((file for file in files if (name.location.folder / file).is_file()), "")


def recipe_file(name: Tree) -> tuple[RecipeFile | None, list[Problem]]:
    """The file that a recipe names, looked up beside the study file, and its problems as YAML."""
    # An absolute path replaces the folder before it.
    path = name.location.folder / Path(str(name.value)).expanduser()
    try:
        # utf-8-sig drops the mark with which Windows editors begin a file.
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        return None, [Problem(f"{path} is not a text file", name.location, "save it as UTF-8")]
    except FileNotFoundError:
        return None, [_absent(path, name)]
    # ValueError for a zero byte in the path. Last, as UnicodeDecodeError is a ValueError too.
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return None, [Problem(f"{path} cannot be read: {reason}", name.location)]
    tree, problems = read(text, str(path))
    if problems:
        return None, problems
    if not isinstance(tree.value, dict):
        return None, [Problem("a recipe file is a mapping of keys", tree.location)]
    stem = path.name
    # All of them, since a recipe has the key names of train.py and may have some of these.
    if tree.value.keys() >= {*SIGNS}:
        keys, problems = _followed(tree)
        return RecipeFile(stem, keys, tree), problems
    if "name" in tree.value:
        hint = "write the keys of the recipe themselves"
        return None, [Problem("a recipe file has no name", tree.key(["name"]), hint)]
    return RecipeFile(stem, tree), []


def _absent(path: Path, name: Tree) -> Problem:
    there = [file.name for file in path.parent.glob("*") if file.suffix in SUFFIXES]
    near = likely_name(path.name, there)
    hint = f'did you mean "{near}"?' if near else "its path begins at the folder of the study file"
    return Problem(f"there is no recipe file {path}", name.location, hint)


# ---- args.yaml ----


def _followed(file: Tree) -> tuple[Tree, list[Problem]]:
    """The keys of an args.yaml that a recipe has, and a problem for each that is refused."""
    keys, problems = Tree({}, file.location), list[Problem]()
    for key, tree in file.value.items():
        argument = TRAIN_ARGUMENTS.get(key)
        if argument is None:
            message = f'train.py of timm 1.0 has no argument "{key}"'
            hint = "delete the line if it changes no result"
            problems.append(Problem(message, file.keys[key], hint))
        elif argument.treatment == "obeyed" and (value := _value(key, tree)) is not None:
            keys.value[key], keys.keys[key] = value, file.keys[key]
        elif argument.treatment == "refused" and not _follows(file, key, argument):
            message = f"{key} {json.dumps(tree.plain())} cannot be followed: {argument.why}"
            problems.append(
                Problem(message, file.keys[key], "delete this line to train without it")
            )
    return keys, problems


def _follows(file: Tree, key: str, argument: TrainArgument) -> bool:
    """True if a key that is refused changes nothing here."""
    value = file.value[key].plain()
    # A recipe has one interpolation for both, so a file that says the same twice is followed.
    same = key == "train_interpolation" and value == file.at(["interpolation"]).value
    return value == argument.default or same


def _value(key: str, tree: Tree) -> Tree | None:
    """The value of a recipe's key; None where train.py leaves it to the model."""
    value = tree.value
    # The empty text is train.py's default.
    if key == "interpolation" and value == "":
        return None
    # Where train.py's own default is another, None switches something off: the schema refuses it.
    if value is None and TRAIN_ARGUMENTS[key].default is None:
        return None
    if key == "torchcompile" and value in ("", "inductor"):  # the only compiler that is used here
        value = bool(value)
    # argparse reads the number of repetitions as a decimal.
    if key == "aug_repeats" and isinstance(value, float) and value.is_integer():
        value = int(value)
    return Tree(value, tree.location, tree.keys)

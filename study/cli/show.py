"""show: one thing that a study file can name, with all that it stands for."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import NamedTuple

import click

from study.cli.completions import shown_names
from study.cli.options import json_option
from study.cli.output import echo_json, show_rows
from study.errors import SpecError, unknown
from study.spec.problems import Location
from study.spec.yaml import Tree, placed

KINDS = ("recipe",)
UNVERIFIED = "no source confirms it"


class ShownValue(NamedTuple):
    """A key of what is shown; the fields are the keys of the JSON output."""

    key: str
    value: object
    source: str
    """Where it comes from: a line of a file, a name, or the default."""


def recipe(name: str) -> list[ShownValue]:
    """The keys of a recipe: one that ships with this package, or a file.

    Raises:
        SpecError: there is none, or it is wrong.
    """
    from study.tasks.classification.recipe_files import SUFFIXES
    from study.tasks.classification.recipes import recipe_of
    from study.tasks.classification.schema import NO_RECIPE, recipes
    from study.tasks.detection.recipes import RECIPES
    from study.tasks.detection.recipes import recipe_of as detection_recipe_of

    tree = placed({"name": name}, Location(str(Path.cwd() / "the command line"), name))
    if name in RECIPES:
        detector, _ = detection_recipe_of(tree)
        given = dict.fromkeys(RECIPES[name], name)
        return [] if detector is None else _values(dict(detector), given, detector.unverified)
    # A name with the ending of a recipe file is looked for as a file, whose error says more.
    if Path(name).suffix not in SUFFIXES and name not in (*recipes(), NO_RECIPE):
        raise SpecError(unknown("recipe", name, [*recipes(), *RECIPES, NO_RECIPE]))
    read, problems = recipe_of(tree)
    if read is None or problems:
        raise SpecError("\n".join(problem.message for problem in problems))
    return _values(
        dict(read.recipe), _places(read.given, tree.location.source, name), read.recipe.unverified
    )


def _places(given: Tree, here: str, name: str) -> dict[str, str]:
    """The line of each key in its file; the name of the recipe where it has none."""
    places = {key: tree.location for key, tree in given.value.items()}
    # Positions count from 0, editors from 1.
    lines = {key: f"{at.source}:{at.line + 1}" for key, at in places.items()}
    return {key: name if places[key].source == here else line for key, line in lines.items()}


def _values(
    values: Mapping[str, object], given: Mapping[str, str], unverified: Collection[str]
) -> list[ShownValue]:
    return [
        ShownValue(key, value, _source(given.get(key, "default"), key in unverified))
        for key, value in values.items()
        if key != "unverified"
    ]


def _source(place: str, unverified: bool) -> str:
    return f"{place}; {UNVERIFIED}" if unverified else place


@click.command("show")
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("name", shell_complete=shown_names)
@json_option
def show_command(kind: str, name: str, as_json: bool) -> None:
    """Show every value of a recipe, and where it comes from.

    NAME is a recipe of `study list recipes`, or a file: mine.yaml, or the args.yaml of timm.
    """
    values = SHOWN[kind](name)
    if as_json:
        echo_json([value._asdict() for value in values])
        return
    from study.spec.yaml import written

    rows = [(v.key, written(v.value).removesuffix("...\n").strip(), v.source) for v in values]
    show_rows(ShownValue._fields, rows)


SHOWN: dict[str, Callable[[str], list[ShownValue]]] = {"recipe": recipe}
"""The functions of what can be shown, by kind."""

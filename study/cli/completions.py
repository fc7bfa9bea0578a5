"""Words that a shell completes: arms, profiles and keys of a study file, and names of models.

Imports nothing that takes long, and reads no result: a shell waits for every word.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from study.api.request import StudyRequest
from study.errors import StudyError

if TYPE_CHECKING:
    from study.spec.study import Study

MODEL = re.compile(r"^@register_model\ndef (\w+)\(", re.MULTILINE)


def profiles(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """The profiles of the file of a command line."""
    from study.spec.preview import preview

    file = _file(context)
    return _beginning(incomplete, preview(file).profiles if file else ())


def arms(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """The names of the arms of a study file."""
    from study.spec.arm_names import owners

    study = _study(context)
    return _beginning(incomplete, owners(study, study.arms) if study else ())


def trials(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """The names of trials by arm and seed, as in "Average Pooling/s1"."""
    from study.spec.arm_names import owners

    if (study := _study(context)) is None:
        return []
    names = owners(study, study.arms)
    return _beginning(incomplete, (f"{name}/s{seed}" for name in names for seed in study.seeds))


def settings(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """The keys of a study file that --set changes: those of its factors and of every file."""
    from study.plan.reading import vocabulary
    from study.spec.schema import StudyFile

    study, tasks = _study(context), vocabulary().tasks
    task = study.task if study else "classification"
    schema = tasks[task].baseline.model_json_schema() if task in tasks else {}
    own = [factor.path for factor in study.factors] if study else []
    keys = [*own, *_baseline(study), *_schema_keys(schema), *StudyFile.model_fields]
    return _beginning(incomplete, (f"{key}=" for key in keys))


def models(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """The names of models: ours and timm's, as their files register them."""
    return _beginning(incomplete, model_names())


def model_names() -> list[str]:
    """The names of all models, sorted."""
    # A search of the text takes 0.05 s; timm takes 4 s to import.
    return sorted({name for package in ("study", "timm") for name in _registered(package)})


def listed(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The kinds of names that `study list` lists, and folders, which the shell completes."""
    kinds = _beginning(incomplete, ("recipes", "models", "metrics", "tasks"))
    return [*map(CompletionItem, kinds), CompletionItem(incomplete, type="dir")]


def shown_names(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """The names of the recipes of this package."""
    from study.tasks.classification.schema.shipped_recipes import recipes
    from study.tasks.detection.recipes import RECIPES

    return _beginning(incomplete, (*recipes(), *RECIPES))


def _registered(package: str) -> Iterator[str]:
    spec = find_spec(package)
    for place in spec.submodule_search_locations or () if spec else ():
        for file in (Path(place) / "models").rglob("*.py"):
            yield from MODEL.findall(file.read_text("utf-8"))


def _study(context: click.Context) -> "Study | None":
    """The study of a command line; None if its file cannot be read."""
    if (file := _file(context)) is None:
        return None
    try:
        return StudyRequest(file, context.params.get("profile"), (), Path("results")).read().study
    except StudyError:
        return None  # the command itself reports it


def _file(context: click.Context) -> Path | None:
    """The study file of a command line."""
    # A plugin's names are not offered: to import it would run the user's code at every key.
    file = context.params.get("file")
    # click ends at an option without its value, which is the one to complete, and leaves the rest.
    words = (word for word in context.args if word.endswith((".yaml", ".yml")))
    name = file or next(words, None)
    return Path(name) if name else None


def _baseline(study: "Study | None") -> Iterator[str]:
    """The keys of a baseline that the file has, down to those of a part."""
    for part, value in (study.baseline if study else {}).items():
        yield part
        if isinstance(value, Mapping):
            yield from (f"{part}.{key}" for key in value)


def _schema_keys(schema: Mapping[str, object]) -> Iterator[str]:
    """The keys of a baseline by its JSON Schema: the parts, and the keys of each."""
    properties, definitions = schema.get("properties"), schema.get("$defs")
    if not isinstance(properties, Mapping) or not isinstance(definitions, Mapping):
        return
    for part, value in properties.items():
        yield str(part)
        for name in re.findall(r"#/\$defs/(\w+)", str(value)):
            yield from (f"{part}.{key}" for key in definitions[name].get("properties", ()))


def _beginning(incomplete: str, names: Iterable[str]) -> list[str]:
    """The names that begin so, each once and in their order."""
    # In the order of the file, which a sort would lose.
    return [name for name in dict.fromkeys(names) if name.startswith(incomplete)]

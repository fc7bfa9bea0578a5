"""Arguments and options that commands share."""

import functools
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from study.api.request import StudyRequest
from study.cli.completions import profiles
from study.cli.completions import settings as setting_keys
from study.cli.messages import message
from study.errors import SpecError, unknown
from study.report.figure_style import FONTS, WIDTHS, figure_style
from study.spec.image_size import LARGEST, SMALLEST, ImageSize, parsed

# Decorators change the arguments of a command, so its type cannot say more.
Command = Callable[..., Any]


def options(*several: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Options in the order of the help."""
    # Decorators apply from the last to the first, so the list is reversed.
    return lambda command: functools.reduce(lambda c, o: o(c), reversed(several), command)


def folder(name: str, default: str, text: str) -> Callable[[Command], Command]:
    """An option whose value is a folder."""
    kind = click.Path(path_type=Path, file_okay=False)
    return click.option(name, type=kind, default=Path(default), show_default=True, help=text)


import_option = click.option(
    "--import",
    "imports",
    metavar="PLUGIN",
    multiple=True,
    help="A file, package or module that adds your own parts or models.",
)


def study_file(command: Command) -> Command:
    """FILE and the options that change it, passed to the command as `request`."""

    # Not exists=True, since `study cancel` stops the workers of a file that is gone.
    @click.argument("file", type=click.Path(path_type=Path))
    @click.option(
        "--profile",
        metavar="NAME",
        shell_complete=profiles,
        help="Use a profile of the study file.",
    )
    @click.option(
        "--set",
        "settings",
        metavar="KEY=VALUE",
        multiple=True,
        help=SET,
        shell_complete=setting_keys,
    )
    @import_option
    @folder("--store", "results", "The folder of results, seen from the current folder.")
    @functools.wraps(command)
    def wrapped(
        file: Path,
        profile: str | None,
        settings: tuple[str, ...],
        store: Path,
        imports: tuple[str, ...],
        **rest: Any,
    ) -> Any:
        request = StudyRequest(file, profile, settings, store, imports, tell=message)
        return command(request=request, **rest)

    return wrapped


def figure_options(command: Command) -> Command:
    """The options of figures, passed to the command as `style`."""

    @click.option(
        "--width",
        type=click.Choice([*WIDTHS]),
        default="text",
        show_default=True,
        help="Figures as wide as one column of a two-column paper, or as its text.",
    )
    @click.option(
        "--style",
        "fonts",
        metavar="NAME|FILE",
        default="sans",
        show_default=True,
        help=f"Fonts of figures: {', '.join(FONTS)}, or a style sheet of matplotlib.",
    )
    @functools.wraps(command)
    def wrapped(width: str, fonts: str, **rest: object) -> object:
        return command(style=figure_style(width, fonts), **rest)

    return wrapped


class Several(click.ParamType[tuple[Any, ...]]):
    """Values of one type, separated by commas."""

    name = "LIST"

    def __init__(self, item: click.ParamType[Any]) -> None:
        self.item = item

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[Any, ...]:
        # click may convert a value twice, such as a default.
        if isinstance(value, tuple):
            return value
        parts = [part.strip() for part in value.split(",")]
        if not all(parts):
            self.fail(f'"{value}" has an empty item', param, ctx)
        return tuple(self.item.convert(part, param, ctx) for part in parts)


class Pixels(click.ParamType[ImageSize]):
    """An image size: 224, or 224x320 (height x width)."""

    name = "PX"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> ImageSize:
        size = parsed(str(value).strip().lower().replace("×", "x"))
        if size is None:
            limits = f"with sides from {SMALLEST} to {LARGEST} px"
            self.fail(f'"{value}" is not 224, nor 224x320 (height x width), {limits}', param, ctx)
        return size


class Entry(click.ParamType[str]):
    """The name of an entry in a dictionary, whose module is imported when a value is read."""

    name = "NAME"

    def __init__(self, module: str, dictionary: str) -> None:
        self.module, self.dictionary = module, dictionary

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        entries = getattr(import_module(self.module), self.dictionary)
        if value not in entries:
            self.fail(unknown("name", value, entries), param, ctx)
        return value


def words(choices: Iterable[str], metavar: str) -> Any:
    """The arguments of an option whose value is a list of these words."""
    return {"type": Several(click.Choice(list(choices))), "metavar": metavar}


def argument(text: str) -> tuple[str, Any]:
    """A key and its value, read from KEY=VALUE as a study file would read it."""
    from study.spec.yaml import read

    key, equals, value = text.partition("=")
    tree, problems = read(value, f"--model-arg {key}")
    if not equals or not key:
        raise click.UsageError(f'--model-arg takes key=value, not "{text}"')
    if problems:
        raise SpecError("\n".join(map(str, problems)))
    return key, tree.plain()


SET = "Change one key of the study, such as seeds=5 or recipe.epochs=1."
reports_option = folder("--reports", "reports", "The folder of tables and figures.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")

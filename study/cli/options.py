"""Arguments and options that commands share, the study they request, and their consoles."""

import functools
import json
import os
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from study.errors import SpecError
from study.text import path_text

if TYPE_CHECKING:
    from rich.console import Console

    from study.launch.machine import Machine
    from study.plan.plan import Plan
    from study.report.table import Table
    from study.spec.plugins import Plugin
    from study.spec.problems import Problem
    from study.spec.study import Study
    from study.spec.vocabulary import Vocabulary
    from study.store.store import Store

Command = Callable[..., Any]


def options(*several: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Options in the order of the help."""
    # Decorators apply from the last to the first, so the list is reversed.
    return lambda command: functools.reduce(lambda c, o: o(c), reversed(several), command)


@dataclass(frozen=True)
class StudyRequest:
    """A study file, the changes that the command line makes to it, and a store."""

    file: Path
    profile: str | None
    settings: tuple[str, ...]
    root: Path
    imports: tuple[str, ...] = ()
    stand_ins: Mapping[str, str] = field(default_factory=dict)
    """Values for variables that the environment lacks."""

    @functools.cached_property
    def plugins(self) -> "list[Plugin]":
        """The plugins, read once: an edit takes effect with the next command."""
        from study.spec.plugins import find_plugins

        return find_plugins(self.imports)

    def read(self) -> "tuple[Study | None, list[Problem]]":
        """The study, and its problems as far as they show before models are built."""
        from study.spec import reader

        return reader.study_file(
            self.file,
            vocabulary=vocabulary(),
            # The real environment comes last, so that it wins over stand-ins.
            environment={**self.stand_ins, **os.environ},
            profile=self.profile,
            settings=self.settings,
            sources=self.plugins,
            imports=self.imports,
        )

    def plan(self) -> "tuple[Plan, Store]":
        """The study as planned now, and its store."""
        from study.plan.plan import plan
        from study.store.store import Store

        store = Store(self.root)
        return plan(*self.read(), store), store

    @property
    def identity(self) -> tuple[str, str]:
        """Title and file, which identify the study in its store even if the file is gone."""
        from study.spec.study import title

        return title(self.file.stem, self.profile, self.settings), str(self.file.resolve())

    def command_line(self, machine: "Machine | None" = None) -> str:
        """The arguments that request the same study again."""
        profile = ["--profile", self.profile] if self.profile is not None else []
        more = [word for setting in self.settings for word in ("--set", setting)]
        more += [word for source in self.imports for word in ("--import", source)]
        store = ["--store", str(self.root)] if self.root != Path("results") else []
        flags = machine.flags if machine else ()
        # Quoted: labels and settings may hold spaces.
        return shlex.join([str(self.file), *profile, *more, *store, *flags])


def vocabulary() -> "Vocabulary":
    from study.metrics import METRICS
    from study.spec.designs import DESIGNS
    from study.spec.vocabulary import Vocabulary

    return Vocabulary(designs=DESIGNS, metrics=METRICS)


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

    @click.argument("file", type=click.Path(path_type=Path))
    @click.option("--profile", metavar="NAME", help="Use a profile of the study file.")
    @click.option("--set", "settings", metavar="KEY=VALUE", multiple=True, help=SET)
    @import_option
    @folder("--store", "results", "The folder of results.")
    @functools.wraps(command)
    def wrapped(
        file: Path,
        profile: str | None,
        settings: tuple[str, ...],
        store: Path,
        imports: tuple[str, ...],
        **rest: Any,
    ) -> Any:
        return command(request=StudyRequest(file, profile, settings, store, imports), **rest)

    return wrapped


class Several(click.ParamType[tuple[Any, ...]]):
    """Values of one type, separated by commas."""

    name = "LIST"

    def __init__(self, item: click.ParamType[Any]) -> None:
        self.item = item

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[Any, ...]:
        if isinstance(value, tuple):
            return value
        return tuple(self.item.convert(part.strip(), param, ctx) for part in value.split(","))


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


def console(err: bool = False) -> "Console":
    """A console that colours a terminal only; in a pipe even FORCE_COLOR changes nothing."""
    from study.cli.consoles import SafeConsole

    stream = sys.stderr if err else sys.stdout
    tty = stream.isatty()
    # rich writes escapes of its own, which the guarded stream would print as text.
    file = getattr(stream, "outlet", stream)
    # 160 columns in a pipe; rich would take 80 where it finds no terminal.
    return SafeConsole(file=file, force_terminal=tty, width=None if tty else 160, emoji=False)


@contextmanager
def progress(title: str) -> "Iterator[Callable[[int, int], object]]":
    """A function (done, total) that updates a progress bar on a terminal."""
    from rich.progress import Progress

    with Progress(
        console=console(err=True), transient=True, disable=not sys.stderr.isatty()
    ) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def show_tables(tables: "Mapping[str, Table]", folder: Path | None = None) -> None:
    """Print tables: cut to the width of a terminal, and whole in a pipe.

    `folder` holds the whole tables, by name, for a hint below a cut one.
    """
    from study.report.report import terminal

    out = console()
    for name, table in tables.items():
        whole = str(folder / f"{name}.md") if folder else ""
        out.print(terminal(table, out.width, whole=whole, every=not out.is_terminal))
        out.print()


def echo_json(value: Any) -> None:
    # Python would write NaN, which no other reader of JSON accepts.
    text = json.dumps(value, indent=1, allow_nan=False)
    click.echo(text.replace("\x7f", "\\u007f"))  # the only control character that json leaves


def strays(store: "Store") -> None:
    """Print a note for each file that was set aside: damaged, or from another store."""
    for path in store.strays():
        where = path_text(path)
        click.echo(f"note: set aside, damaged or from another store: {where}", err=True)

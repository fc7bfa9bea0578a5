"""Shared parts of the commands: arguments, the plan that they work on, and consoles."""

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
    from study.spec.reader import Vocabulary
    from study.spec.study import Study
    from study.spec.yaml import Problem
    from study.store.store import Store

Command = Callable[..., Any]


@dataclass(frozen=True)
class Asked:
    """A study file with all that the command line changes in it, and a store."""

    file: Path
    profile: str | None
    settings: tuple[str, ...]
    root: Path
    imports: tuple[str, ...] = ()
    stand_ins: Mapping[str, str] = field(default_factory=dict)
    """For variables that the environment does not have."""

    @functools.cached_property
    def sources(self) -> "list[Plugin]":
        """The plugins as first read: an edit takes effect with the next command."""
        from study.spec.plugins import find_plugins

        return find_plugins(self.imports)

    def read(self) -> "tuple[Study | None, list[Problem]]":
        """The study, and what is wrong with it before its models are built."""
        from study.spec import reader

        return reader.study_file(
            self.file,
            vocabulary=vocabulary(),
            # The real environment comes last, so that it wins over stand-ins.
            environment={**self.stand_ins, **os.environ},
            profile=self.profile,
            settings=self.settings,
            sources=self.sources,
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
        """Title and path that identify the study in its store, even if its file is gone."""
        from study.spec.study import title

        return title(self.file.stem, self.profile, self.settings), str(self.file.resolve())

    def again(self, machine: "Machine | None" = None) -> str:
        """The arguments that ask for the same again."""
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
    from study.spec.reader import Vocabulary

    return Vocabulary(designs=DESIGNS, metrics=METRICS)


def folder(name: str, default: str, text: str) -> Callable[[Command], Command]:
    """An option that takes a folder."""
    kind = click.Path(path_type=Path, file_okay=False)
    return click.option(name, type=kind, default=Path(default), show_default=True, help=text)


import_option = click.option(
    "--import", "imports", metavar="SOURCE", multiple=True,
    help="A file, package or module that adds parts or models of your own.",
)  # fmt: skip


def study_file(command: Command) -> Command:
    """FILE and what may be changed in it, given to the command as `asked`."""

    @click.argument("file", type=click.Path(path_type=Path))
    @click.option("--profile", metavar="NAME", help="A profile of the study file.")
    @click.option("--set", "settings", metavar="KEY=VALUE", multiple=True, help=SET)
    @import_option
    @folder("--store", "results", "Where results are kept.")
    @functools.wraps(command)
    def wrapped(
        file: Path, profile: str | None, settings: tuple[str, ...], store: Path,
        imports: tuple[str, ...], **rest: Any,
    ) -> Any:  # fmt: skip
        return command(asked=Asked(file, profile, settings, store, imports), **rest)

    return wrapped


class Several(click.ParamType[tuple[Any, ...]]):
    """Values of one kind, with commas between them."""

    name = "LIST"

    def __init__(self, one: click.ParamType[Any]) -> None:
        self.one = one

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[Any, ...]:
        if isinstance(value, tuple):
            return value
        return tuple(self.one.convert(part.strip(), param, ctx) for part in value.split(","))


def words(known: Iterable[str], shown: str) -> Any:
    return {"type": Several(click.Choice(list(known))), "metavar": shown}


def argument(text: str) -> tuple[str, Any]:
    """KEY=VALUE, the value as a study file would have it."""
    from study.spec.yaml import read

    key, equals, value = text.partition("=")
    tree, problems = read(value, f"--model-arg {key}")
    if not equals or not key:
        raise click.UsageError(f'--model-arg: key=value, not "{text}"')
    if problems:
        raise SpecError("\n".join(map(str, problems)))
    return key, tree.plain()


SET = "Change one key, such as seeds=5 or recipe.epochs=1."
reports_option = folder("--reports", "reports", "Where tables and figures go.")
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")


def console(err: bool = False) -> "Console":
    """A console that colours only a terminal, whatever FORCE_COLOR says of a pipe."""
    from study.cli.consoles import SafeConsole

    stream = sys.stderr if err else sys.stdout
    tty = stream.isatty()
    # rich writes escapes of its own, which the guarded stream would print as text.
    file = getattr(stream, "outlet", stream)
    # 160 columns in a pipe; rich would take 80 where it finds no terminal.
    return SafeConsole(file=file, force_terminal=tty, width=None if tty else 160, emoji=False)


@contextmanager
def progress(title: str) -> "Iterator[Callable[[int, int], object]]":
    """A function that is given what is done and how much there is, shown on a terminal."""
    from rich.progress import Progress

    with Progress(
        console=console(err=True), transient=True, disable=not sys.stderr.isatty()
    ) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def show_tables(tables: "Mapping[str, Table]", folder: Path | None = None) -> None:
    """Tables of a report as far as a terminal has room; in a pipe whole, as the same plain text.

    `folder` has the whole tables, by their names.
    """
    from study.report import terminal

    out = console()
    for name, table in tables.items():
        whole = str(folder / f"{name}.md") if folder else ""
        out.print(terminal(table, out.width, whole=whole, every=not out.is_terminal))
        out.print()


def echo_json(value: Any) -> None:
    # Python would write NaN, which no other reader of JSON accepts.
    text = json.dumps(value, indent=1, allow_nan=False)
    click.echo(text.replace("\x7f", "\\u007f"))  # the one control character that json leaves


def strays(store: "Store") -> None:
    """Name the files that were set aside because they are damaged, or not of this store."""
    for path in store.strays():
        where = path_text(path)
        click.echo(f"note: set aside, damaged or not of this store: {where}", err=True)

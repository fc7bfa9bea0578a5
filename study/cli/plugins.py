"""plugins: the entries of every registry, and checks of the user's own."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

import click

from study.cli import FAILED
from study.cli.options import import_option, json_option
from study.cli.output import console, echo_json

if TYPE_CHECKING:
    from rich.table import Table

    from study.registries import Registration


class CheckRow(NamedTuple):
    """One check of one entry; the fields are the keys of the JSON output."""

    kind: str
    name: str
    check: str
    result: str
    """ok, wrong, or style: a docstring is missing."""
    why: str


@click.command("plugins")
@import_option
@click.option(
    "--check",
    metavar="PLUGIN",
    help="Check everything that PLUGIN adds against the contract of its registry.",
)
@json_option
def plugins_command(imports: tuple[str, ...], check: str | None, as_json: bool) -> int:
    """List what a study file can name and a plugin can add, or check a plugin of your own."""
    from study.registries import register
    from study.spec.plugins import find_plugin, find_plugins

    texts = [*imports, *([] if check is None else [check])]
    added = [register(plugin) for plugin in find_plugins(texts)]
    if check is None:
        _list(added, as_json)
        return 0
    # Registered above: this second call only returns the names that were added.
    rows = list(_rows(register(find_plugin(check))))
    if as_json:
        echo_json([row._asdict() for row in rows])
    else:
        console().print(_results(rows))
        click.echo(_summary(rows))
    # A plugin that adds nothing fails too, as its author believes that it adds something.
    return FAILED if not rows or any(row.result == "wrong" for row in rows) else 0


def _list(added: Iterable["Registration"], as_json: bool) -> None:
    from study.registries import MODEL, entries

    origins = {
        (kind, name): each.plugin
        for each in added
        for kind, own in each.names.items()
        for name in own
    }
    # Of the models only those of plugins: timm has too many to list.
    offers = {
        kind: {
            name: _first_line(entry)
            for name, entry in known.items()
            if kind != MODEL or (kind, name) in origins
        }
        for kind, known in entries().items()
    }
    if as_json:
        own = [
            {
                "name": e.plugin.name,
                "path": str(e.plugin.path),
                "digest": e.plugin.digest,
                **e.names,
            }
            for e in added
        ]
        echo_json({**offers, "imports": own})
        return
    console().print(_table_of(offers, {key: str(p.path) for key, p in origins.items()}))


def _first_line(entry: object) -> str:
    if isinstance(entry, str):  # the module of a task, which is imported when it is used
        return entry
    label = getattr(entry, "label", None)  # of a metric
    doc = getattr(entry, "__doc__", None) or ""
    return label if isinstance(label, str) else doc.strip().partition("\n")[0]


LISTED = 12
"""Entries of one kind that are listed with the same words, such as timm's optimizers."""


def _table_of(
    offers: Mapping[str, Mapping[str, str]], places: Mapping[tuple[str, str], str]
) -> "Table":
    from rich.markup import escape

    table = _table("kind", "name", "what it is", *(["from"] if places else []))
    for kind, known in offers.items():
        rows = [(name, what) for name, what in known.items() if (kind, name) not in places]
        # Of the plugins all entries are listed.
        cut = rows[:LISTED]
        # A kind is named once, beside its first entry.
        own = [(name, what) for name, what in known.items() if (kind, name) in places]
        for index, (name, what) in enumerate([*own, *cut]):
            place = [escape(places.get((kind, name), ""))] if places else []
            table.add_row(escape(kind) if index == 0 else "", escape(name), escape(what), *place)
        if rest := len(rows) - len(cut):
            table.add_row("", f"... {rest} more", "study plugins --json lists all")
    return table


def _rows(added: "Registration") -> Iterable[CheckRow]:
    """One row per check of everything that was added."""
    from study.registries.contracts import checks

    for kind, names in added.names.items():
        for name in names:
            for finding in checks(kind, name):
                wrong = "style" if finding.is_style else "wrong"
                result = "ok" if finding.ok else wrong
                yield CheckRow(kind, name, finding.check, result, finding.message)


def _results(rows: Iterable[CheckRow]) -> "Table":
    from rich.markup import escape

    colours = {"ok": "[green]ok[/]", "wrong": "[bold red]WRONG[/]", "style": "[yellow]style[/]"}
    table = _table("kind", "name", "check", "", "what is wrong")
    for row in rows:
        # rich would read words in square brackets as its own markup.
        names = map(escape, (row.kind, row.name, row.check))
        table.add_row(*names, colours[row.result], escape(row.why))
    return table


def _summary(rows: list[CheckRow]) -> str:
    from study.format import many

    if not rows:
        return "nothing to check: the plugin adds nothing"
    names = dict.fromkeys((row.kind, row.name) for row in rows)
    wrong = dict.fromkeys(row.name for row in rows if row.result == "wrong")
    style = sum(row.result == "style" for row in rows)
    words = [f"{many(len(names), 'entry', 'entries')}, {many(len(rows), 'check')}"]
    words += [f"wrong: {', '.join(wrong)}" if wrong else "all results right"]
    words += [f"{style} of style"] if style else []
    return "; ".join(words)


def _table(*names: str) -> "Table":
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in names:
        table.add_column(name, overflow="fold")
    return table

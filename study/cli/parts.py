"""parts: the parts of every slot, and checks of the user's own."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

import click

from study.cli import FAILED
from study.cli.module_tree import TreeOptions, show_tree, tree_options
from study.cli.options import import_option, json_option
from study.cli.output import console, echo_json

if TYPE_CHECKING:
    from rich.table import Table

    from study.models.plugin_registry import Registration


class CheckRow(NamedTuple):
    """One check of one part; the fields are the keys of the JSON output."""

    slot: str
    part: str
    check: str
    ok: bool
    said: str


@click.command("parts")
@click.argument("model", required=False)
@import_option
@click.option(
    "--check",
    metavar="PLUGIN",
    help="Check everything that PLUGIN adds against the contract of its slot.",
)
@tree_options
@json_option
def parts_command(
    model: str | None, imports: tuple[str, ...], check: str | None, tree: TreeOptions, as_json: bool
) -> int:
    """List the parts of every slot, check your own, or show the modules of MODEL.

    MODEL is a timm name, or "{name: rest_lite, reduction: average}" as in a study file. Its names
    of modules are those that `replace` takes; equal siblings are one row: blocks.0-11.
    """
    if model is not None and check is not None:
        raise click.UsageError("MODEL and --check exclude each other")
    from study.models.plugin_registry import register
    from study.spec.plugins import find_plugin, find_plugins

    texts = [*imports, *([] if check is None else [check])]
    added = [register(plugin) for plugin in find_plugins(texts)]
    if model is not None:
        show_tree(model, tree, as_json)
        return 0
    if check is None:
        _list(added, as_json)
        return 0
    # Registered above: this second call only returns the names that were added.
    rows = _findings(register(find_plugin(check)))
    if as_json:
        echo_json([row._asdict() for row in rows])
    else:
        console().print(_verdicts(rows))
    return 0 if all(row.ok for row in rows) else FAILED


def _list(added: Iterable["Registration"], as_json: bool) -> None:
    from study.models import SLOTS
    from study.models.plugin_registry import MODEL, entries

    origins = {(s, name): a.source for a in added for s, names in a.names.items() for name in names}
    # Of the models only those of plugins: timm has too many to list.
    offers = {
        slot: {
            name: (part.__doc__ or "").strip().partition("\n")[0]
            for name, part in known.items()
            if slot in SLOTS or (slot, name) in origins
        }
        for slot, known in entries().items()
    }
    if not as_json:
        places = {key: str(source.path) for key, source in origins.items()}
        console().print(_parts(offers, places))
        return
    own = [
        {"name": a.source.name, "path": str(a.source.path), "digest": a.source.digest, **a.names}
        for a in added
    ]
    ours = {slot: offers[slot] for slot in offers if slot != MODEL}
    echo_json({**ours, **({MODEL: offers[MODEL], "imports": own} if own else {})})


def _parts(offers: dict[str, dict[str, str]], places: dict[tuple[str, str], str]) -> "Table":
    from rich.markup import escape

    table = _table("slot", "part", "what it is", *(["from"] if places else []))
    for slot, known in offers.items():
        # A slot is named once, beside its first part.
        for index, (name, what) in enumerate(known.items()):
            place = [escape(places.get((slot, name), ""))] if places else []
            table.add_row(escape(slot) if index == 0 else "", escape(name), escape(what), *place)
    return table


def _findings(added: "Registration") -> list[CheckRow]:
    """One row per check of everything that was added."""
    from study.models.contract import checks, model_checks
    from study.models.plugin_registry import MODEL

    return [
        CheckRow(slot, name, finding.check, finding.ok, finding.message)
        for slot, names in added.names.items()
        for name in names
        for finding in (model_checks(name) if slot == MODEL else checks(slot, name))
    ]


def _verdicts(rows: Iterable[CheckRow]) -> "Table":
    from rich.markup import escape

    table = _table("slot", "part", "check", "", "what is wrong")
    for row in rows:
        text = "[green]ok[/]" if row.ok else "[bold red]FAILED[/]"
        names = map(escape, (row.slot, row.part, row.check))
        table.add_row(*names, text, escape(row.said))
    return table


def _table(*names: str) -> "Table":
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in names:
        table.add_column(name, overflow="fold")
    return table

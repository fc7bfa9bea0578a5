"""parts, schema: what a study file may ask for."""

import json
from pathlib import Path

import click

from study.cli.options import console, echo_json, json_option, vocabulary


@click.command("parts")
@json_option
def parts_command(as_json: bool) -> None:
    """Every slot of the models, with what it offers."""
    from rich.markup import escape
    from rich.table import Table

    from study.models import SLOTS

    offers = {
        slot: {
            name: (part.__doc__ or "").strip().partition("\n")[0] for name, part in known.items()
        }
        for slot, known in SLOTS.items()
    }
    if as_json:
        echo_json(offers)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("slot", "part", "what it is"):
        table.add_column(name)
    for slot, known in offers.items():
        for index, (name, what) in enumerate(known.items()):
            table.add_row(slot if index == 0 else "", name, escape(what))
    console().print(table)


@click.command("schema")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False))
def schema_command(output: Path | None) -> None:
    """JSON Schema of a study file, for editors."""
    from study.parse import json_schema

    text = json.dumps(json_schema(vocabulary()), indent=1) + "\n"
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")

"""schema: the JSON Schema of a study file, for editors."""

import json
from pathlib import Path

import click

from study.errors import StudyError
from study.plan.reading import vocabulary


@click.command("schema")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False))
def schema_command(output: Path | None) -> None:
    """JSON Schema of a study file, for editors."""
    from study.spec.vocabulary import json_schema

    text = json.dumps(json_schema(vocabulary()), indent=1) + "\n"
    if output is None:
        click.echo(text, nl=False)
    else:
        try:
            output.write_text(text, encoding="utf-8")
        except OSError as error:
            raise StudyError(f"{output} cannot be written: {error.strerror}") from error

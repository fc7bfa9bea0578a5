"""schema: the JSON Schema of a study file, for editors."""

import json
import warnings
from pathlib import Path

import click

from study.cli.options import import_option
from study.errors import StudyError
from study.plan.reading import vocabulary


@click.command("schema")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False))
@import_option
def schema_command(output: Path | None, imports: tuple[str, ...]) -> None:
    """JSON Schema of a study file, for editors."""
    from study.spec.json_schema import json_schema
    from study.spec.plugins import find_plugins

    # Names of models and optimizers are timm's, which imports torch.
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*torch.jit.*")
        schema = json_schema(vocabulary(find_plugins(imports)))
    text = json.dumps(schema, indent=1) + "\n"
    if output is None:
        click.echo(text, nl=False)
    else:
        try:
            output.write_text(text, encoding="utf-8")
        except OSError as error:
            raise StudyError(f"{output} cannot be written: {error.strerror}") from error

"""export: measurements for other tools."""

from pathlib import Path

import click

from study.api.request import StudyRequest
from study.cli.options import Entry, Several, reports_option, study_file
from study.cli.output import note_strays
from study.cli.report import claim_folder

FORMATS = Several(Entry("study.report.export", "EXPORTS"))


@click.command("export")
@study_file
@click.option(
    "--format", "formats", type=FORMATS, metavar="NAME,...", default="csv", show_default=True
)
@reports_option
def export_command(request: StudyRequest, formats: tuple[str, ...], reports: Path) -> None:
    """Write the measurements of FILE as flat files to REPORTS/NAME/export.

    csv, parquet: measurements in base units, one row per arm, seed and metric, with the level of
    every factor; and the trials. timm: the columns of timm's results and benchmarks.
    """
    from study.errors import StudyError
    from study.report.export import EXPORTS
    from study.store.atomic import replace

    plan, store = request.plan()
    note_strays(store, plan)
    contents = {form: EXPORTS[form](plan, store) for form in formats}  # all, before any is written
    if empty := [form for form, files in contents.items() if not files]:
        raise StudyError(f"{', '.join(empty)}: nothing is measured yet that it has a column for")
    folder = claim_folder(plan, reports) / "export"
    for files in contents.values():
        for name, content in files.items():
            replace(folder / name, content)
            click.echo(folder / name)

"""results: every measurement of a study in base units."""

import click

from study.api.request import StudyRequest
from study.cli.options import json_option, study_file
from study.cli.output import echo_json, note_strays
from study.format import ABSENT


@click.command("results")
@study_file
@json_option
@click.option("--csv", "as_csv", is_flag=True, help="Comma-separated values on stdout.")
def results_command(request: StudyRequest, as_json: bool, as_csv: bool) -> None:
    """Print every measurement of FILE in base units, one row per arm, seed and metric."""
    from study.analysis.measurements import measurements

    plan, store = request.plan()
    labels = {arm.digest: arm.label for arm in plan.arms}
    rows = [{"label": labels[row["arm"]], **row} for row in measurements(plan, store)]
    note_strays(store, plan)
    if as_json:  # JSON has no NaN, the value of a diverged trial
        echo_json([{k: None if v != v else v for k, v in row.items()} for row in rows])
        return
    # No frame: pandas takes 1 s to import, which is longer than everything else.
    from study.report.spreadsheet import comma_separated_rows

    # Measurements are floats, also those that were stored as counts.
    cells = [(*map(row.__getitem__, NAMES), *map(_float, map(row.get, NUMBERS))) for row in rows]
    if as_csv:
        click.echo(comma_separated_rows(COLUMNS, cells))
        return
    texts = [[ABSENT if c is None or c != c else str(c) for c in row] for row in cells]
    widths = [max(map(len, column)) for column in zip(COLUMNS, *texts, strict=True)]
    for line in (COLUMNS, *texts):
        click.echo(" ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)))


NAMES, NUMBERS = ("label", "arm", "seed", "metric"), ("value", "low", "high")
COLUMNS = (*NAMES, *NUMBERS)


def _float(value: float | None) -> float | None:
    return None if value is None else float(value)

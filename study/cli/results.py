"""results: every measurement of a study in base units."""

import click

from study.api.request import StudyRequest
from study.cli.options import json_option, study_file
from study.cli.output import echo_json, note_strays


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
    note_strays(store)
    if as_json:  # JSON has no NaN, the value of a diverged trial
        echo_json([{k: None if v != v else v for k, v in row.items()} for row in rows])
        return
    # Imported only now: --json needs no pandas, which takes 0.3 s (two cores, cached bytecode).
    import pandas as pd

    from study.report.spreadsheet import comma_separated

    frame = pd.DataFrame(rows, columns=["label", "arm", "seed", "metric", "value", "low", "high"])
    # Otherwise pandas prints seeds as floats, since costs have none.
    frame["seed"] = frame["seed"].astype("Int64")
    click.echo(comma_separated(frame) if as_csv else frame.to_string(index=False))

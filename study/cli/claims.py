"""claims: the claims of a study, evaluated against its results."""

import click

from study.api.request import StudyRequest
from study.cli import FAILED, INCOMPLETE
from study.cli.messages import message
from study.cli.options import json_option, study_file
from study.cli.output import echo_json, show_tables
from study.cli.report import lacking


@click.command("claims")
@study_file
@json_option
def claims_command(request: StudyRequest, as_json: bool) -> int:
    """Evaluate the claims of FILE against its results; exit with 1 if one is contradicted."""
    from study.analysis.analysis import Analysis
    from study.report import report

    plan, store = request.plan()
    claims = Analysis(plan, store).claims
    if as_json:
        echo_json([{"claim": c.claim.text, "state": c.state, "why": c.why} for c in claims])
    elif table := report.claim_table(plan, claims):
        show_tables({"claims": table})
    else:
        message(f"{request.file} has no claims")
    if any(claim.state == "contradicted" for claim in claims):
        return FAILED
    return INCOMPLETE if claims and lacking(plan, store) else 0

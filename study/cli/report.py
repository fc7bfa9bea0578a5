"""report, claims: what came of a study, as far as it has got."""

import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from study.cli import FAILED, INCOMPLETE
from study.cli.options import (
    Asked,
    console,
    echo_json,
    json_option,
    reports_option,
    show_tables,
    strays,
    study_file,
)
from study.errors import SpecError, StudyError

if TYPE_CHECKING:
    from study.plan.plan import Plan
    from study.report import Report
    from study.report.table import Table
    from study.store.store import Store

POLL = 2.0  # seconds between two looks at the store
REMEDY = "write to another folder: --reports DIR"


@click.command("report")
@study_file
@click.argument("more", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE]...")
@reports_option
@click.option("--html", is_flag=True, help="One page that opens anywhere, as page.html, too.")
@click.option("--watch", is_flag=True, help="Anew whenever there is more, until all is done.")
@click.option("--strict", is_flag=True, help="Exit with 3 when results are missing.")
def report_command(
    asked: Asked, more: tuple[Path, ...], reports: Path, html: bool, watch: bool, strict: bool
) -> int:
    """Table and figures of FILE from what the store has, complete or not.

    Of several files an overview, too: overview.md, and with --html one page for all.
    """
    several = [asked, *(replace(asked, file=file) for file in more)]
    planned = _planned(several)
    for plan, _ in planned:
        # All folders are claimed before any report is written, so that a conflict leaves no half.
        claimed(plan, reports)
    _written(planned, reports, html)
    if watch:
        planned = _watched(several, planned, reports, html)
    left = any(lacking(plan, store) for plan, store in planned)
    return INCOMPLETE if strict and left else 0


Planned = list[tuple["Plan", "Store"]]


def _written(planned: Planned, reports: Path, html: bool) -> None:
    """All reports; their tables after that, so that a reader who leaves early loses no file."""
    made = [_report(plan, store, reports, html=html) for plan, store in planned]
    overview = _overview([one for one, _ in made], reports, html) if len(made) > 1 else {}
    for one, folder in made:
        show_tables(one.tables, folder)
    show_tables(overview, reports)


def _watched(several: list[Asked], planned: Planned, reports: Path, html: bool) -> Planned:
    """Write the reports anew whenever the store has more; returns what was there at the end.

    That is when no trial is open and no worker at work, twice: between training and timing there
    is a moment in which nobody works.
    """
    from study.analysis.measurements import fingerprint

    shown, quiet = [fingerprint(*one) for one in planned], 0
    while quiet < 2:
        time.sleep(POLL)
        planned = _planned(several)
        if (now := [fingerprint(*one) for one in planned]) != shown:
            if sys.stdout.isatty():
                console().clear()
            _written(planned, reports, html)
            shown = now
        # Two looks in a row without work: between training and timing no worker runs.
        quiet = 0 if any(_going_on(*one) for one in planned) else quiet + 1
    return planned


def _going_on(plan: "Plan", store: "Store") -> bool:
    from study.launch import status

    open_ = ("running", "stale", "pending")
    return any(t.state in open_ for t in plan.trials) or bool(
        status.crew(store, plan.study.identity)
    )


def _planned(several: list[Asked]) -> Planned:
    """All plans, or what is wrong with all files."""
    found, wrong = [], []
    for one in several:
        try:
            found.append(one.plan())
        except StudyError as error:
            wrong.append(str(error))
    # All files are planned first, so that the mistakes of all are reported together.
    if wrong:
        raise SpecError("\n\n".join(wrong))
    return found


def _overview(made: "list[Report]", reports: Path, html: bool) -> "dict[str, Table]":
    from study import report
    from study.store.atomic import replace as write

    table = report.overview(made)
    write(reports / "overview.md", report.FORMATS["md"](table).encode())
    if html:
        write(reports / "overview.html", report.page(made).encode())
    click.echo(f"wrote the overview of {len(made)} studies to {reports}", err=True)
    return {"overview": table}


@click.command("claims")
@study_file
@json_option
def claims_command(asked: Asked, as_json: bool) -> int:
    """What came of the claims of FILE; exit status 1 when one is contradicted."""
    from study import report
    from study.analysis.published import evaluated_claims

    plan, store = asked.plan()
    found = evaluated_claims(plan, report.frame(plan, store))
    if as_json:
        echo_json([{"claim": c.claim.text, "state": c.state, "why": c.why} for c in found])
    elif table := report.claim_table(plan, found):
        show_tables({"claims": table})
    else:
        click.echo(f"{asked.file} makes no claims", err=True)
    if any(one.state == "contradicted" for one in found):
        return FAILED
    return INCOMPLETE if found and lacking(plan, store) else 0


def lacking(plan: "Plan", store: "Store") -> int:
    """Trials and evaluations without a result."""
    from study.launch import evaluations

    return len(plan.missing) + len(evaluations.missing(plan, store))


def claimed(plan: "Plan", reports: Path) -> Path:
    """The folder of a study's reports, which is its own from now on."""
    from study.store import study_folders

    return study_folders.claim(reports, plan.study, REMEDY)


def written(plan: "Plan", store: "Store", reports: Path) -> None:
    """Write the report of a study and show its tables."""
    made, folder = _report(plan, store, reports)
    show_tables(made.tables, folder)


def _report(
    plan: "Plan", store: "Store", reports: Path, *, html: bool = False
) -> "tuple[Report, Path]":
    """The report of a study, and the folder that it is written to."""
    from study import report
    from study.analysis.measurements import fingerprint

    strays(store)
    folder = claimed(plan, reports)
    made = report.report(plan, store)
    files = report.write(made, folder, fingerprint(plan, store), html=html)
    click.echo(f"wrote {len(files)} files to {folder}", err=True)
    return made, folder


def current(plan: "Plan", store: "Store", reports: Path) -> bool:
    """Show the tables of the last report, if they would come out the same today."""
    from study.analysis.measurements import MANIFEST, fingerprint
    from study.report import tables
    from study.store.job_records import Manifest

    folder = claimed(plan, reports)
    report = Manifest.look(folder / MANIFEST)
    if report is None or report.made_of != fingerprint(plan, store):
        return False
    if not all((folder / name).is_file() for name in report.files):
        return False
    show_tables(tables(plan, store), folder)
    click.echo(f"the report is current: {folder}", err=True)
    return True

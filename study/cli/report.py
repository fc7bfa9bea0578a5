"""report: tables and figures of studies from the results so far."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from study.api.request import StudyRequest
from study.cli import INCOMPLETE
from study.cli.looks import looks
from study.cli.messages import message
from study.cli.options import figure_options, reports_option, study_file
from study.cli.output import console, note_strays, show_tables
from study.errors import SpecError, StudyError
from study.report.figure_style import DEFAULT, FigureStyle
from study.store import polling
from study.store.states import OPEN

if TYPE_CHECKING:
    from study.plan.plan import Plan
    from study.report.report import Report
    from study.report.table import Table
    from study.store.store import Store

REMEDY = "write to another folder: --reports DIR"


@click.command("report")
@study_file
@click.argument("more", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE]...")
@reports_option
@figure_options
@click.option("--html", is_flag=True, help="Also write page.html, one self-contained page.")
@click.option(
    "--watch", is_flag=True, help="Write again whenever there are new results, until all are done."
)
@click.option("--strict", is_flag=True, help="Exit with status 3 if results are missing.")
def report_command(
    request: StudyRequest,
    more: tuple[Path, ...],
    reports: Path,
    style: FigureStyle,
    html: bool,
    watch: bool,
    strict: bool,
) -> int:
    """Write tables and figures of FILE from the results so far.

    With several files also an overview: overview.md, and with --html one page for all.
    """
    several = [request, *(replace(request, file=file) for file in more)]
    # Before the first plan, so that Ctrl-C during it counts, even if a library swallows it.
    again = looks(polling.RESULTS) if watch else None
    planned = _planned(several)
    for plan, _ in planned:
        # All folders are claimed before any report is written, so that a conflict leaves no half.
        claim_folder(plan, reports)
    write_all = partial(_write_all, reports=reports, html=html, style=style)
    write_all(planned)
    if again:
        planned = _watch(several, planned, write_all, again)
    left = any(lacking(plan, store) for plan, store in planned)
    return INCOMPLETE if strict and left else 0


Planned = list[tuple["Plan", "Store"]]


def _write_all(planned: Planned, *, reports: Path, html: bool, style: FigureStyle) -> None:
    """Write all reports, then print their tables: a closed pipe loses no file."""
    finished = [_report(plan, store, reports, style, html=html) for plan, store in planned]
    contents = [report for report, _ in finished]
    overview = _overview(contents, reports, html) if len(finished) > 1 else {}
    for report, _ in finished:
        _show(report)
    show_tables(overview)


def _watch(
    several: list[StudyRequest],
    planned: Planned,
    write_all: Callable[[Planned], None],
    again: Iterator[None],
) -> Planned:
    """Write the reports whenever the store has new results; return the last plans.

    Ends when twice in a row no trial is open and no worker active: between training and timing
    there is a moment without a worker.
    """
    from study.analysis.measurements import fingerprint

    written, quiet = [fingerprint(*pair) for pair in planned], 0
    while quiet < 2:
        next(again)
        planned = _planned(several)
        if (now := [fingerprint(*pair) for pair in planned]) != written:
            if sys.stdout.isatty():
                console().clear()
            write_all(planned)
            written = now
        quiet = 0 if any(_going_on(*pair) for pair in planned) else quiet + 1
    return planned


def _going_on(plan: "Plan", store: "Store") -> bool:
    from study.launch import status

    return any(t.state in OPEN for t in plan.trials) or bool(
        status.active_workers(store, plan.study.identity)
    )


def _planned(several: list[StudyRequest]) -> Planned:
    """The plans of all files.

    Raises:
        SpecError: lists the mistakes of all files.
    """
    plans, mistakes = [], []
    for request in several:
        try:
            plans.append(request.plan())
        except StudyError as error:
            mistakes.append(str(error))
    # All files are planned first, so that the mistakes of all are reported together.
    if mistakes:
        raise SpecError("\n\n".join(mistakes))
    return plans


def _overview(contents: "list[Report]", reports: Path, html: bool) -> "dict[str, Table]":
    from study.report import report
    from study.store.atomic import replace as write

    table = report.overview(contents)
    write(reports / "overview.md", report.FORMATS["md"](table).encode())
    if html:
        write(reports / "overview.html", report.page(contents).encode())
    message(f"wrote the overview of {len(contents)} studies to {reports}")
    return {"overview": table}


def lacking(plan: "Plan", store: "Store") -> int:
    """The number of trials and evaluations without a result."""
    from study.plan.measuring import unevaluated

    return len(plan.missing) + len(unevaluated(plan, store))


def claim_folder(plan: "Plan", reports: Path) -> Path:
    """The folder of a study's reports, claimed for this study."""
    from study.store import study_folders

    return study_folders.claim(reports, plan.study, REMEDY)


def write_and_show(
    plan: "Plan",
    store: "Store",
    reports: Path,
    style: FigureStyle = DEFAULT,
    *,
    html: bool = False,
) -> None:
    """Write the report of a study and show it."""
    contents, _ = _report(plan, store, reports, style, html=html)
    _show(contents)


def _show(contents: "Report") -> None:
    """Print the answer, and then the tables that it is about."""
    from rich.text import Text

    out = console()
    out.print(Text(contents.answer, "bold"), soft_wrap=not out.is_terminal)
    out.print()
    show_tables(contents.tables)


def _report(
    plan: "Plan",
    store: "Store",
    reports: Path,
    style: FigureStyle = DEFAULT,
    *,
    html: bool = False,
) -> "tuple[Report, Path]":
    """Write the report of a study; return its contents and folder."""
    from study.analysis.measurements import fingerprint
    from study.report import report

    note_strays(store, plan)
    folder = claim_folder(plan, reports)
    contents = report.report(plan, store, style)
    files = report.write(contents, folder, fingerprint(plan, store), html=html)
    message(f"wrote {len(files)} files to {folder}")
    return contents, folder


def show_if_current(plan: "Plan", store: "Store", reports: Path) -> bool:
    """Show the last report if it is current; False otherwise."""
    from study.analysis.measurements import MANIFEST, fingerprint
    from study.report import report
    from study.store.job_records import Manifest

    folder = claim_folder(plan, reports)
    manifest = Manifest.look(folder / MANIFEST)
    if manifest is None or manifest.made_of != fingerprint(plan, store):
        return False
    # The fingerprint is that of the results; files of the report may be gone all the same.
    if not all((folder / name).is_file() for name in manifest.files):
        return False
    _show(report.report(plan, store))
    message(f"the report is current: {folder}")
    return True

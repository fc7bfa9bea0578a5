"""The command run: trains what is missing, measures, and reports."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from study.api.request import StudyRequest
from study.cli import earlier_runs, endings
from study.cli.budget import budget_options, over
from study.cli.dry_run import show_dry_run
from study.cli.edits import note_edits
from study.cli.machine import machine_options
from study.cli.messages import message
from study.cli.options import reports_option, study_file
from study.cli.output import console
from study.cli.output import progress as progress_bar
from study.cli.plan import show_plan
from study.cli.report import REMEDY, claim_folder, show_if_current, write_and_show
from study.cli.tab_title import tab_title
from study.cli.track import KIND, tracked
from study.cli.twice import refuse_unused, run_twice
from study.launch.command import NoWorkerError
from study.launch.unread import UnreadMetricError

if TYPE_CHECKING:
    from study.launch import Event
    from study.launch.machine import Machine
    from study.plan.plan import Plan
    from study.store.job_records import Budget
    from study.store.store import Store


@click.command("run")
@study_file
@machine_options
@budget_options
@reports_option
@click.option(
    "--dry-run",
    is_flag=True,
    help="Show what would run; print the script of Slurm, or the command.",
)
@click.option(
    "--twice", is_flag=True, help="Run one trial twice, and say whether it comes out the same."
)
@click.option("--wait", is_flag=True, help="Wait until workers on Slurm are done.")
@click.option("--speed/--no-speed", default=True, help="Time all arms after training.")
@click.option(
    "--track",
    "trackers",
    **KIND,
    default=(),
    help="Log trials as they run: tensorboard, wandb, mlflow.",
)
@click.option(
    "--progress",
    type=click.Choice(["auto", "live", "plain", "none"]),
    default="auto",
    show_default=True,
    help="auto: live on a terminal, plain lines otherwise.",
)
def run_command(
    request: StudyRequest,
    machine: "Machine",
    budget: "Budget | None",
    reports: Path,
    dry_run: bool,
    twice: bool,
    wait: bool,
    speed: bool,
    trackers: tuple[str, ...],
    progress: str,
) -> int:
    """Run the missing trials of FILE and print its table; safe to repeat and to interrupt."""
    plan, store = _checked(request, reports, trackers, twice=twice)
    machine = replace(machine, wait=wait)
    if dry_run:
        return show_dry_run(plan, store, machine)
    if twice:
        return run_twice(plan, store, machine, request, _progress(plan, store, progress))
    if plan.missing:
        _announce(plan, store, machine, budget)
    elif _report_finished(plan, store, machine, reports, speed=speed, tracked=bool(trackers)):
        return 0
    claim_folder(plan, reports)  # now, so that no other study takes the folder during training
    command = f"study run {request.command_line(machine)}"
    try:
        # Trackers follow while workers run; their failures never reach the trials.
        with tracked(request, plan, store, trackers):
            stopped = _train(request, plan, store, machine, progress, speed, budget)
        if stopped:
            return endings.stopped(plan, store, command)
        if plan.missing and machine.on == "slurm" and not wait:
            return _follow(request, trackers)
        plan = _measure(plan, store, machine, speed)
    except (NoWorkerError, UnreadMetricError) as error:
        return endings.given_up(error, command)
    except KeyboardInterrupt:
        return endings.interrupted(request, machine, command)
    return _reported(request, plan, store, reports, command)


def _checked(
    request: StudyRequest, reports: Path, trackers: tuple[str, ...], *, twice: bool
) -> tuple["Plan", "Store"]:
    """The plan and its store; whatever would stop the run later is refused now, not after days."""
    from study.store import study_folders
    from study.track import check as check_trackers

    refuse_unused(twice)
    check_trackers(trackers)
    plan, store = request.plan()
    study_folders.check(reports, plan.study, REMEDY)
    return plan, store


def _announce(plan: "Plan", store: "Store", machine: "Machine", budget: "Budget | None") -> None:
    """Check the files that missing trials read, and print the plan."""
    from study.launch import resources
    from study.plan.planning import check_inputs

    check_inputs(plan, store)
    show_plan(plan, store, machine, err=True)
    for note in (*resources.notes(machine), *earlier_runs.notes(plan, store, budget)):
        message(f"note: {note}")


def _report_finished(
    plan: "Plan",
    store: "Store",
    machine: "Machine",
    reports: Path,
    *,
    speed: bool,
    tracked: bool,
) -> bool:
    """True if nothing remains to train, measure or log, and the report is current."""
    from study.api import run

    results = f"all {len(plan.trials)} trials have results"
    message(f"nothing to train: {results if plan.trials else 'the study has no seeds'}")
    for note in plan.notes:
        message(f"note: {note}")
    if tracked or run.unmeasured(plan, store, machine, speed=speed):
        return False
    return show_if_current(plan, store, reports)


def _follow(request: StudyRequest, trackers: tuple[str, ...]) -> int:
    """Print the commands by which to follow workers on Slurm; return 0."""
    words = request.command_line()
    message(f"follow progress with: study status {words} --watch")
    for name in trackers:
        tracking = f"study track {words} --to {name} --watch"
        message(f"to log them to {name}, keep this running: {tracking}")
    return 0


def _measure(plan: "Plan", store: "Store", machine: "Machine", speed: bool) -> "Plan":
    """Evaluate and time the arms if all trials have ended; the plan with their results."""
    from study.api import run

    with progress_bar("timing") as tick:
        return run.measure(plan, store, machine, speed=speed, tell=message, tick=tick)


def _train(
    request: StudyRequest,
    plan: "Plan",
    store: "Store",
    machine: "Machine",
    progress: str,
    speed: bool,
    budget: "Budget | None",
) -> bool:
    """Run the missing trials, if there are any; True when the user stopped them."""
    from study.api import run

    if not plan.missing:
        return False

    def stopping() -> None:
        message("stopping after this step; Ctrl-C again to stop now")

    def submitted(ids: "Sequence[str]") -> None:
        message(_submitted(machine, ids))

    with _progress(plan, store, progress) as report:
        return run.train(
            plan,
            store,
            machine,
            request=request,
            speed=speed,
            report=report,
            budget=budget,
            stopping=stopping,
            submitted=submitted,
        )


def _submitted(machine: "Machine", ids: "Sequence[str]") -> str:
    if machine.on == "slurm":
        return f"submitted to Slurm: {' '.join(ids)}"
    from study.format import duration, many

    return (
        f"submitted {many(len(ids), 'worker')}; while none is seen at work, this waits "
        f"{duration(machine.timeout)} (--timeout)"
    )


def _progress(
    plan: "Plan", store: "Store", how: str
) -> "AbstractContextManager[Callable[[Sequence[Event]], None]]":
    """A context that yields a function, to which events are reported."""
    from study.cli.progress import LiveDisplay, Names, line, up_to_date

    names = Names(store)
    names.learn(plan)

    def lines(events: "Sequence[Event]") -> None:
        nonlocal plan
        plan = up_to_date(plan, names, events)
        for event in events:
            with suppress(BrokenPipeError):  # the reader is gone; the work goes on
                message(line(plan, names, event))

    @contextmanager
    def live_display() -> "Iterator[Callable[[Sequence[Event]], None]]":
        from rich.live import Live

        display = LiveDisplay(plan, store)

        def update(events: "Sequence[Event]") -> None:
            display.update(events)
            name(display.title)

        with (
            tab_title() as name,
            Live(display, console=console(err=True), refresh_per_second=4),
        ):
            name(display.title)
            yield update

    # A live display in a log file would be one copy of the display per update.
    if how == "live" or (how == "auto" and sys.stderr.isatty()):
        return live_display()
    return nullcontext((lambda events: None) if how == "none" else lines)


def _reported(
    request: StudyRequest, plan: "Plan", store: "Store", reports: Path, command: str
) -> int:
    """Write and print the report; the exit status of the run."""
    spent = over(store, plan)  # before the report, whose time is no part of it
    write_and_show(plan, store, reports)
    note_edits(request, plan)
    return endings.ended(request, plan, store, command, spent)

"""plan, run."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from study.cli import FAILED, INCOMPLETE, INTERRUPTED
from study.cli.images import check_images, check_images_option
from study.cli.machine import machine_options
from study.cli.options import Asked, console, echo_json, json_option, reports_option, study_file
from study.cli.report import REMEDY, claimed, current, lacking, written
from study.cli.track import KIND, tracked
from study.errors import StudyError

if TYPE_CHECKING:
    from study.launch import Event
    from study.launch.machine import Machine
    from study.plan.plan import Plan
    from study.store.store import Store


@click.command("plan")
@study_file
@machine_options
@check_images_option
@json_option
def plan_command(asked: Asked, machine: "Machine", check_all: bool, as_json: bool) -> None:
    """What FILE asks for: arms, costs, trials missing, price. Trains nothing."""
    from study.cli import show
    from study.plan.estimate import remaining_time
    from study.plan.plan import check_data

    plan, store = asked.plan()
    check_data(plan, store, absent=check_all)
    if check_all:
        check_images(plan)
    here = machine.on != "slurm"
    if here and plan.missing and remaining_time(plan, store, machine.workers) is None:
        _time_steps(plan, store, machine)
    if as_json:
        echo_json(show.plan_record(plan, remaining_time(plan, store, machine.workers)))
        return
    _show_plan(plan, store, machine)
    click.echo(f"run it: study run {asked.again(machine)}", err=True)


@click.command("run")
@study_file
@machine_options
@reports_option
@click.option(
    "--dry-run", is_flag=True, help="Plan, and say what would run; prints Slurm's script."
)
@click.option("--wait", is_flag=True, help="Stay until workers on Slurm are done.")
@click.option("--speed/--no-speed", default=True, help="Time the arms when all are trained.")
@click.option("--track", "trackers", **KIND, default=(),
              help="Show trials there, as they go: tensorboard, wandb, mlflow.")  # fmt: skip
@click.option("--progress", type=click.Choice(["auto", "live", "plain", "none"]), default="auto",
              show_default=True, help="A picture on a terminal, lines otherwise.")  # fmt: skip
def run_command(
    asked: Asked, machine: "Machine", reports: Path, dry_run: bool, wait: bool, speed: bool,
    trackers: tuple[str, ...], progress: str,
) -> int:  # fmt: skip
    """Run what is missing of FILE and print its table. Safe to repeat, and to interrupt."""
    from study.launch import resources
    from study.plan.plan import check_data
    from study.plan.plan import plan as planned
    from study.store import study_folders
    from study.track import check as check_trackers

    check_trackers(trackers)
    plan, store = asked.plan()
    # Before training: a report that may not be written is better known now than after days.
    study_folders.check(reports, plan.study, REMEDY)
    machine = replace(machine, wait=wait)
    again = f"study run {asked.again(machine)}"
    if dry_run:
        check_data(plan, store, absent=False)
        _show_plan(plan, store, machine, err=machine.on == "slurm")
        if machine.on == "slurm":
            from study.launch.slurm import script

            for note in resources.notes(machine):
                click.echo(f"note: {note}", err=True)
            job, workers = store.root.resolve() / "jobs" / "STAMP", len(plan.missing) or 1
            click.echo(script(job, machine, min(machine.workers, workers)))
        return 0
    if not plan.missing:
        done = (
            f"all {len(plan.trials)} trials have results" if plan.trials else "there are no seeds"
        )
        click.echo(f"nothing to train: {done}", err=True)
        for note in plan.notes:
            click.echo(f"note: {note}", err=True)
        left = trackers or _unmeasured(plan, store, machine, speed)
        if not left and current(plan, store, reports):
            return 0
    else:
        check_data(plan, store)
        _show_plan(plan, store, machine, err=True)
        for note in (*resources.notes(machine), *_left_alone(plan, store)):
            click.echo(f"note: {note}", err=True)
    claimed(plan, reports)
    try:
        with tracked(asked, plan, store, trackers):
            # Trackers follow while workers run; their failures never reach the trials.
            stopped = plan.missing and _train(plan, store, machine, progress, speed)
        if stopped:
            click.echo(f"stopped; nothing is lost. Go on with: {again}", err=True)
            return INTERRUPTED
        if plan.missing and machine.on == "slurm" and not wait:
            click.echo(f"watch them: study status {asked.again()} --watch", err=True)
            for name in trackers:
                said = f"study track {asked.again()} --to {name} --watch"
                click.echo(f"they are shown in {name} as long as this runs: {said}", err=True)
            return 0
        plan = planned(plan.study, [], store)  # the file may have been edited meanwhile
        if all(trial.done or trial.state == "failed" for trial in plan.trials):
            # Measured only when no trial is open: timing needs the machine for itself.
            for measure in _unmeasured(plan, store, machine, speed):
                measure(plan, store, machine)
    except KeyboardInterrupt:
        if machine.on == "slurm":
            said = f"no longer waiting; the workers go on until: study cancel {asked.again()}"
        else:
            said = f"stopped at once; go on with: {again}"
        click.echo(said, err=True)
        return INTERRUPTED
    written(plan, store, reports)
    if _edited(plan):
        now = f"study report {asked.again()}"
        said = f"{asked.file} has changed since this run began, whose study was reported; {now}"
        click.echo(f"note: {said} reports what the file asks for now", err=True)
    return _status(plan, store, again)


def _time_steps(plan: "Plan", store: "Store", machine: "Machine") -> None:
    """Time a few steps of the baseline, which a plan can do without.

    Raises:
        StudyError: its images are here and cannot be read, so its trials would fail.
    """
    from study.launch import timing

    click.echo("timing a few training steps of the baseline ...", err=True)
    try:
        timing.steps(plan, store, machine)
    except StudyError as error:
        # The error comes as text from another process, so its class is gone.
        if "DataError" in str(error) and _has_images(plan, store):
            raise StudyError(f"trials of the baseline would fail: {error}") from error
        click.echo(f"no estimate of the time: {error}", err=True)


def _has_images(plan: "Plan", store: "Store") -> bool:
    from study.plan.plan import check_data

    try:
        check_data(plan, store)
    except StudyError:
        return False
    return True


def _edited(plan: "Plan") -> bool:
    """True if the study file has changed since it was read, or is gone."""
    path = plan.study.path
    if path.exists() and not path.is_file():  # a pipe can be read once
        return False
    try:
        return path.read_text("utf-8-sig") != plan.study.text
    except (OSError, UnicodeDecodeError):
        return True


def _show_plan(plan: "Plan", store: "Store", machine: "Machine", err: bool = False) -> None:
    from study.cli import show
    from study.plan import images
    from study.plan.estimate import remaining_time

    out, asked = console(err), (arm.arm.config.data for arm in plan.arms if plan.missing)
    out.print(show.plan_head(plan), markup=False, highlight=False)
    out.print(show.plan_table(plan))
    priced = remaining_time(plan, store, machine.workers)
    for note in [*images.notes(asked, store), *show.plan_notes(plan, priced, machine.workers)]:
        out.print(note, markup=False, highlight=False, soft_wrap=True)


def _train(plan: "Plan", store: "Store", machine: "Machine", progress: str, speed: bool) -> bool:
    """Run the missing trials; True when the user stopped them."""
    from study import launch
    from study.launch import timing
    from study.plan.plan import records
    from study.store.job_records import Work

    def stopping() -> None:
        click.echo("stopping after this step; Ctrl-C again to stop now", err=True)

    def submitted(ids: "Sequence[str]") -> None:
        click.echo(f"submitted to Slurm: {' '.join(ids)}", err=True)

    work = Work(
        tasks=["trials"],
        study=plan.study.title,
        file=plan.study.identity[1],
        words=plan.study.command_arguments,
        folder=str(Path.cwd()),
    )
    if machine.on == "slurm":  # whoever is last measures; nobody else may be there any more
        pairs = [(trial.name, size) for trial in plan.trials for size in plan.sizes]
        more: dict[str, object] = {"pairs": pairs}
        tasks = ["trials", *(["evaluations"] if pairs else [])]
        if speed and plan.timed:
            more |= timing.work(plan).plain
            tasks += ["timings"]
        work = work.model_copy(update={**more, "tasks": tasks})
    with _progress(plan, progress) as report:
        return launch.run(
            store,
            records(plan),
            machine,
            work,
            report=report,
            stopping=stopping,
            submitted=submitted,
        )


def _left_alone(plan: "Plan", store: "Store") -> Iterator[str]:
    """Trials that an earlier call has asked for and this one does not: they are not touched."""
    from study.launch import job as orders

    ours = {trial.name for trial in plan.trials}
    for job, order in orders.of(store, plan.study.identity):
        others = [name for name in order.trials if name not in ours]
        states = [store.state(name) for name in others]
        left = sum(state in ("running", "pending", "stale") for state in states)
        if left and not orders.stopped(job):
            yield (
                f"{left} trials that {job.name} was asked for are in this study no more; "
                "left alone (study cancel ends them)"
            )


def _progress(
    plan: "Plan", how: str
) -> "AbstractContextManager[Callable[[Sequence[Event]], None]]":
    """A context that gives the function to report events to."""
    from study.cli import live

    def lines(events: "Sequence[Event]") -> None:
        for event in events:
            with suppress(BrokenPipeError):  # nobody reads them any more; the work goes on
                click.echo(live.line(plan, event), err=True)

    @contextmanager
    def picture() -> "Iterator[Callable[[Sequence[Event]], None]]":
        from rich.live import Live

        shown = live.Picture(plan)
        with Live(shown, console=console(err=True), refresh_per_second=4):
            yield shown.update

    # A live display in a log file would be one copy of the picture per update.
    if how == "live" or (how == "auto" and sys.stderr.isatty()):
        return picture()
    return nullcontext((lambda events: None) if how == "none" else lines)


Measure = Callable[["Plan", "Store", "Machine"], None]


def _unmeasured(plan: "Plan", store: "Store", machine: "Machine", speed: bool) -> list[Measure]:
    """The measurements that are missing after training: evaluations and timings."""
    from study.launch import evaluations, timing

    found: list[Measure] = [_evaluate] if evaluations.missing(plan, store) else []
    return [*found, _time] if speed and timing.missing(plan, store, machine) else found


def _evaluate(plan: "Plan", store: "Store", machine: "Machine") -> None:
    from study.launch import evaluations

    click.echo(f"evaluating at {', '.join(map(str, plan.sizes))} px ...", err=True)
    evaluations.evaluate(plan, store, machine)
    if left := evaluations.missing(plan, store):
        named = ", ".join(sorted({name for name, _ in left})[:4])
        click.echo(f"weights or images are gone, of {named}", err=True)


def _time(plan: "Plan", store: "Store", machine: "Machine") -> None:
    from study.launch import timing

    click.echo("timing all arms in one session, alone on this machine ...", err=True)
    timing.session(plan, store, machine)


def _status(plan: "Plan", store: "Store", again: str) -> int:
    from study.format import many

    failed = sum(trial.state == "failed" for trial in plan.trials)
    if failed:
        click.echo(f"{many(failed, 'trial')} failed; try again with: {again}", err=True)
        return FAILED
    if count := lacking(plan, store):
        from study.launch import status

        left = many(count, "trial or evaluation", "trials or evaluations")
        why = status.ends(store, plan.study.identity)
        click.echo(f"{left} without a result{why}; go on with: {again}", err=True)
        return INCOMPLETE
    return 0

"""Running a study: the missing trials, then what is measured once they have ended."""

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from study import launch
from study.api import unread
from study.api.request import StudyRequest
from study.errors import StudyError, unknown
from study.launch import Event, Machine, evaluations, spending, timing
from study.launch.machine import DEVICES, HERE, default_device, gpus, room
from study.plan import budgets
from study.plan.measuring import timing_session, unevaluated
from study.plan.plan import Plan
from study.plan.planning import check_inputs
from study.plan.planning import plan as planned
from study.report.figure_style import FigureStyle
from study.spec.image_size import printed
from study.spec.study import Study
from study.spec.variables import VARIABLE
from study.store import study_folders
from study.store.job_records import Budget, Work
from study.store.store import Store
from study.tune import journal

Report = Callable[[Sequence[Event]], None]
REMEDY = "write to another folder"


def train(
    plan: Plan,
    store: Store,
    machine: Machine,
    *,
    request: StudyRequest,
    speed: bool,
    report: Report,
    budget: Budget | None = None,
    stopping: Callable[[], None] = lambda: None,
    submitted: Callable[[Sequence[str]], None] = lambda ids: None,
) -> bool:
    """Run the missing trials, or as many as the budget allows; True if the user asked to stop.

    Raises:
        UnreadMetricError: the first trial left no metric where the study file looks for it.
    """
    work = _work(plan, request, machine, speed=speed, budget=budget)
    run_trials = partial(launch.run, store, report=report, stopping=stopping, submitted=submitted)
    records = plan.records()
    seen = {*records}
    while True:
        with unread.placed(plan, store):
            stopped = run_trials(records, machine, work)
        if stopped or not plan.study.grows or (machine.on == "slurm" and not machine.wait):
            return stopped
        if budget and (spent := spending.latest(store, plan.study.identity)):
            if spent.is_over:
                return False
            work = work.model_copy(update={"budget": spent.left})  # of what this run may spend
        # Workers plan a study that grows, unless they were killed before they could.
        called_for = planned(plan.file, store).records()
        # Those that have failed are not tried again by the same run.
        new = [name for name in called_for if name not in seen and store.result(name) is None]
        records = {name: called_for[name] for name in new}
        if not records:
            return False
        seen |= records.keys()
        work = work.model_copy(update={"has_results": True})  # they have called for these trials


def _work(
    plan: Plan, request: StudyRequest, machine: Machine, *, speed: bool, budget: Budget | None
) -> Work:
    """The work on a study's missing trials."""
    # Workers plan a study again if its results may call for more trials.
    text = _texts(plan.study) if plan.study.grows else {}
    known = {"study": plan.study.title, "file": plan.study.identity[1], "request": request.record}
    # A job without a budget has no such key, as those of earlier versions.
    limit = {"budget": budget} if budget else {}
    some = {"has_results": True} if any(trial.done for trial in plan.trials) else {}
    work = plan.work("trials", **known, **text, **limit, **some)
    if machine.here:
        return work
    # The last worker measures, because no other may be left by then. All pairs: no one knows yet
    # which will be missing when the trials have ended.
    pairs = [(trial.name, size) for trial in plan.reported for size in plan.sizes]
    more: dict[str, object] = {"pairs": pairs}
    phases = ["trials", *(["evaluations"] if plan.sizes else [])]
    if speed and plan.timed:
        session = timing_session(plan)
        more |= {name: getattr(session, name) for name in session.model_fields_set}
        phases += ["timings"]
    return work.model_copy(update={**more, "phases": phases})


def _texts(study: Study) -> dict[str, object]:
    """The text of a study, and the variables in it: workers may have other ones."""
    # Those of the text alone: an environment may hold secrets.
    names = set(VARIABLE.findall(study.text)) & os.environ.keys()
    return {"text": study.text, "variables": {name: os.environ[name] for name in sorted(names)}}


def unmeasured(plan: Plan, store: Store, machine: Machine, *, speed: bool) -> bool:
    """True if anything remains to be measured after training."""
    return bool(unevaluated(plan, store)) or (speed and timing.missing(plan, store, machine))


def measure(
    plan: Plan,
    store: Store,
    machine: Machine,
    *,
    speed: bool,
    tell: Callable[[str], None] = lambda text: None,
    tick: Callable[[int, int], object] = lambda done, total: None,
) -> Plan:
    """Evaluate and time the arms if all trials have ended; the plan with their results.

    `tick` is given the rounds of a timing session that have ended, and their number.
    """
    plan = planned(plan.file, store)  # as it was read: it may have been edited meanwhile
    if plan.proposing:
        journal.record(plan.study, plan.proposing, store)
    # Measured only when no trial is open: timing needs the machine for itself.
    if not all(trial.done or trial.state == "failed" for trial in plan.trials):
        return plan
    if unevaluated(plan, store):
        tell(f"evaluating at {', '.join(map(printed, plan.sizes))} px ...")
        evaluations.evaluate(plan, store, machine)
        if left := unevaluated(plan, store):
            named = ", ".join(sorted({name for name, _ in left})[:4])
            tell(f"not evaluated, as weights or images are gone or do not fit the size: {named}")
    if speed and timing.missing(plan, store, machine):
        tell("timing all arms in one session, with no other trial of this store running ...")
        timing.session(plan, store, machine, report=tick)
    return plan


def machine(on: str, *, workers: int | None, device: str | None, threads: int | None) -> Machine:
    """This machine with the given settings.

    Raises:
        StudyError: there is no such launcher, or no such device here.
    """
    for name, number in (("workers", workers), ("threads", threads)):
        if number is not None and (not isinstance(number, int) or number < 1):
            raise StudyError(f"{name}: a whole number from 1, not {number!r}")
    if device is not None and device not in DEVICES:
        raise StudyError(unknown("device", str(device), DEVICES))
    if on not in HERE:  # for others there is the command line
        raise StudyError(unknown("launcher", on, HERE))
    if device == "cuda" and not gpus():
        raise StudyError("cuda: this machine has no usable NVIDIA device")
    device = device or default_device()
    workers, threads = room(device, workers, threads)
    return Machine(on=on, workers=workers, device=device, threads=threads)


def budget(text: str | None, price: str | None, machine: Machine) -> Budget | None:
    """The budget of a run on a machine.

    Raises:
        StudyError: it is none, or counts GPUs where there are none.
    """
    if text is None and price is None:
        return None
    if text is None:
        raise StudyError(f"a price of {price} has no budget: write --budget 100 --price {price}")
    limit = budgets.budget(str(text), None if price is None else str(price))
    budgets.check_device(limit, machine.device)
    return limit


def run(
    request: StudyRequest,
    machine: Machine,
    *,
    speed: bool,
    progress: bool,
    budget: Budget | None = None,
) -> None:
    """Run a study whole, with a bar of finished trials; as `study run` does."""
    from rich.progress import Progress

    plan, store = request.plan()
    # rich draws the bar in a notebook too, and nothing where no one looks.
    with Progress(transient=True, disable=not progress) as bar:
        trials = bar.add_task(plan.study.title, total=len(plan.missing))

        def report(events: Sequence[Event]) -> None:
            # A trial that failed has ended as well.
            bar.advance(trials, sum(event.kind in ("done", "fail") for event in events))

        if plan.missing:
            check_inputs(plan, store)
            train(plan, store, machine, request=request, speed=speed, report=report, budget=budget)
        # Without a total until the session reports its number of rounds.
        rounds = bar.add_task("timing", total=None, visible=speed and bool(plan.timed))
        measure(
            plan,
            store,
            machine,
            speed=speed,
            tick=lambda done, total: bar.update(rounds, completed=done, total=total),
        )


def write_report(plan: Plan, store: Store, parent: Path, *, style: FigureStyle, html: bool) -> Path:
    """Write the report of a study below `parent`; returns its folder."""
    from study.analysis.measurements import fingerprint
    from study.report import report

    folder = study_folders.claim(parent, plan.study, REMEDY)
    report.write(report.report(plan, store, style), folder, fingerprint(plan, store), html=html)
    return folder

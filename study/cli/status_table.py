"""Trials of a study as a table: how far each is, and who works on it."""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from study import format
from study.cli.output import in_units
from study.format import duration
from study.launch import job
from study.plan.estimate import remaining_time
from study.plan.plan import Plan
from study.report.columns import FoldedTable
from study.stats import AA
from study.store import leases
from study.store.states import DONE, OPEN
from study.store.store import Store, written
from study.tasks.arms import PlannedArm, Trial, ending_of

BAR = 24  # characters, which leaves the text room on a line of 80


@dataclass(frozen=True)
class TrialRow:
    """How far a trial is: a row of `study status`, and of its JSON under the same names."""

    arm: str
    seed: int
    trial: str
    state: str
    where: str
    """The worker, while there is one."""
    epoch: int
    """Epochs that are finished."""
    epochs: int
    step: float | None
    """The step of the last values, where nobody knows how many there will be."""
    metrics: Mapping[str, float | None]
    """The qualities so far, by name."""
    seconds: float | None
    error: str | None
    updated: float | None
    """When a file of the trial was last written, in seconds since 1970."""


def trial_rows(plan: Plan, store: Store) -> list[TrialRow]:
    return [_trial_row(plan, store, arm, trial) for arm in plan.trained for trial in arm.trials]


def _trial_row(plan: Plan, store: Store, arm: PlannedArm, trial: Trial) -> TrialRow:
    result = ending_of(trial, store)
    # A trial that is complete has all of its epochs.
    history = [] if result and result.state == "completed" else store.history(trial.name)
    # While a trial runs, the last finished epoch stands for its result.
    latest = None if result else history[-1] if history else store.latest(trial.name)
    measured = (result.metrics if result else {}) or (latest.measured if latest else {})
    step = measured.get("iteration") if not plan.task.known_length else None
    return TrialRow(
        arm=AA if trial.is_aa else arm.label,
        seed=trial.seed,
        trial=trial.name,
        state=trial.state,
        where=_where(plan, store, trial),
        # A task may keep no history.
        epoch=arm.epochs if trial.state == "completed" else min(len(history), arm.epochs),
        epochs=arm.epochs,
        step=step,
        metrics={name: measured[name] for name in plan.catalogue if name in measured},
        seconds=result.seconds if result else None,
        error=result.error if result else None,
        updated=_updated(store, trial.name),
    )


def _where(plan: Plan, store: Store, trial: Trial) -> str:
    """Who works on a trial, or did; and for what other study, where that is so."""
    who = (
        leases.latest(store.trial(trial.name))[1] if trial.state in ("running", "paused") else None
    )
    if who is None:
        return ""
    other = job.study_of_job(store, who.work)
    if other is None or other == plan.study.identity:
        return who.where
    return f"{who.where}, for {other[0]} ({os.path.relpath(other[1])})"


def _updated(store: Store, name: str) -> float | None:
    folder = store.folder(name)
    # History for running trials, the result for finished ones: the latest of them.
    times = [written(file) for file in (folder.result, folder.history, folder.latest)]
    return max(times) or None


def status_table(
    plan: Plan, rows: Sequence[TrialRow], workers: str, left: str, *, bar: bool
) -> RenderableType:
    """The trials, how many are in each state, and how far all are; `left` is the time to come.

    `bar` draws how far all are, on a terminal.
    """
    quality = format.head(plan.catalogue[plan.followed]) if plan.followed else "result"
    unknown = not plan.task.known_length
    table = FoldedTable(
        (
            "arm",
            "seed",
            "trial",
            "state",
            "where",
            plan.task.progress_unit if unknown else "epoch",
            quality,
            "updated",
        ),
        [("", [_status_row(plan, row) for row in rows])],
        # By importance: arm, seed, state, epoch, the quality, and so on; the first two name a row.
        order=(0, 1, 3, 5, 6, 2, 4, 7),
        right=frozenset({1, 5, 6, 7}),
        keys=2,
    )
    counts = {state: sum(row.state == state for row in rows) for state in _states(rows)}
    summary = "  ".join(f"{state} {count}" for state, count in counts.items())
    unit = "trials" if unknown else "epochs"
    line = Text(f"{summary}  ·  workers: {workers}")
    return Group(table, line, *_all(rows, left, unit, bar=bar))


def _all(rows: Sequence[TrialRow], left: str, unit: str, *, bar: bool) -> list[RenderableType]:
    """How many of all epochs are done, and the time to come; empty without a trial."""
    total, done = sum(row.epochs for row in rows), sum(_epochs(row) for row in rows)
    if not total:
        return []
    # A trial that failed has ended, and is not done.
    share = f"{100 * done // total} % of {total} {unit}"
    far = f"{done} of {total} trials done" if unit == "trials" else share
    text = f"{far}{f', {left}' if left else ''}"
    if not bar:
        return [Text(text)]
    line = Table.grid(padding=(0, 2, 0, 0))
    line.add_row(ProgressBar(total=total, completed=done, width=BAR), Text(text))
    return [line]


def _epochs(row: TrialRow) -> int:
    """Epochs that are over: all of a trial that ended early, as one that diverged."""
    return row.epochs if row.state in DONE else row.epoch


def time_left(plan: Plan, store: Store, rows: Sequence[TrialRow]) -> str:
    """The estimated time that open trials need, by the workers that are at work; "" if unknown."""
    opened = [row for row in rows if row.state in OPEN]
    running = sum(row.state == "running" for row in opened)
    estimate = remaining_time(plan, store, max(1, running)) if opened else None
    if estimate is None:
        return ""
    # Of trials that have begun only their other epochs are left.
    epochs = max(1, sum(row.epochs for row in opened))
    seconds = estimate[0] * (1 - sum(row.epoch for row in opened) / epochs)
    return f"about {duration(seconds)} left" + ("" if running else " with one worker")


def _status_row(plan: Plan, row: TrialRow) -> list[str | Text]:
    age = "" if row.updated is None else f"{duration(time.time() - row.updated)} ago"
    # Colour repeats the word beside it and is never the only sign.
    name = plan.followed
    style = {
        "failed": "bold red",
        "diverged": "yellow",
        "censored": "dim",
        "running": "green",
    }.get(row.state)
    return [
        row.arm,
        str(row.seed),
        row.trial,
        Text(row.state, style or ""),
        row.where,
        _far(plan, row),
        in_units(plan.catalogue[name], row.metrics.get(name)) if name else "",
        age,
    ]


def _far(plan: Plan, row: TrialRow) -> str:
    if plan.task.known_length:
        return f"{row.epoch}/{row.epochs}"
    return "" if row.step is None else str(row.step)


def _states(rows: Sequence[TrialRow]) -> list[str]:
    return sorted({row.state for row in rows})

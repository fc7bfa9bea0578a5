"""Trials of a study as a table: how far each is, and who works on it."""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.text import Text

from study import format
from study.cli.output import in_units
from study.format import duration
from study.launch import job
from study.plan.plan import Plan
from study.report.columns import FoldedTable
from study.stats import AA
from study.store import leases
from study.store.store import Store
from study.tasks.arms import PlannedArm, Trial


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
    metrics: Mapping[str, float | None]
    """The qualities so far, by name."""
    seconds: float | None
    error: str | None
    updated: float | None
    """When a file of the trial was last written, in seconds since 1970."""


def trial_rows(plan: Plan, store: Store) -> list[TrialRow]:
    return [_trial_row(plan, store, arm, trial) for arm in plan.trained for trial in arm.trials]


def _trial_row(plan: Plan, store: Store, arm: PlannedArm, trial: Trial) -> TrialRow:
    history, result = store.history(trial.name), store.result(trial.name)
    # While a trial runs, the last finished epoch stands for its result.
    measured = (result.metrics if result else {}) or (history[-1].measured if history else {})
    return TrialRow(
        arm=AA if trial.is_aa else arm.label,
        seed=trial.seed,
        trial=trial.name,
        state=trial.state,
        where=_where(plan, store, trial),
        # A task may keep no history.
        epoch=arm.epochs if trial.state == "completed" else len(history),
        epochs=arm.epochs,
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
    # History for running trials, the result for finished ones: the later of the two.
    times = [file.stat().st_mtime for file in (folder.result, folder.history) if file.exists()]
    return max(times) if times else None


def status_table(plan: Plan, rows: Sequence[TrialRow], workers: str) -> RenderableType:
    quality = format.head(plan.catalogue[plan.followed]) if plan.followed else "result"
    table = FoldedTable(
        ("arm", "seed", "trial", "state", "where", "epoch", quality, "updated"),
        [("", [_status_row(plan, row) for row in rows])],
        # By importance: arm, seed, state, epoch, the quality, and so on; the first two name a row.
        order=(0, 1, 3, 5, 6, 2, 4, 7),
        right=frozenset({1, 5, 6, 7}),
        keys=2,
    )
    counts = {state: sum(row.state == state for row in rows) for state in _states(rows)}
    summary = "  ".join(f"{state} {count}" for state, count in counts.items())
    return Group(table, Text(f"{summary}  ·  workers: {workers}"))


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
        f"{row.epoch}/{row.epochs}",
        in_units(plan.catalogue[name], row.metrics.get(name)) if name else "",
        age,
    ]


def _states(rows: Sequence[TrialRow]) -> list[str]:
    return sorted({row.state for row in rows})

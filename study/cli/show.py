"""Plans and trials as text and rich renderables. Nothing here prints."""

import math
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.text import Text

from study import format
from study.format import duration, many
from study.launch import job
from study.metrics import METRICS
from study.plan.plan import Plan, PlannedArm, Trial
from study.report.columns import FittedTable
from study.stats import AA, MOST_SEEDS, seeds_for, smallest_effect, smallest_p
from study.store import leases
from study.store.store import Record, Store


def in_units(name: str, value: float | None) -> str:
    """A measurement in the units of the table, where there is one."""
    return format.ABSENT if value is None else format.measured(value, METRICS[name])


# ---- plan ----


def plan_head(plan: Plan) -> str:
    study = plan.study
    data, recipe = plan.baseline.arm.config.data, plan.baseline.arm.config.recipe
    profile = f" · profile {study.profile}" if study.profile else ""
    again = f" + {len(study.aa_seeds)} A/A" if study.aa_seeds else ""
    return (
        f"{study.name} · {study.question}\n"
        f"{many(len(plan.arms), 'arm')} × {many(len(study.seeds), 'seed')}{again} = "
        f"{many(len(plan.trials), 'trial')} · "
        f"design {', '.join(study.designs).replace('_', ' ')} · {data.name} {data.img_size} px · "
        f"{many(recipe.total_epochs, 'epoch')}{profile}"
    )


COSTS = ("params", "macs", "macs_conv_linear")


def plan_table(plan: Plan) -> FittedTable:
    heads = ("arm", "departs in", *(format.head(METRICS[n]) for n in COSTS), "Δ MACs", "done")
    return FittedTable(
        heads,
        [_plan_row(plan, arm) for arm in plan.arms],
        # Indices of the columns by importance: label, progress, MACs, and so on.
        order=(0, 6, 3, 5, 2, 1, 4),
        right=frozenset(range(2, len(heads))),
    )


def _plan_row(plan: Plan, arm: PlannedArm) -> list[str | Text]:
    cost = arm.cost_record.cost
    return [
        ("● " if arm is plan.baseline else "  ") + arm.label,
        Text(departures(plan, arm), "dim"),
        *(in_units(name, cost.get(name)) for name in COSTS),
        _saved(plan, arm),
        f"{arm.done}/{len(arm.trials)}",
    ]


def _saved(plan: Plan, arm: PlannedArm) -> str:
    """The difference in multiply-adds from the baseline."""
    ours, base = (a.cost_record.cost.get("macs") for a in (arm, plan.baseline))
    if arm is plan.baseline:
        return ""
    return format.change(ours, base) if ours and base else format.ABSENT


def departures(plan: Plan, arm: PlannedArm) -> str:
    factors = plan.study.factors
    return ", ".join(
        f"{factors[f].path}={factors[f].levels[arm.arm.choices[f]].value.plain()}"
        for f in arm.arm.changed_factors
    )


def plan_notes(plan: Plan, priced: tuple[float, str] | None, workers: int) -> list[str]:
    missing, seeds = len(plan.missing), len(plan.study.seeds)
    notes = [
        f"{arm.label}: MACs refused: {arm.cost_record.refused}"
        for arm in plan.arms
        if _refused(arm)
    ]
    notes += plan.notes
    if not seeds:
        return [*notes, "nothing to train: seeds is 0, so only costs and timings are reported"]
    if missing and priced:
        seconds, how = priced
        wide = many(workers, "worker")
        notes.append(f"{many(missing, 'trial')} to run, about {duration(seconds)}, {wide} ({how})")
    elif missing:
        notes.append(f"{many(missing, 'trial')} to run")
    else:
        notes.append("nothing to run: every trial has a result")
    if plan.evaluates_given_weights:
        return [
            *notes,
            "given weights, nothing to train: seeds change nothing, images are the sample",
        ]
    p = smallest_p(seeds)
    if p > 0.05:
        notes.append(
            f"with {many(seeds, 'seed')} an exact sign-flip test cannot go below "
            f"p = {p:.3g} (6 seeds reach 0.031); intervals are reported instead"
        )
    else:
        notes.append(f"smallest p of an exact sign-flip test with {many(seeds, 'seed')}: {p:.2g}")
    return [*notes, *_reach(plan, seeds)]


def _reach(plan: Plan, seeds: int) -> Iterator[str]:
    """Notes on the noise floor, the detectable difference, and the seeds that a margin needs."""
    if again := len(plan.study.aa_seeds):
        trials = many(again, "more trial")
        yield f"A/A: {trials} of the baseline with other seeds measure the noise floor"
    if seeds < 2 or not plan.tested:
        return
    metric, least = METRICS[plan.tested], smallest_effect(seeds)
    unit = f" {metric.difference_unit}".rstrip()
    sd = "the sd is unknown until trials finish"
    if math.isfinite(plan.sd):
        size = format.measured(least * plan.sd, metric)
        sd = f"{format.name(metric)}: {size}{unit}, from finished trials"
    yield (
        f"with {seeds} seeds a difference of {least:.3g} sd (of per-seed differences) is detected "
        f"with 80 % power ({sd})"
    )
    margin = plan.study.margins.get(plan.tested)
    if margin and plan.sd > 0:
        needed = seeds_for(margin / metric.scale, plan.sd) or f"more than {MOST_SEEDS}"
        yield f"the margin, {margin:g}{unit}, needs {needed} seeds (80 % power)"


def _refused(arm: PlannedArm) -> bool:
    return bool(arm.cost_record.refused)


def plan_record(plan: Plan, priced: tuple[float, str] | None) -> Record:
    """The plan for `--json`: stable keys, base units."""
    return {
        "study": plan.study.name,
        "question": plan.study.question,
        "design": list(plan.study.designs),
        "seeds": list(plan.study.seeds),
        "profile": plan.study.profile,
        "arms": [
            {
                "arm": arm.digest,
                "label": arm.label,
                "departs": departures(plan, arm),
                "cost": arm.cost_record.cost,
                "refused": arm.cost_record.refused or None,
                "config": arm.config.plain,
                "trials": [_trial_record(trial) for trial in arm.trials],
            }
            for arm in plan.arms
        ],
        "missing": len(plan.missing),
        "seconds": priced[0] if priced else None,
        "seconds_from": priced[1] if priced else None,
        "smallest_p": smallest_p(len(plan.study.seeds)),
    }


def _trial_record(trial: Trial) -> Record:
    record: Record = {**vars(trial)}
    record["again"] = record.pop("is_aa")
    if trial.images is not None:
        record["images"] = {split: value.plain for split, value in trial.images.items()}
    return record


# ---- trials ----


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
    top1: float | None
    top5: float | None
    loss: float | None
    seconds: float | None
    error: str | None
    updated: float | None
    """When a file of the trial was last written, in seconds since 1970."""


def trial_rows(plan: Plan, store: Store) -> list[TrialRow]:
    return [_trial_row(plan, store, arm, trial) for arm in plan.arms for trial in arm.trials]


def _trial_row(plan: Plan, store: Store, arm: PlannedArm, trial: Trial) -> TrialRow:
    history, result = store.history(trial.name), store.result(trial.name)
    measured = (result.metrics if result else {}) or (history[-1].measured if history else {})
    return TrialRow(
        arm=AA if trial.is_aa else arm.label,
        seed=trial.seed,
        trial=trial.name,
        state=trial.state,
        where=_where(plan, store, trial),
        epoch=len(history),
        epochs=arm.arm.config.recipe.total_epochs,
        top1=measured.get("top1"),
        top5=measured.get("top5"),
        loss=measured.get("loss"),
        seconds=result.seconds if result else None,
        error=result.error if result else None,
        updated=_updated(store, trial.name),
    )


def _where(plan: Plan, store: Store, trial: Trial) -> str:
    """Who works on a trial, or did; and for what other study, where that is so."""
    who = leases.latest(store.trial(trial.name))[1] if trial.state in ("running", "stale") else None
    if who is None:
        return ""
    other = job.named(store, who.work)
    if other is None or other == plan.study.identity:
        return who.where
    return f"{who.where}, for {other[0]} ({os.path.relpath(other[1])})"


def _updated(store: Store, name: str) -> float | None:
    folder = store.folder(name)
    # History for running trials, the result for finished ones: the later of the two.
    times = [file.stat().st_mtime for file in (folder.result, folder.history) if file.exists()]
    return max(times) if times else None


STATUS = ("arm", "seed", "trial", "state", "where", "epoch", "top-1 %", "updated")


def status_table(rows: Sequence[TrialRow], workers: str) -> RenderableType:
    table = FittedTable(
        STATUS,
        [_status_row(row) for row in rows],
        order=(0, 1, 3, 5, 6, 2, 4, 7),
        right=frozenset({1, 5, 6, 7}),
    )
    counts = {state: sum(row.state == state for row in rows) for state in _states(rows)}
    summary = "  ".join(f"{state} {count}" for state, count in counts.items())
    return Group(table, Text(f"{summary}  ·  workers: {workers}"))


def _status_row(row: TrialRow) -> list[str | Text]:
    age = "" if row.updated is None else f"{duration(time.time() - row.updated)} ago"
    # Colour repeats the word beside it and is never the only sign.
    style = {"failed": "bold red", "diverged": "yellow", "running": "green"}.get(row.state)
    return [
        row.arm,
        str(row.seed),
        row.trial,
        Text(row.state, style or ""),
        row.where,
        f"{row.epoch}/{row.epochs}",
        in_units("top1", row.top1),
        age,
    ]


def _states(rows: Sequence[TrialRow]) -> list[str]:
    return sorted({row.state for row in rows})

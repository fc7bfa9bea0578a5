"""All that the store has of a plan, as rows; and a name for it."""

from study import cards
from study.metrics import METRICS
from study.plan import Plan
from study.store import Record, Store


def measurements(plan: Plan, store: Store) -> list[Record]:
    """One row per (arm, seed, metric) in base units; cost and speed have no seed.

    Keys: arm (its digest), seed (or None), metric, value, and low, high: a timing's quartiles.
    A diverged trial's quality is NaN.
    """
    rows = []
    for arm in plan.arms:
        rows += [
            _row(arm.digest, None, metric, value)
            for metric, value in arm.card["cost"].items()
            if metric in METRICS
        ]
        for trial in arm.trials:
            result = store.result(trial.name) if trial.done else None
            for metric, value in (result["metrics"] if result else {}).items():
                rows.append(_row(arm.digest, trial.seed, metric, value))
            for size in plan.sizes if result else ():
                kept = store.kept("evaluations", f"{trial.name}-{size}") or {}
                for metric, value in kept.get("metrics", {}).items():
                    rows.append(_row(arm.digest, trial.seed, f"{metric}@{size}", value))
    session = store.kept("timings", plan.key) or {}
    for name, timing in session.get("arms", {}).items():
        rows += [_row(name, None, metric, **spread) for metric, spread in timing.items()]
    return rows


def _row(
    arm: str, seed: int | None, metric: str, value: float | None,
    low: float | None = None, high: float | None = None,
) -> Record:  # fmt: skip
    number = float("nan") if value is None else value
    return {"arm": arm, "seed": seed, "metric": metric, "value": number, "low": low, "high": high}


def fingerprint(plan: Plan, store: Store) -> str:
    """Names all that a report of this plan shows: while it is the same, so is the report."""
    rows = [repr(measurements(plan, store)), *(trial.state for trial in plan.trials)]
    session = store.kept("timings", plan.key) or {}
    shown = [plan.study.words, repr(plan.study.root.plain()), rows, session.get("refused")]
    return cards.named([shown, cards.code(*SHOWING)])


SHOWING = (
    *("report", "claims", "cells.py", "judgement.py", "measurements.py", "plan.py"),
    *("reasons.py", "stats.py", "verdicts.py"),
)
"""The code that a report comes from."""

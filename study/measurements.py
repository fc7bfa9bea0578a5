"""All that the store has of a plan, as rows; and a name for it."""

from pathlib import Path

from study import cards
from study.metrics import METRICS
from study.origin import code
from study.plan import Plan
from study.store import Record, Store


def measurements(plan: Plan, store: Store) -> list[Record]:
    """One row per (arm, seed, metric) in base units; cost and speed have no seed.

    Keys: arm (its digest), seed (or None), metric, value, and low, high: a timing's range.
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
                found = store.evaluation(trial.name, size) or {}
                for metric, value in (_lost(result) or found.get("metrics", {})).items():
                    rows.append(_row(arm.digest, trial.seed, f"{metric}@{size}", value))
    session = store.kept("timings", plan.key) or {}
    for name, timing in session.get("arms", {}).items():
        rows += [_row(name, None, metric, **spread) for metric, spread in timing.items()]
    return rows


def _lost(result: Record | None) -> dict[str, None]:
    """The metrics of a trial that diverged, which has none at any size."""
    return dict.fromkeys(result["metrics"]) if result and result["state"] == "diverged" else {}


def _row(
    arm: str, seed: int | None, metric: str, value: float | None,
    low: float | None = None, high: float | None = None,
) -> Record:  # fmt: skip
    number = float("nan") if value is None else value
    return {"arm": arm, "seed": seed, "metric": metric, "value": number, "low": low, "high": high}


def fingerprint(plan: Plan, store: Store) -> str:
    """Names all that a report of this plan shows: while it is the same, so is the report."""
    rows = sorted(repr(sorted(row.items())) for row in measurements(plan, store))
    states = [trial.state for trial in plan.trials]
    study = [plan.study.words, repr(plan.study.root.plain()), plan.notes]
    return cards.named([study, rows, states, store.kept("timings", plan.key), _showing()])


MANIFEST = "report.json"
"""Beside a report: its files, and the fingerprint of what it was made of."""


def _showing() -> str:
    """A digest of the code that a report comes from: all but what trains, launches and prints."""
    parts = (part.name for part in Path(__file__).parent.iterdir())
    others = {"cli", "data", "launch", "train", "__pycache__"}
    return code(*sorted(set(parts) - others))

"""The trials of a study as a frame, and the provenance of their results."""

from typing import Any

import pandas as pd

from study.measurements import timed
from study.metrics import METRICS
from study.plan import Plan, Trial
from study.store import Record, Store

ERROR_LINES = 12  # last lines of a failed trial's error; the first are frames of our own code
TRIAL_COLUMNS = ("trial", "arm", "seed", "state", "seconds", "device", "machine", "commit", "said")


def trials(plan: Plan, store: Store) -> pd.DataFrame:
    """One row per trial, with a column for every measured quality, in base units.

    Trials of the A/A arm have the arm "A/A"; `said` has the last lines of a failed trial's error.
    """
    rows = [
        {
            "trial": trial.name,
            "arm": "A/A" if trial.again else arm.label,
            "seed": trial.seed,
            "state": trial.state,
            **_result(store, trial),
        }
        for arm in plan.arms
        for trial in arm.trials
    ]
    metrics = dict.fromkeys(key for row in rows for key in row if key in METRICS)
    first, last = TRIAL_COLUMNS[:4], TRIAL_COLUMNS[4:]
    return pd.DataFrame(rows, columns=[*first, *metrics, *last])


def _result(store: Store, trial: Trial) -> dict[str, Any]:
    result: Record = store.result(trial.name) or {} if trial.state != "pending" else {}
    here = result.get("environment", {})
    environment = {key: here.get(key) for key in ("device", "machine", "commit")}
    error = "\n".join(str(result.get("error") or "").strip().splitlines()[-ERROR_LINES:])
    return {
        **result.get("metrics", {}),
        "seconds": result.get("seconds"),
        **environment,
        "said": error,
    }


def origins(plan: Plan, store: Store) -> dict[str, list[str]]:
    """Provenance of a study's results: each item of their environments and all its values."""
    values_of: dict[str, dict[str, None]] = {}
    sessions = [timed(plan, store)] if plan.timed else []
    results = [store.result(trial.name) for trial in plan.trials if trial.done]
    for record in (record for record in [*results, *sessions] if record):
        here = record.get("environment", {})
        for name in OF_ENVIRONMENT:
            if here.get(name) not in (None, ""):
                changed = " with changes" if name == "commit" and here.get("dirty") else ""
                values_of.setdefault(name, {})[f"{here[name]}{changed}"] = None
    return {name: list(values) for name, values in values_of.items()}


OF_ENVIRONMENT = (
    "commit",
    "computing",
    "device",
    "processor",
    "threads",
    "python",
    "torch",
    "timm",
    "torchvision",
    "numpy",
    "fvcore",
)

"""Every trial of a study, one by one."""

from typing import Any

import pandas as pd

from study.measurements import timing_session
from study.metrics import METRICS
from study.plan import Plan, Trial
from study.store import Record, Store

SAID = 12  # lines of a log that are kept of what failed
COLUMNS = ("trial", "arm", "seed", "state", "seconds", "device", "machine", "commit", "said")


def trials(plan: Plan, store: Store) -> pd.DataFrame:
    """One row a trial, with a column for every quality it has, in base units.

    `again` is that of the A/A arm; `said` has the last lines of what failed.
    """
    rows = [
        {"trial": trial.name, "arm": "A/A" if trial.again else arm.label, "seed": trial.seed,
         "state": trial.state, **_result(store, trial)}
        for arm in plan.arms
        for trial in arm.trials
    ]  # fmt: skip
    metrics = dict.fromkeys(key for row in rows for key in row if key in METRICS)
    first, last = COLUMNS[:4], COLUMNS[4:]
    return pd.DataFrame(rows, columns=[*first, *metrics, *last])


def _result(store: Store, trial: Trial) -> dict[str, Any]:
    result: Record = store.result(trial.name) or {} if trial.state != "pending" else {}
    here = result.get("environment", {})
    found = {key: here.get(key) for key in ("device", "machine", "commit")}
    said = "\n".join(str(result.get("error") or "").strip().splitlines()[-SAID:])
    return {**result.get("metrics", {}), "seconds": result.get("seconds"), **found, "said": said}


def origins(plan: Plan, store: Store) -> dict[str, list[str]]:
    """What the results of a study were computed with: each kind of thing, all that was used."""
    found: dict[str, dict[str, None]] = {}
    sessions = [timing_session(plan, store)] if plan.timed else []
    results = [store.result(trial.name) or {} for trial in plan.trials if trial.done]
    environments = [result.get("environment", {}) for result in results]
    environments += [session.environment.model_dump() for session in sessions]
    for here in environments:
        for name in OF_ENVIRONMENT:
            if here.get(name) not in (None, ""):
                changed = " with changes" if name == "commit" and here.get("dirty") else ""
                found.setdefault(name, {})[f"{here[name]}{changed}"] = None
    return {name: list(values) for name, values in found.items()}


OF_ENVIRONMENT = ("commit", "computing", "device", "processor", "threads", "python", "torch",
                  "timm", "torchvision", "numpy", "fvcore")  # fmt: skip

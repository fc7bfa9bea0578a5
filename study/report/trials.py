"""Every trial of a study, one by one."""

import pandas as pd

from study.measurements import timing_session
from study.metrics import METRICS
from study.plan import Plan, Trial
from study.records import Environment
from study.store import Store

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


def _result(store: Store, trial: Trial) -> dict[str, object]:
    result = store.result(trial.name) if trial.state != "pending" else None
    environment = result.environment if result else Environment()
    error = (result.error if result else None) or ""
    return {
        **(result.metrics if result else {}),
        "seconds": result.seconds if result else None,
        "device": environment.device,
        "machine": environment.machine,
        "commit": environment.commit,
        "said": "\n".join(error.strip().splitlines()[-SAID:]),
    }


def origins(plan: Plan, store: Store) -> dict[str, list[str]]:
    """What the results of a study were computed with: each kind of thing, all that was used."""
    results = [store.result(trial.name) for trial in plan.trials if trial.done]
    environments = [result.environment for result in results if result]
    environments += [timing_session(plan, store).environment] if plan.timed else []
    values: dict[str, dict[str, None]] = {}
    for environment in environments:
        for name, value in environment.plain.items():
            if name in OF_ENVIRONMENT and value not in (None, ""):
                changed = " with changes" if name == "commit" and environment.dirty else ""
                values.setdefault(name, {})[f"{value}{changed}"] = None
    return {name: list(values[name]) for name in OF_ENVIRONMENT if name in values}


OF_ENVIRONMENT = ("commit", "computing", "device", "processor", "threads", "python", "torch",
                  "timm", "torchvision", "numpy", "fvcore")  # fmt: skip

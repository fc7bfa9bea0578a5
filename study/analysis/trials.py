"""The trials of a study as a frame, and the provenance of their results."""

import pandas as pd

from study.analysis.measurements import timing_session
from study.plan.plan import Plan
from study.store.records import Environment
from study.store.store import Store
from study.tasks.arms import Trial, ending_of

ERROR_LINES = 12  # last lines of a failed trial's error; the first are frames of our own code
TRIAL_COLUMNS = ("trial", "arm", "seed", "state", "seconds", "device", "machine", "commit", "said")


def trials(plan: Plan, store: Store) -> pd.DataFrame:
    """One row per trial, with a column for every measured quality, in base units.

    Trials of the A/A arm have the arm "A/A"; `said` has the last lines of a failed trial's error.
    """
    rows = [
        {
            "trial": trial.name,
            "arm": "A/A" if trial.is_aa else arm.label,
            "seed": trial.seed,
            "state": trial.state,
            **_result(store, trial),
        }
        for arm in (*plan.arms, *(plan.tuning.at_baseline if plan.tuning else ()))
        for trial in arm.trials
    ]
    metrics = [c for c in map(column, plan.catalogue) if any(c in row for row in rows)]
    # The metrics stand between them: which there are is known only from the results.
    first, last = TRIAL_COLUMNS[:4], TRIAL_COLUMNS[4:]
    return pd.DataFrame(rows, columns=[*first, *metrics, *last])


def column(metric: str) -> str:
    """The column of a metric, which may have the name of a fact about trials, such as seconds."""
    return f"metric.{metric}" if metric in TRIAL_COLUMNS else metric


def _result(store: Store, trial: Trial) -> dict[str, object]:
    result = ending_of(trial, store) if trial.state != "pending" else None
    environment = result.environment if result else Environment()
    error = (result.error if result else None) or ""
    return {
        **{column(name): value for name, value in (result.metrics if result else {}).items()},
        "seconds": result.seconds if result else None,
        "device": environment.device,
        "machine": environment.machine,
        "commit": environment.commit,
        "said": "\n".join(error.strip().splitlines()[-ERROR_LINES:]),
    }


def origins(plan: Plan, store: Store) -> dict[str, list[str]]:
    """Provenance of a study's results: each item of their environments and all its values."""
    results = [ending_of(trial, store) for trial in plan.trials if trial.done]
    environments = [result.environment for result in results if result]
    environments += [timing_session(plan, store).environment] if plan.timed else []
    values: dict[str, dict[str, None]] = {}
    for environment in environments:
        for name, value in environment.plain.items():
            if name in ENVIRONMENT_ITEMS and value not in (None, ""):
                # A commit with uncommitted changes does not identify the code.
                changed = " with changes" if name == "commit" and environment.dirty else ""
                values.setdefault(name, {})[f"{value}{changed}"] = None
    return {name: list(values[name]) for name in ENVIRONMENT_ITEMS if name in values}


# In the order in which a report lists them.
ENVIRONMENT_ITEMS = (
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

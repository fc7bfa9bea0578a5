"""Learning curves of a plan's trials, finished or running, as a frame."""

import pandas as pd

from study.plan.plan import Plan
from study.store.records import EpochRow
from study.store.store import Store

CURVE_COLUMNS = {
    "arm": "str",
    "label": "str",
    "seed": "Int64",
    "epoch": "Int64",
    "metric": "str",
    "value": "float64",
}


def curves(plan: Plan, store: Store) -> pd.DataFrame:
    """One row per (arm, seed, epoch, metric) in base units; epochs count from 1.

    Where a task counts iterations, `epoch` is the iteration of the row, which may be a fraction.

    The metrics are those of the catalogue's qualities that the history has, and `train_loss`.
    """
    catalogue = plan.catalogue
    rows = [
        (arm.digest, arm.label, trial.seed, _position(row), name, value)
        for arm in plan.arms
        for trial in arm.replicates
        if trial.imported is None
        for row in store.history(trial.name)
        for name, value in row.measured.items()
        if name == "train_loss" or (name in catalogue and catalogue[name].kind == "quality")
    ]
    # Fractions are kept, as rounded they would be one position.
    whole = all(isinstance(row[3], int) for row in rows)
    types = CURVE_COLUMNS | ({} if whole else {"epoch": "float64"})
    return pd.DataFrame(rows, columns=list(CURVE_COLUMNS)).astype(types)


def _position(row: EpochRow) -> float:
    # The history counts epochs from 0, readers of a curve from 1.
    iteration = row.measured.get("iteration")
    if iteration is None:
        return row.epoch + 1
    return int(iteration) if float(iteration).is_integer() else iteration

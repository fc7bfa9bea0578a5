"""Effects of any frame of measurements: differences from a baseline, paired by seed."""

from typing import Any

import narwhals as nw  # any frame: pandas, polars, pyarrow and others
import pandas as pd

from study import stats
from study.errors import StudyError, unknown

COLUMNS = ("arm", "metric", "difference", "low", "high", "pairs", "p_t", "p_sign_flip")


def effects(
    frame: Any,
    *,
    baseline: str,
    arm: str = "arm",
    seed: str = "seed",
    metric: str = "metric",
    value: str = "value",
) -> Any:
    """Each arm's difference from `baseline` in every metric, paired by seed, as a frame of the kind
    that is given.

    The frame is long: a row per arm, seed and metric; the names of its columns may be others, and
    a frame of one metric needs no column for it. The result has `arm`, `metric`, `difference` (mean
    of the pairs), `low` and `high` (95 % t interval), `pairs`, `p_t` (paired t test) and
    `p_sign_flip` (exact sign-flip test); no p is corrected for several comparisons. NaN marks a
    trial that diverged, and makes the difference NaN.

    Raises:
        StudyError: a column or the baseline does not exist, or a seed has two values.
    """
    # A lazy frame has no values before it is collected.
    native = nw.from_native(frame, eager_only=True)
    names = {arm: "arm", seed: "seed", metric: "metric", value: "value"}
    if metric == "metric" and metric not in native.columns:
        names.pop(metric)  # a frame of one metric, which its values name
    for name in names:
        if name not in native.columns:
            raise StudyError(unknown("column", name, native.columns))
    # By lists, since polars converts to pandas only where pyarrow is installed.
    rows = pd.DataFrame({new: native[old].to_list() for old, new in names.items()})
    # Rows without a seed are costs and speeds, which have no pairs.
    rows = rows if "metric" in rows else rows.assign(metric=value)
    rows = _typed(rows).dropna(subset="seed")
    _check(rows, str(baseline))
    result = of_rows(rows, str(baseline))
    columns = {name: result[name].tolist() for name in COLUMNS}
    return nw.from_dict(columns, backend=native.implementation).to_native()


def _typed(rows: pd.DataFrame) -> pd.DataFrame:
    """Values as floats, and arms and metrics as texts.

    Raises:
        StudyError: a value is no number, or an arm or a metric is missing.
    """
    if rows[["arm", "metric"]].isna().to_numpy().any():
        raise StudyError("an arm or a metric is missing in the frame")
    try:
        return rows.astype({"arm": str, "metric": str, "value": float})
    except (TypeError, ValueError) as error:
        raise StudyError(f"a value is no number: {error}") from error


def _check(rows: pd.DataFrame, baseline: str) -> None:
    arms = list(dict.fromkeys(map(str, rows.arm)))
    if baseline not in arms:
        raise StudyError(unknown("baseline", baseline, arms))
    twice = rows[rows.duplicated(["arm", "seed", "metric"])]
    if len(twice):
        name, seed, metric = twice.iloc[0][["arm", "seed", "metric"]]
        raise StudyError(f"{name} has two values of {metric} for seed {seed}")


def of_rows(rows: pd.DataFrame, baseline: str) -> pd.DataFrame:
    """The effects of rows with the columns arm, seed, metric and value."""
    arms = [arm for arm in dict.fromkeys(rows.arm) if arm != baseline]
    metrics = dict.fromkeys(rows.metric)
    pairs = [stats.Contrast(arm, baseline, metric) for metric in metrics for arm in arms]
    every = stats.contrasts(rows, pairs)
    # A plain `p` of the statistics is that of the sign-flip test.
    named = {"mean": "difference", "n": "pairs", "t_p": "p_t", "p": "p_sign_flip"}
    return every.rename(columns=named)[list(COLUMNS)]

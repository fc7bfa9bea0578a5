"""What the store has of a plan, as a frame, with what no row shows."""

from pathlib import Path
from typing import Any

import pandas as pd

from study import cells, stats
from study.measurements import again, measurements, timing_session
from study.metrics import METRICS
from study.plan import Plan, PlannedArm
from study.store import Store
from study.timing_records import Ratio, TimingSession

COLUMNS = {
    "arm": "str", "label": "str", "seed": "Int64", "metric": "str",
    "value": "float64", "low": "float64", "high": "float64",
}  # fmt: skip


def frame(plan: Plan, store: Store) -> pd.DataFrame:
    """One row per (arm, seed, metric) in base units; cost and speed have no seed.

    A diverged trial's quality is NaN; a trial that has no result has no row. In `attrs` is what no
    row shows: `noise` has the rows of `stats.noise_floor`.
    """
    labels = {arm.digest: arm.label for arm in plan.arms}
    rows = [{**row, "label": labels[row["arm"]]} for row in measurements(plan, store)]
    found = pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)
    session = timing_session(plan, store)
    beside = pd.DataFrame(again(plan, store), columns=list(COLUMNS)).astype(COLUMNS)
    found.attrs["noise"] = _noise(found, beside, plan.baseline.digest)
    found.attrs["baseline"] = plan.baseline.digest
    found.attrs["timed_on"] = _machine(session)
    found.attrs["disturbed"] = session.how.disturbed
    found.attrs["rounds"] = session.how.rounds
    found.attrs["ratios"] = {
        (arm, metric): spread.ratio
        for arm, spreads in session.arms.items()
        for metric, spread in spreads.items()
        if spread.ratio
    }
    found.attrs["store"] = "" if store.root == Path("results") else str(store.root)
    found.attrs["refused"] = {arm.digest: _refused(plan, store, arm, session) for arm in plan.arms}
    return found


TIMED = ["arm", "label", "metric", "value", "low", "high"]
RATIO = ["ratio", "ratio_low", "ratio_high", "conclusive"]


def speeds(measured: pd.DataFrame, resolution: float) -> pd.DataFrame:
    """What was timed, with its ratio to the baseline and whether that is conclusive.

    `measured` is of `frame`. Ratios are as throughputs and seconds are: of the first, more is
    better. The baseline, and what was taken once, have none.
    """
    timed = measured["metric"].map(lambda name: METRICS[name].kind == "speed").astype(bool)
    rows, ratios = measured.loc[timed, TIMED], measured.attrs["ratios"]
    found = [ratios.get(key) for key in zip(rows["arm"], rows["metric"], strict=True)]
    told = [(*_ends(one), cells.conclusive(one, resolution)) if one else (None,) * 4
            for one in found]  # fmt: skip
    return rows.assign(**dict(zip(RATIO, zip(*told, strict=True), strict=True)) if told else {})


def _ends(ratio: Ratio) -> tuple[float, float, float]:
    return ratio.value, ratio.low, ratio.high


def _noise(found: pd.DataFrame, beside: pd.DataFrame, baseline: str) -> list[dict[Any, Any]]:
    """The noise floor of every metric that the A/A arm has."""
    if beside.empty:
        return []
    base = found[(found["arm"] == baseline) & found["metric"].isin(beside["metric"])]
    return stats.noise_floor(pd.concat([base, beside]), baseline).to_dict("records")


def floor(measured: pd.DataFrame, metric: str) -> tuple[float, float] | None:
    """Between what differences equal arms come out in 95 of 100 studies, in base units.

    `measured` is of `frame`. None without an A/A arm, or where `stats.noise_floor` cannot tell.
    """
    for row in measured.attrs.get("noise", ()):
        if row["metric"] == metric and row["floor"] == row["floor"]:
            return -float(row["floor"]), float(row["floor"])
    return None


def _refused(plan: Plan, store: Store, arm: PlannedArm, session: TimingSession) -> list[str]:
    """Why something of an arm was not taken."""
    messages = session.refused.get(arm.digest, {}).values()
    evaluations = (store.evaluation(t.name, size) for t in arm.trials for size in plan.sizes)
    return list(dict.fromkeys([*messages, *(e.refused for e in evaluations if e and e.refused)]))


def _machine(session: TimingSession) -> str:
    """How a session was taken."""
    here, how, busy = session.environment, session.how, session.trials_running
    device = here.device or ""
    if device == "cpu":
        device = f"{here.processor or 'cpu'}, threads: {here.threads or '?'}"
    parts = [device, f"{how.way or '?'}, batch {how.batch_size or '?'}" if how.rounds else ""]
    parts += [f"while {busy} trials were running: not alone"] if busy else []
    return ", ".join(filter(None, parts))

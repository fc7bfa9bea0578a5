"""What the store has of a plan, as a frame, with what no row shows."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from study import cells, stats
from study.files import Record
from study.measurements import again, measurements, timed
from study.metrics import METRICS
from study.plan import Plan, PlannedArm
from study.store import Store

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
    session = timed(plan, store)
    beside = pd.DataFrame(again(plan, store), columns=list(COLUMNS)).astype(COLUMNS)
    found.attrs["noise"] = _noise(found, beside, plan.baseline.digest)
    found.attrs["baseline"] = plan.baseline.digest
    found.attrs["timed_on"] = _machine(session)
    found.attrs["disturbed"] = session.get("how", {}).get("disturbed", 0.0)
    found.attrs["rounds"] = session.get("how", {}).get("rounds", 0)
    found.attrs["ratios"] = {
        (arm, metric): spread["ratio"]
        for arm, timed in session.get("arms", {}).items()
        for metric, spread in timed.items()
        if "ratio" in spread
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


def _ends(ratio: Mapping[str, float]) -> tuple[float, float, float]:
    return ratio["value"], ratio["low"], ratio["high"]


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


def _refused(plan: Plan, store: Store, arm: PlannedArm, session: Record) -> list[str]:
    """Why something of an arm was not taken."""
    told = session.get("refused", {}).get(arm.digest, {}).values()
    evaluations = (store.evaluation(t.name, size) for t in arm.trials for size in plan.sizes)
    return list(dict.fromkeys([*told, *(e.refused for e in evaluations if e and e.refused)]))


def _machine(session: Record) -> str:
    """How a session was taken."""
    here = session.get("environment", {})
    device = str(here.get("device", ""))
    if device == "cpu":
        device = f"{here.get('processor') or 'cpu'}, threads: {here.get('threads', '?')}"
    how, busy = session.get("how", {}), session.get("trials_running")
    way, batch = how.get("way", "?"), how.get("batch_size", "?")
    said = [device, f"{way}, batch {batch}" if how.get("rounds") else ""]
    said += [f"while {busy} trials were running: not alone"] if busy else []
    return ", ".join(filter(None, said))

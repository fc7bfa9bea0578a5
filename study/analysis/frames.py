"""The measurements of a plan as frames, and the facts about them that belong to no row."""

import pandas as pd

from study import format, stats
from study.analysis.measurements import aa_measurements, at_baseline_measurements, measurements
from study.analysis.quantities import SpeedRatios
from study.plan import sequential
from study.plan.plan import Plan
from study.store.store import Store
from study.store.timing_records import RatioRecord, TimingSession
from study.tasks.arms import PlannedArm

MEASUREMENT_COLUMNS = {
    "arm": "str",
    "label": "str",
    # The nullable integer: costs and speeds have no seed, and NaN would make all seeds floats.
    "seed": "Int64",
    "metric": "str",
    "value": "float64",
    "low": "float64",
    "high": "float64",
}


def frame(plan: Plan, store: Store) -> pd.DataFrame:
    """One row per (arm, seed, metric) in base units; costs and speeds have no seed.

    A diverged trial's quality is NaN; a trial without a result has no row.
    """
    labels = {arm.digest: arm.label for arm in plan.arms}
    rows = pd.DataFrame(measurements(plan, store), columns=list(MEASUREMENT_COLUMNS))
    return rows.assign(label=rows["arm"].map(labels)).astype(MEASUREMENT_COLUMNS)


def at_baseline(plan: Plan, store: Store) -> pd.DataFrame:
    """As `frame`, of the arms with the values that tuning chose for the baseline."""
    rows = at_baseline_measurements(plan, store)
    whole = pd.DataFrame(rows, columns=list(MEASUREMENT_COLUMNS))
    return whole.astype(MEASUREMENT_COLUMNS)


TIMED = ["arm", "label", "metric", "value", "low", "high"]
RATIO = ["ratio", "ratio_low", "ratio_high", "conclusive"]


def speeds(plan: Plan, measured: pd.DataFrame, ratios: SpeedRatios) -> pd.DataFrame:
    """The timed measurements, with their ratio to the baseline and whether it is conclusive.

    `measured` is the result of `frame`. A ratio is one of the metric's own values: above 1 is
    better for a throughput and worse for a latency. The baseline, and metrics that are measured
    only once, have no ratio.
    """
    timed = measured["metric"].map(lambda name: plan.catalogue[name].kind == "speed").astype(bool)
    rows = measured.loc[timed, TIMED]
    by_row = [ratios.records.get(key) for key in zip(rows["arm"], rows["metric"], strict=True)]
    resolution = plan.study.timing.resolution
    columns = [
        (*_ends(ratio), format.conclusive(ratio, resolution)) if ratio else (None,) * 4
        for ratio in by_row
    ]
    return rows.assign(
        **dict(zip(RATIO, zip(*columns, strict=True), strict=True)) if columns else {}
    )


def _ends(ratio: RatioRecord) -> tuple[float, float, float]:
    return ratio.value, ratio.low, ratio.high


def noise(plan: Plan, store: Store, measured: pd.DataFrame) -> list[stats.NoiseFloor]:
    """The noise floor of every metric that the A/A arm was measured in."""
    repeated = pd.DataFrame(aa_measurements(plan, store), columns=list(MEASUREMENT_COLUMNS))
    if repeated.empty:
        return []
    # The A/A arm has the baseline's settings and other seeds, so it differs by noise alone.
    base = stats.of_arm(measured, plan.baseline.digest)
    base = base[base["metric"].isin(repeated["metric"])]
    both = pd.concat([base, repeated.astype(MEASUREMENT_COLUMNS)])
    rows = stats.noise_floor(both, plan.baseline.digest, sequential.inference(plan))
    return stats.typed_rows(rows, stats.NoiseFloor)


def refused(plan: Plan, store: Store, arm: PlannedArm, session: TimingSession) -> list[str]:
    """Reasons why a measurement of an arm is missing: refused timings and evaluations."""
    messages = session.refused.get(arm.digest, {}).values()
    evaluations = (store.evaluation(t.name, size) for t in arm.trials for size in plan.sizes)
    # Once each, however many sizes or trials a reason holds for.
    return list(dict.fromkeys([*messages, *(e.refused for e in evaluations if e and e.refused)]))


def machine(session: TimingSession) -> str:
    """Device and settings of a timing session, as text for a caption."""
    here, how, busy = session.environment, session.how, session.trials_running
    device = here.device or ""
    if device == "cpu":
        device = f"{here.processor or 'cpu'}, threads: {here.threads or '?'}"
    parts = [device, f"{how.way or '?'}, batch {how.batch_size or '?'}" if how.rounds else ""]
    parts += [f"while {busy} trials were running: not alone"] if busy else []
    return ", ".join(filter(None, parts))

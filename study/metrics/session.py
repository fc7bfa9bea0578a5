"""One timing session: speed, energy and peak memory of every arm."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

import torch
from timm.layers import use_fused_attn

from study.errors import MetricError
from study.metrics.machine_state import machine_state
from study.metrics.memory import peak_memory
from study.metrics.ratios import WAITED
from study.metrics.speed import Workloads, session
from study.metrics.summaries import ENOUGH, metric_of, over, spreads
from study.metrics.times import SpeedSession
from study.store.timing_records import How, Spread, TimingSession

FEW = "too few calls for such a tail; more timing.seconds give more of them"
REASONS_ABSENT = {
    **dict.fromkeys(ENOUGH, FEW),
    "energy": "no counter can be read on this device",
}
"""Reasons why a requested metric may be absent."""


def timing_session(
    arms: Mapping[str, Workloads],
    steps: Mapping[str, Mapping[str, Callable[[], object]]],
    *,
    device: str,
    seconds: float,
    resolution: float,
    energy: bool,
    tick: Callable[[int, int], object],
) -> TimingSession:
    """Measure speed, energy and memory of every arm in one session.

    The first of `arms` is the baseline; the energy of the workload `batch` is measured, and the
    memory of `steps`, calls by arm and metric. A metric that cannot be measured honestly
    is absent, with the reason under `refused`. Where the interval of the baseline's ratio to itself
    excludes 1, those of all other ratios are widened by that ratio.
    """
    around = [machine_state(device)]  # clocks and temperature change in a session
    result = session(
        arms,
        device=device,
        seconds=seconds,
        resolution=resolution,
        energy="batch" if energy else "",
        report=tick,
    )
    around.append(machine_state(device))
    again = {name: times.ratio for name, times in result.again.items() if times.ratio}
    measured: dict[str, dict[str, Spread]] = {
        arm: spreads(times, again) for arm, times in result.times.items()
    }
    for arm, joules in result.joules.items():
        measured[arm]["energy"] = over(joules)
    refused = _refused(result)
    for arm, name, peak in _peaks(steps, result, device):
        if isinstance(peak, str):
            refused.setdefault(arm, {})[name] = peak
        else:
            measured.setdefault(arm, {})[name] = Spread(value=peak)
        # All rounds are done; this only shows that the session is alive.
        tick(result.rounds, result.rounds)
    how = _how(result, device).model_copy(update={"seconds": seconds, "around": around})
    times = {arm: {name: asdict(t) for name, t in own.items()} for arm, own in result.times.items()}
    alike = {name: own.ratio for name, own in spreads(result.again).items() if own.ratio}
    return TimingSession(arms=measured, refused=refused, times=times, again=alike, how=how)


def _refused(result: SpeedSession) -> dict[str, dict[str, str]]:
    """Reasons why a metric is absent, by arm and metric; "speed" stands for all of an arm's."""
    whole = {arm: {"speed": f"speed: {why}"} for arm, why in result.refused.items()}
    single = {
        arm: {metric_of(workload): f"{metric_of(workload)}: {why}" for workload, why in own.items()}
        for arm, own in result.unfit.items()
        if own
    }
    # In this order: where an arm has no times at all, that is the only reason.
    return single | whole


def _peaks(
    steps: Mapping[str, Mapping[str, Callable[[], object]]], result: SpeedSession, device: str
) -> Iterator[tuple[str, str, float | str]]:
    """The peak memory of each call in bytes, or why it is not known, by arm and metric."""
    for arm, calls in steps.items():
        # An arm that could not run would run no step either.
        for name, call in calls.items() if arm not in result.refused else ():
            try:
                yield arm, name, peak_memory(call, device)
            except MetricError as error:
                yield arm, name, str(error)


def _disturbed(result: SpeedSession) -> float:
    """The fraction of rounds that other processes disturbed."""
    waits = [
        w for arm in result.times.values() for workload in arm.values() for w in workload.waited
    ]
    # A wait that is unknown (NaN) is not above it, and so counts as undisturbed.
    return sum(share > WAITED for share in waits) / len(waits) if waits else 0.0


def _how(result: SpeedSession, device: str) -> How:
    """The builds and rounds of a session, the load meanwhile, and the settings of torch."""
    return How(
        rounds=result.rounds,
        builds=result.builds,
        loads=result.loads,
        disturbed=_disturbed(result),
        **_settings(device),
    )


def _settings(device: str) -> dict[str, Any]:
    """The settings of torch and timm that change times."""
    return {
        "fused_attention": use_fused_attn(),
        "precision": torch.get_float32_matmul_precision(),
        # Convolutions have a switch of their own beside that of matrix products.
        "tf32_convolutions": device.startswith("cuda") and torch.backends.cudnn.allow_tf32,
    }

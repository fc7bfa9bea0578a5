"""One timing session over all arms: speed, energy and peak memory."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import torch
from timm.layers import use_fused_attn

from study.errors import MetricError
from study.metrics.machine_state import machine_state
from study.metrics.memory import peak_memory
from study.metrics.ratios import WAITED
from study.metrics.speed import Lanes, SpeedSession, session
from study.metrics.summaries import ENOUGH, over, spreads
from study.store.timing_records import How, Spread, TimingSession

FEW = "too few calls for such a tail; more timing.seconds give more of them"
REASONS_ABSENT = {
    **dict.fromkeys(ENOUGH, FEW),
    "energy": "no counter can be read on this device",
}
"""Reasons why a requested metric may be absent, by metric."""


def timing_session(
    arms: Mapping[str, Lanes],
    steps: Mapping[str, Callable[[], object]],
    *,
    device: str,
    seconds: float,
    energy: str = "",
    tick: Callable[[int, int], object] = lambda done, total: None,
) -> TimingSession:
    """Measurements by arm and metric, with the conditions under which they were made.

    The first of `arms` is the baseline. `energy` names the workload whose energy is measured, if
    any. `steps` are training steps by arm, whose peak memory is measured. A metric that cannot be
    measured is absent, with the reason under `refused`.
    """
    # Before and after, since clocks and temperature change during a session.
    around = [machine_state(device)]
    found = session(arms, device=device, seconds=seconds, energy=energy, report=tick)
    around.append(machine_state(device))
    taken: dict[str, dict[str, Spread]] = {
        arm: spreads(times) for arm, times in found.times.items()
    }
    for arm, joules in found.joules.items():
        taken[arm]["energy"] = over(joules)
    refused = {arm: {"speed": why} for arm, why in found.refused.items()}
    for arm, step in steps.items():
        if arm in found.refused:  # it could not run, so no step of it would
            continue
        try:
            taken.setdefault(arm, {})["memory"] = Spread(value=peak_memory(step, device))
        except MetricError as error:
            refused.setdefault(arm, {})["memory"] = str(error)
        # All rounds are done; this only shows that the session is alive.
        tick(len(found.loads), len(found.loads))
    how = How(
        seconds=seconds,
        rounds=len(found.loads),
        loads=found.loads,
        disturbed=_disturbed(found),
        around=around,
        **_settings(device),
    )
    times = {
        arm: {name: asdict(calls) for name, calls in by_workload.items()}
        for arm, by_workload in found.times.items()
    }
    return TimingSession(arms=taken, refused=refused, times=times, how=how)


def _disturbed(found: SpeedSession) -> float:
    """The fraction of rounds in which other processes had the CPUs."""
    waits = [w for arm in found.times.values() for lane in arm.values() for w in lane.waited]
    return sum(share > WAITED for share in waits) / len(waits) if waits else 0.0


def _settings(device: str) -> dict[str, Any]:
    """Settings of torch and timm that change times."""
    return {
        "fused_attention": use_fused_attn(),
        "precision": torch.get_float32_matmul_precision(),
        "tf32_convolutions": device.startswith("cuda") and torch.backends.cudnn.allow_tf32,
    }

"""Timing sessions of several days as one, with the spread between them in their intervals."""

import math
from collections.abc import Mapping, Sequence

from study.store.timing_records import RatioRecord, Spread, TimingSession


def pooled(sessions: Sequence[TimingSession]) -> TimingSession:
    """The last session, with its ratios pooled over those that measured the same on its machine.

    Levels stay those of the last, since they compare within one session only. Of a last session
    that measured nothing, as under a shortage of memory, only the reasons are taken.
    """
    measured = [session for session in sessions if session.arms]
    if not measured:
        return sessions[-1]
    last = measured[-1]
    if last is not sessions[-1]:
        last = last.model_copy(update={"refused": sessions[-1].refused})
    like = [session for session in measured if _machine(session) == _machine(last)]
    if len(like) < 2 or not last.how.builds:
        return last
    arms = {
        arm: {
            metric: _with_ratio(spread, [own.arms.get(arm, {}).get(metric) for own in like])
            for metric, spread in spreads.items()
        }
        for arm, spreads in last.arms.items()
    }
    how = last.how.model_copy(update={"sessions": len(like)})
    again = _each(last.again, [session.again for session in like])
    return last.model_copy(update={"arms": arms, "again": again, "how": how})


def _machine(session: TimingSession) -> list[object]:
    """The machine and its settings; ratios of the same quantity have them in common."""
    here, how = session.environment, session.how
    machine = (here.machine, session.device, here.device, here.processor, here.threads)
    software = [here.plain.get(name) for name in ("torch", "variables")]
    arithmetic = (how.way, how.precision, how.tf32_convolutions, how.fused_attention)
    # Sessions of one build know nothing of other builds.
    return [bool(how.builds), machine, software, arithmetic]


def _with_ratio(spread: Spread, others: Sequence[Spread | None]) -> Spread:
    ratios = [other.ratio for other in others if other and other.ratio]
    return spread.model_copy(update={"ratio": random_effects(ratios)}) if spread.ratio else spread


def _each(
    last: Mapping[str, RatioRecord], sessions: Sequence[Mapping[str, RatioRecord]]
) -> dict[str, RatioRecord]:
    return {
        metric: random_effects([own[metric] for own in sessions if metric in own])
        for metric in last
    }


def random_effects(ratios: Sequence[RatioRecord]) -> RatioRecord:
    """The mean of sessions, whose interval holds for another session on this machine.

    The variance within sessions counts with the quantile of a normal, since their intervals have
    those of t; what sessions vary by beyond it counts with the quantile of t of so few sessions
    (the method of moments, DerSimonian and Laird 1986, with equal weights).
    """
    count = len(ratios)
    if count == 1:
        return ratios[0]
    # Most commands pool nothing, and these take 0.3 s to import.
    from scipy.special import ndtri, stdtrit

    from study.metrics.ratios import TAIL

    logs = [math.log(ratio.value) for ratio in ratios]
    normal, few = float(ndtri(TAIL)), float(stdtrit(count - 1, TAIL))
    within = sum((math.log(r.high / r.low) / 2 / normal) ** 2 for r in ratios) / count
    mean = sum(logs) / count
    spread = sum((log - mean) ** 2 for log in logs) / (count - 1)
    between = max(0.0, spread - within)
    reach = math.sqrt((normal**2 * within + few**2 * between) / count)
    value, low, high = (math.exp(end) for end in (mean, mean - reach, mean + reach))
    return RatioRecord(value=value, low=low, high=high)

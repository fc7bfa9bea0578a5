"""Summaries of a session's times, by the names of the catalogue: throughput and latency."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from study.metrics.ratios import Ratio
from study.metrics.times import Times
from study.store.timing_records import RatioRecord, Spread

Summary = Callable[[Times, Ratio | None], Iterator[tuple[str, Spread]]]
"""The measurements of one workload by metric, with their ratio to the baseline."""

ENOUGH = {"latency_p90": 10, "latency_p99": 1000}
"""Fewest calls for a tail: per round for p90, over all rounds for p99; below it the metric is
absent. One call of ten lies beyond p90, and ten of a thousand beyond p99."""


def spreads(
    workloads: Mapping[str, Times], again: Mapping[str, Ratio] | None = None
) -> dict[str, Spread]:
    """The summaries of one arm: `batch` and `train` are throughputs, `single` is a latency.

    What follows an @ in the name of a workload follows the name of its metrics. `again` has the
    ratio of the baseline to itself by workload, which may widen that of the arm.
    """
    summaries = dict[str, Spread]()
    for workload, times in workloads.items():
        base, at, size = workload.partition("@")
        slower = times.ratio.widened((again or {}).get(workload)) if times.ratio else None
        named = SUMMARIES[base](times, slower)
        summaries |= {f"{name}{at}{size}": spread for name, spread in named}
    return summaries


def metric_of(workload: str) -> str:
    """The metric of a workload, the first of several."""
    base, at, size = workload.partition("@")
    return f"{METRICS[base]}{at}{size}"


def _throughput(name: str, times: Times, slower: Ratio | None) -> Iterator[tuple[str, Spread]]:
    rates = over([times.images / seconds for seconds in times.seconds])
    yield name, _compared(rates, slower.inverse if slower else None)  # rates, not seconds


def _latency(times: Times, slower: Ratio | None) -> Iterator[tuple[str, Spread]]:
    """p50 and p90 are computed within each round, p99 over the calls of all rounds."""
    medians = over([quantile(calls, 0.5) for calls in times.calls])
    # Only the median has a ratio, since the visits compare median calls.
    yield "latency_p50", _compared(medians, slower)
    if min(map(len, times.calls)) >= ENOUGH["latency_p90"]:
        yield "latency_p90", over([quantile(calls, 0.9) for calls in times.calls])
    every = [seconds for calls in times.calls for seconds in calls]
    if len(every) >= ENOUGH["latency_p99"]:
        yield "latency_p99", _tail(every, 0.99)


def _compared(spread: Spread, relative: Ratio | None) -> Spread:
    """The same measurement with its ratio to the baseline, where there is one."""
    if relative is None:
        return spread
    ratio = RatioRecord(value=relative.value, low=relative.low, high=relative.high)
    return spread.model_copy(update={"ratio": ratio})


def over(rounds: Sequence[float]) -> Spread:
    """The median of the rounds, with the lowest and the highest.

    Quartiles would be narrower, but those of two equal arms do not overlap in one session of five.
    """
    return Spread(value=quantile(rounds, 0.5), low=quantile(rounds, 0), high=quantile(rounds, 1))


def _tail(calls: Sequence[float], place: float) -> Spread:
    """A quantile of all calls, with a 95 % interval between two order statistics."""
    # Normal approximation of the number of calls below the quantile, which is binomial.
    reach = 1.96 * math.sqrt(place * (1 - place) / len(calls))  # 1.96: 97.5 % of a normal
    low, high = quantile(calls, place - reach), quantile(calls, min(1, place + reach))
    return Spread(value=quantile(calls, place), low=low, high=high)


def quantile(values: Sequence[float], fraction: float) -> float:
    """A quantile of `values`, interpolated linearly between the two nearest."""
    ordered = sorted(values)
    # numpy's default method, linear.
    below, rest = divmod(fraction * (len(ordered) - 1), 1)
    above = min(int(below) + 1, len(ordered) - 1)
    return ordered[int(below)] * (1 - rest) + ordered[above] * rest


METRICS = {"batch": "throughput", "train": "train_throughput", "single": "latency_p50"}
SUMMARIES: dict[str, Summary] = {
    "batch": partial(_throughput, "throughput"),
    "train": partial(_throughput, "train_throughput"),
    "single": _latency,
}

import math

import numpy as np
import pytest

from study.metrics.pooling import pooled, random_effects
from study.store.records import Environment
from study.store.timing_records import How, RatioRecord, Spread, TimingSession


def record(value, reach=0.01):
    ends = {"low": value * math.exp(-reach), "high": value * math.exp(reach)}
    return RatioRecord(value=value, **ends)


def session(value, *, threads=1, builds=10, level=5.0):
    return TimingSession(
        device="cpu",
        arms={"a": {"throughput": Spread(value=level, ratio=record(value))}},
        again={"throughput": record(1.0)},
        how=How(builds=builds),
        environment=Environment(threads=threads),
    )


def test_sessions_that_agree_have_a_narrower_interval():
    ratio = random_effects([record(1.1)] * 4)
    assert ratio.value == pytest.approx(1.1)
    assert math.log(ratio.high / ratio.low) == pytest.approx(0.01)


def test_sessions_of_two_days_that_are_disjoint_leave_the_ratio_open():
    ratio = random_effects([record(1.151), record(1.134)])
    assert ratio.low < 1.12 < ratio.value < 1.16 < ratio.high


def test_the_interval_of_pooled_sessions_holds_the_truth():
    held = []
    for seed in range(400):
        draw = np.random.default_rng(seed)
        days = 0.02 * draw.normal(size=4)
        sessions = [record(math.exp(day + 0.01 * draw.normal()), 0.0196) for day in days]
        ratio = random_effects(sessions)
        held.append(ratio.low <= 1 <= ratio.high)
    assert 0.92 <= np.mean(held) <= 0.99


def test_only_sessions_of_the_same_machine_are_pooled_and_levels_are_those_of_the_last():
    other, first, last = session(2.0, threads=8), session(1.1, level=4.0), session(1.1)
    whole = pooled([other, first, last])
    assert whole.how.sessions == 2
    assert whole.arms["a"]["throughput"].value == 5.0
    assert whole.arms["a"]["throughput"].ratio.value == pytest.approx(1.1)
    assert whole.again["throughput"].value == pytest.approx(1.0)


def test_sessions_of_one_build_are_not_pooled():
    last = session(1.1)
    assert pooled([session(2.0, builds=0), last]) is last


def test_another_host_torch_or_precision_is_another_machine():
    last = session(1.1)
    for changes in (
        {"environment": Environment(threads=1, machine="node2")},
        {"environment": Environment(threads=1, torch="3.0")},
        {"how": How(builds=10, precision="high")},
    ):
        assert pooled([session(2.0).model_copy(update=changes), last]) is last


def test_a_session_that_measured_nothing_hides_no_earlier_one():
    failed = TimingSession(device="cpu", refused={"a": {"throughput": "out of memory"}})
    whole = pooled([session(1.1), session(1.1), failed])
    assert whole.how.sessions == 2
    assert whole.arms["a"]["throughput"].ratio.value == pytest.approx(1.1)
    assert whole.refused == failed.refused

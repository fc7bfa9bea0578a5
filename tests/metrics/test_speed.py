import dataclasses
import json
from pathlib import Path

import pytest
import torch
from torch import nn

from study.errors import BuildError
from study.metrics import workloads
from study.metrics.ratios import Ratio
from study.metrics.speed import Fixed, session
from study.metrics.stopwatch import Stopwatch, waited
from study.metrics.summaries import ENOUGH, quantile, spreads
from study.metrics.timed_arm import TimedArm
from study.metrics.times import SpeedSession, Times
from study.metrics.workloads import DTYPES, ExecutionMode, Workload
from tests.catalogue import METRICS

SMALL = (3, 8, 8)


class Arm(nn.Sequential):
    """Keeps a diary of how it is called."""

    def __init__(self, name: str, diary: list) -> None:
        super().__init__(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
        self.name, self.diary = name, diary

    def forward(self, images):
        self.diary.append(
            (self.name, len(images), self.training, torch.is_inference_mode_enabled())
        )
        return super().forward(images)


def both(model: nn.Module) -> dict[str, Workload]:
    images = workloads.random_images(4, SMALL, "cpu")
    return {
        "batch": workloads.inference(model, images, ExecutionMode()),
        "single": workloads.inference(model, images[:1], ExecutionMode(), apart=True),
    }


@pytest.fixture(scope="module")
def diary() -> list:
    return []


@pytest.fixture(scope="module")
def taken(diary) -> SpeedSession:
    arms = {name: (lambda name=name: both(Arm(name, diary))) for name in "abc"}
    return session(arms, fixed=Fixed(builds=2, rounds=4), seconds=1e-6)  # one call a visit


VISITS = 7
"""Of a round of three arms: those, the baseline again, and the baseline around each but itself."""


def visits(diary: list) -> list[str]:
    """Arms in the order of their visits in the last build, after the warm-up of the last."""
    batches = [name for name, size, *_ in diary if size == 4]
    return batches[-4 * VISITS :]


def test_every_round_visits_all_arms_and_the_first_before_and_after_each(taken, diary):
    order = visits(diary)
    rounds = [order[i : i + VISITS] for i in range(0, len(order), VISITS)]
    assert {"".join(turn[::2]) for turn in rounds} == {"aaaa"}
    assert {"".join(sorted(turn[1::2])) for turn in rounds} == {"abc"}


def test_models_run_in_eval_and_inference_mode(taken, diary):
    assert {(training, inference) for *_, training, inference in diary} == {(False, True)}


def test_each_arm_has_its_visits_between_those_of_the_first(taken):
    assert len(taken.times["a"]["batch"].seconds) == 8 * 4
    assert not taken.times["a"]["batch"].between
    for own in (taken.times["b"], taken.times["c"], taken.again):
        for times in own.values():
            assert times.builds == [0] * 4 + [1] * 4
            assert [own for _, own, _ in times.between] == times.seconds
            assert len(times.seconds) == len(times.waited) == 8
            first = {*taken.times["a"]["batch"].seconds, *taken.times["a"]["single"].seconds}
            assert {t for before, _, after in times.between for t in (before, after)} <= first


def test_times_are_ready_for_json_and_have_names_of_the_catalogue(taken):
    json.dumps({n: dataclasses.asdict(times) for n, times in taken.times["b"].items()})
    summary = spreads(taken.times["b"])
    assert set(summary) == {"throughput", "latency_p50"}
    assert set(summary) <= set(METRICS)
    # Two builds are too few for an interval.
    assert not any(spread.ratio for spread in summary.values())
    assert all(not spread.ratio for spread in spreads(taken.times["a"]).values())


def test_spreads_are_over_all_rounds():
    batch = Times(8, seconds=[8.0, 4.0, 2.0, 1.0])
    single = Times(1, calls=[[0.1, 0.4, 0.2] * 4, [0.3] * 10, [0.1, 0.2] * 5])
    summary = spreads({"batch": batch, "single": single})
    assert {name: spread.plain for name, spread in summary.items()} == {
        "throughput": pytest.approx({"value": 3.0, "low": 1.0, "high": 8.0}),
        "latency_p50": pytest.approx({"value": 0.2, "low": 0.15, "high": 0.3}),
        "latency_p90": pytest.approx({"value": 0.3, "low": 0.2, "high": 0.4}),
    }


def test_a_tail_of_few_calls_is_not_given():
    single = Times(1, calls=[[0.1] * 10, [0.1] * 9])
    assert set(spreads({"single": single})) == {"latency_p50"}


def test_a_ratio_of_throughputs_is_the_inverse_of_that_of_seconds():
    taken = {
        "seconds": [2.0] * 8,
        "between": [(1.0, 2.0, 1.0)] * 8,
        "waited": [0.0] * 8,
        "builds": [*range(8)],
    }
    lanes = {"batch": Times(4, **taken), "single": Times(1, **taken, calls=[[2.0]] * 8)}
    summary = spreads(lanes)
    assert summary["throughput"].ratio.plain == pytest.approx(
        {"value": 0.5, "low": 0.5, "high": 0.5}
    )
    assert summary["latency_p50"].ratio.plain == pytest.approx(
        {"value": 2.0, "low": 2.0, "high": 2.0}
    )


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="Linux tells it, others not")
def test_waiting_for_a_cpu_adds_up():
    first = waited()
    assert 0 <= first <= waited()


def test_the_tail_is_told_from_a_thousand_calls():
    calls = torch.linspace(0, 1, ENOUGH["latency_p99"]).tolist()
    assert "latency_p99" not in spreads({"single": Times(1, calls=[calls[1:]])})
    latency = spreads({"single": Times(1, calls=[calls])})["latency_p99"]
    assert latency.value == pytest.approx(0.99)
    assert 0.98 < latency.low < 0.985 < 0.995 < latency.high < 1


def test_quantiles_are_those_of_torch():
    values = torch.randn(7).double()
    for fraction in (0, 0.25, 0.9, 1):
        expected = values.quantile(fraction).item()
        assert quantile(values.tolist(), fraction) == pytest.approx(expected)


def test_a_ratio_is_widened_by_that_of_the_baseline_to_itself_where_it_excludes_one():
    taken = Times(1, between=[(1.0, 2.0, 1.0)] * 8, waited=[0.0] * 8, builds=[*range(8)])
    for again, factor in (
        (Ratio(1.1, 0.9, 1.3, 8), 1.0),
        (Ratio(1.1, 1.05, 1.2, 8), 1.1),
        (Ratio(1 / 1.1, 0.8, 0.95, 8), 1.1),
    ):
        ratio = taken.ratio.widened(again)
        assert (ratio.low, ratio.value, ratio.high) == pytest.approx((2 / factor, 2, 2 * factor))


def test_progress_is_reported_round_by_round():
    reports = []
    arms = dict.fromkeys("ab", lambda: both(nn.Conv2d(3, 4, 3)))
    fixed = Fixed(builds=2, rounds=1)
    session(arms, fixed=fixed, seconds=0.01, report=lambda *now: reports.append(now))
    assert reports == [(1, 2), (2, 2), (2, 2)]


def test_no_arms_have_no_times():
    assert session({}) == SpeedSession({}, {})


# ---- ways ----


@pytest.mark.parametrize("dtype", DTYPES)
def test_autocast_gives_the_type_asked_for(dtype):
    if dtype == "float16":
        pytest.skip("not every CPU has it")
    lane = workloads.inference(
        nn.Conv2d(3, 4, 3), workloads.random_images(2, SMALL, "cpu"), ExecutionMode(dtype)
    )
    assert lane.run().dtype == DTYPES[dtype]


def test_channels_last_keeps_its_layout():
    way = ExecutionMode(channels_last=True)
    lane = workloads.inference(nn.Conv2d(3, 4, 3), workloads.random_images(2, SMALL, "cpu"), way)
    assert lane.run().is_contiguous(memory_format=torch.channels_last)


def test_calls_apart_are_timed_one_by_one():
    calls = []
    assert len(Stopwatch("cpu").apart(lambda: calls.append(1), 5)) == len(calls) == 5
    assert Stopwatch("cpu").together(lambda: calls.append(1), 3) > 0
    assert len(calls) == 8


# ---- what goes wrong ----


def unbuilt() -> dict[str, Workload]:
    raise BuildError("rest has no depth of 0")


class Fails(nn.Module):
    """A model that raises `error` at its call number `after`."""

    def __init__(self, error: Exception, *, after: int = 1) -> None:
        super().__init__()
        self.error, self.left = error, after

    def forward(self, images):
        self.left -= 1
        if self.left <= 0:
            raise self.error


class Late(nn.Module):
    """A model that raises `error` from its third instance on, in a build that is not the first."""

    built = 0

    def __init__(self, error: Exception) -> None:
        super().__init__()
        Late.built += 1
        self.error, self.number = error, Late.built

    def forward(self, images):
        if self.number >= 3:
            raise self.error


REFUSALS = {
    "rest has no depth of 0": unbuilt,
    "RuntimeError: no kernel": lambda: both(Fails(RuntimeError("no kernel\nat line 3"))),
    "ValueError: odd": lambda: both(Fails(ValueError("odd"))),
    "RuntimeError: too late": lambda: both(Late(RuntimeError("too late"))),
    "it does not fit into cpu at this size": lambda: both(
        Fails(torch.cuda.OutOfMemoryError("1 TiB"))
    ),
}


@pytest.mark.heavy
@pytest.mark.parametrize("reason", REFUSALS)
@pytest.mark.parametrize("first", ["bad", "good"])
def test_an_arm_that_fails_is_refused_and_the_others_are_timed(reason, first):
    fine = {name: (lambda: both(nn.Conv2d(3, 4, 3))) for name in ("good", "other")}
    arms = (
        {"bad": REFUSALS[reason], **fine} if first == "bad" else {**fine, "bad": REFUSALS[reason]}
    )
    Late.built = 0
    timed = session(arms, fixed=Fixed(builds=5, rounds=6), seconds=1e-6)
    assert timed.refused == {"bad": reason}
    assert list(timed.times) == ["good", "other"]
    assert len(timed.times["other"]["batch"].seconds) == 30


def test_without_its_baseline_nothing_has_a_ratio():
    arms = {"bad": unbuilt, "good": lambda: both(nn.Conv2d(3, 4, 3))}
    timed = session(arms, fixed=Fixed(8, 1), seconds=1e-6)
    assert not spreads(timed.times["good"])["throughput"].ratio


def test_a_bug_is_no_refusal():
    with pytest.raises(TypeError):
        session({"a": lambda: None})


@pytest.mark.parametrize(("count", "timed"), [(1, 1), (2, 1), (6, 4)])
def test_the_first_third_of_several_calls_of_a_visit_is_not_timed(count, timed):
    calls = []
    times = {"single": Times(1)}
    arm = TimedArm(
        {"single": Workload(lambda: calls.append(1), 1, apart=True)}, times, Stopwatch("cpu")
    )
    arm.visit({"single": count})
    assert (len(calls), len(times["single"].calls[-1])) == (count, timed)

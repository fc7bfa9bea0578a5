import dataclasses
import json

import pytest
import torch
from torch import nn

from study.metrics import METRICS
from study.metrics.speed import Speed, quantile, session


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


@pytest.fixture(scope="module")
def diary() -> list:
    return []


@pytest.fixture(scope="module")
def taken(diary) -> dict[str, Speed]:
    arms = {name: lambda name=name: Arm(name, diary) for name in "abc"}
    return session(arms, (3, 8, 8), batch_size=4, rounds=6, seconds=0.05)


def visits(diary: list) -> list[str]:
    """Arms in the order of their visits, after the warm-up; a visit begins with batches."""
    begins = [
        name
        for (name, size, *_), (_, before, *_) in zip(diary[1:], diary, strict=False)
        if size == 4 and before == 1
    ]
    return begins[2:]  # the second and third arm's warm-ups look the same


def test_every_round_visits_every_arm_once_in_an_order_of_its_own(taken, diary):
    order = visits(diary)
    rounds = [order[i : i + 3] for i in range(0, len(order), 3)]
    assert [sorted(turn) for turn in rounds] == [["a", "b", "c"]] * 6
    assert len({tuple(turn) for turn in rounds}) > 1


def test_models_run_in_eval_and_inference_mode(taken, diary):
    assert {(training, inference) for *_, training, inference in diary} == {(False, True)}


def test_there_is_one_throughput_for_each_round_and_a_latency_for_each_call(taken):
    for speed in taken.values():
        assert len(speed.throughputs) == 6
        assert len(speed.latencies) >= 6
        assert min(speed.throughputs + speed.latencies) > 0


def test_a_speed_is_ready_for_json_and_says_how_it_was_taken(taken):
    stored = json.loads(json.dumps(dataclasses.asdict(taken["a"])))
    assert stored["taken"]["batch_size"] == 4
    assert stored["taken"]["threads"] == torch.get_num_threads()
    assert stored["taken"]["device"]
    assert set(taken["a"].measurements) <= set(METRICS)


def test_summaries_are_those_of_torch():
    speed = Speed([1.0, 2.0, 4.0, 8.0], [0.1, 0.4, 0.2], taken=None)
    assert speed.measurements == pytest.approx(
        {"throughput": 3.0, "latency_p50": 0.2, "latency_p90": 0.36}
    )
    assert speed.quartiles == pytest.approx((1.75, 5.0))
    values = torch.randn(7).double()
    for fraction in (0, 0.25, 0.9, 1):
        expected = values.quantile(fraction).item()
        assert quantile(values.tolist(), fraction) == pytest.approx(expected)


def test_progress_is_reported_visit_by_visit():
    told = []
    arms = {"a": lambda: nn.Conv2d(3, 4, 3), "b": lambda: nn.Conv2d(3, 4, 3)}
    session(
        arms, (3, 8, 8), batch_size=2, rounds=2, seconds=0.01, report=lambda *now: told.append(now)
    )
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_no_arms_have_no_speeds():
    assert session({}, (3, 8, 8), batch_size=2) == {}

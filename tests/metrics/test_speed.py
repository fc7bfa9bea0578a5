import dataclasses
import json

import pytest
import torch
from torch import nn

from study.errors import BuildError
from study.metrics import METRICS
from study.metrics.speed import WARMUP, Session, Speed, quantile, session

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


@pytest.fixture(scope="module")
def diary() -> list:
    return []


@pytest.fixture(scope="module")
def taken(diary) -> dict[str, Speed]:
    arms = {name: (lambda name=name: Arm(name, diary), SMALL) for name in "abc"}
    return session(arms, batch_size=4, rounds=6, seconds=0.05).speeds


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


def test_each_round_has_one_throughput_and_the_latencies_of_its_calls(taken):
    for speed in taken.values():
        assert len(speed.throughputs) == len(speed.latencies) == 6
        assert min(speed.throughputs) > 0
        assert all(min(calls) > 0 for calls in speed.latencies)


def test_a_speed_is_ready_for_json_and_says_how_it_was_taken(taken):
    stored = json.loads(json.dumps(dataclasses.asdict(taken["a"])))
    assert stored["taken"]["batch_size"] == 4
    assert stored["taken"]["threads"] == torch.get_num_threads()
    assert set(taken["a"].spreads) <= set(METRICS)


def test_spreads_are_over_all_rounds():
    speed = Speed([1.0, 2.0, 4.0, 8.0], [[0.1, 0.4, 0.2], [0.3], [0.1, 0.2]], taken=None)
    assert speed.spreads == {
        "throughput": pytest.approx({"value": 3.0, "low": 1.0, "high": 8.0}),
        "latency_p50": pytest.approx({"value": 0.2, "low": 0.15, "high": 0.3}),
        "latency_p90": pytest.approx({"value": 0.3, "low": 0.19, "high": 0.36}),
    }


def test_quantiles_are_those_of_torch():
    values = torch.randn(7).double()
    for fraction in (0, 0.25, 0.9, 1):
        expected = values.quantile(fraction).item()
        assert quantile(values.tolist(), fraction) == pytest.approx(expected)


def conv() -> nn.Module:
    return nn.Conv2d(3, 4, 3)


def test_progress_is_reported_visit_by_visit():
    told = []
    arms = {"a": (conv, SMALL), "b": (conv, SMALL)}
    session(arms, batch_size=2, rounds=2, seconds=0.01, report=lambda *now: told.append(now))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_no_arms_have_no_speeds():
    assert session({}, batch_size=2) == Session({}, {})


def test_each_arm_is_timed_at_its_own_size():
    sizes = {"small": SMALL, "large": (1, 16, 24)}
    arms = {name: (lambda c=size[0]: nn.Conv2d(c, 4, 3), size) for name, size in sizes.items()}
    timed = session(arms, batch_size=2, rounds=1, seconds=0.01)
    assert {name: speed.taken.size for name, speed in timed.speeds.items()} == sizes


def unbuilt() -> nn.Module:
    raise BuildError("rest has no depth of 0")


class Fails(nn.Module):
    """A model that raises `error` at its call number `after`."""

    def __init__(self, error: Exception, *, after: int = 1) -> None:
        super().__init__()
        self.error, self.left = error, after

    def forward(self, images):
        self.left -= 1
        if not self.left:
            raise self.error


REFUSALS = {
    "speed: rest has no depth of 0": unbuilt,
    "speed: RuntimeError: no kernel": lambda: Fails(RuntimeError("no kernel\nat line 3")),
    "speed: RuntimeError: too late": lambda: Fails(RuntimeError("too late"), after=2 * WARMUP + 1),
    "speed: it does not fit into cpu at batch size 2": lambda: Fails(
        torch.cuda.OutOfMemoryError("1 TiB")
    ),
}


@pytest.mark.parametrize("reason", REFUSALS)
def test_an_arm_that_fails_is_refused_and_the_others_are_timed(reason):
    told = []
    arms = {"bad": (REFUSALS[reason], SMALL), "good": (conv, SMALL)}
    short = {"batch_size": 2, "rounds": 3, "seconds": 0.01}
    timed = session(arms, **short, report=lambda *now: told.append(now))
    assert timed.refused == {"bad": reason}
    assert list(timed.speeds) == ["good"]
    assert len(timed.speeds["good"].throughputs) == 3
    assert told[-1] == (6, 6)


def test_a_bug_is_no_refusal():
    with pytest.raises(AttributeError):
        session({"a": (lambda: None, SMALL)}, batch_size=2)

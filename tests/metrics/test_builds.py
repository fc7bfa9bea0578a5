"""Models of a session are built anew, and are warm before they are timed."""

import weakref

import pytest
import torch
from torch import nn

from study.metrics.build_plan import BUILDS, ROUNDS
from study.metrics.speed import Fixed, session
from study.metrics.stopwatch import Stopwatch
from study.metrics.warm_up import PATIENCE, reach_pace, steady_pace
from study.metrics.workloads import Workload
from tests.metrics.test_speed import both


def test_every_build_has_models_of_its_own_and_those_before_are_freed():
    built, alive = [], set()

    def arm():
        model = nn.Conv2d(3, 4, 3)
        alive.add(number := len(built))
        weakref.finalize(model, alive.discard, number)
        built.append({*alive})
        return both(model)

    session(dict.fromkeys("ab", arm), fixed=Fixed(builds=5, rounds=1), seconds=1e-6)
    # Two arms and the baseline again.
    assert len(built) == 5 * 3
    assert max(map(len, built)) == 3


def test_a_single_model_is_not_compared_with_itself():
    taken = session({"a": lambda: both(nn.Conv2d(3, 4, 3))}, fixed=Fixed(2, 1), seconds=1e-6)
    assert list(taken.times) == ["a"]
    assert not taken.again


@pytest.mark.parametrize(("seconds", "builds"), [(1e-9, BUILDS[0]), (1e9, BUILDS[1])])
def test_builds_and_rounds_are_bounded(seconds, builds):
    class Slow(nn.Module):
        """Not so fast that a long session never ends."""

        calls = 0

        def forward(self, images):
            self.calls += 1
            return images

    lane = Workload(lambda: Slow()(torch.ones(1)), 1)
    taken = session({"a": lambda: {"batch": lane}}, seconds=seconds)
    assert taken.builds <= builds
    assert taken.builds <= taken.rounds <= ROUNDS[1]


class Scripted(Stopwatch):
    """Calls whose times are given in advance; the last goes on for ever."""

    def __init__(self, times):
        super().__init__("cpu")
        self.times, self.calls = times, 0

    def together(self, call, times):
        self.calls += 1
        return self.times[min(self.calls, len(self.times)) - 1]


IDLE = Workload(lambda: None, 1)


def test_two_equal_slow_calls_do_not_end_the_warm_up():
    watch = Scripted([9.0, 2.0, 2.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    assert steady_pace(IDLE, watch) == 1.0
    # The first compiles, three are slow, and the three after those are faster; one more shows it.
    assert watch.calls == 8


def test_interrupted_calls_do_not_prolong_the_warm_up():
    watch = Scripted([1.0, 1.0, 7.0, 1.0, 5.0, 1.0, 1.0, 99.0])
    assert steady_pace(IDLE, watch) == 1.0
    assert watch.calls == 7


def test_a_model_that_never_gets_steady_is_timed_all_the_same():
    watch = Scripted([2.0**-number for number in range(99)])
    assert steady_pace(IDLE, watch) > 0
    assert watch.calls == PATIENCE + 1


def test_a_model_that_was_built_anew_is_warm_when_it_is_as_fast_as_before():
    watch = Scripted([3.0, 2.0, 1.05, 1.0])
    reach_pace(IDLE, watch, 1.0)
    assert watch.calls == 3

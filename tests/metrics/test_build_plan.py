import pytest

from study.metrics.build_plan import BUILDS, MOST_BUILDS, ROUNDS, Costs, build_plan, more_builds
from study.metrics.ratios import Ratio


def costs(call, building=0.1, first=None):
    """Of two arms and the baseline again, each of which takes `call` seconds."""
    whole = 3 * call
    return Costs(building + 8 * whole if first is None else first, building, whole, 5 * call)


@pytest.mark.parametrize("call", [1e-4, 1e-2, 0.1, 1.0, 10.0])
@pytest.mark.parametrize("building", [0.01, 1.0, 60.0])
def test_a_session_stays_within_twice_the_time_of_one_build(call, building):
    seconds, own = 15.0, costs(call, building)
    plan = build_plan(own, seconds)
    builds = own.first + (plan.builds - 1) * own.each
    # A visit calls each arm at least once, and together they take about `seconds`.
    rounds = max(seconds, plan.total * own.once)
    single = building + 3 * own.call + max(seconds, ROUNDS[0] * own.once)
    assert builds + rounds <= max(2 * single, own.first + own.once) * 1.1
    assert plan.most == pytest.approx(2 * single)


def test_small_models_have_many_builds_and_large_ones_fewer():
    assert build_plan(costs(1e-3), 15.0).builds == BUILDS[1]
    assert build_plan(costs(0.1), 15.0).builds == BUILDS[0]
    assert 1 < build_plan(costs(10.0, 60.0), 15.0).builds < BUILDS[0]


def test_wide_intervals_have_more_builds_until_the_resolution_is_reached():
    plan = build_plan(costs(1e-2), 15.0)
    narrow, wide = Ratio(1.0, 0.99, 1.01, plan.builds), Ratio(1.0, 0.95, 1.05, plan.builds)
    assert more_builds({"a": narrow, "b": None}, 0.05, plan) == plan.builds
    assert plan.builds < more_builds({"a": narrow, "b": wide}, 0.05, plan) <= MOST_BUILDS

"""The number of builds and rounds of a session, from the time that it may take."""

from collections.abc import Mapping
from dataclasses import dataclass

from study.metrics.ratios import ENOUGH_BUILDS, Ratio, builds_needed

ROUNDS = (10, 40)
"""Rounds over all builds, at least and at most; large models take fewer where builds take long."""
BUILDS = (ENOUGH_BUILDS, 40)
MOST_BUILDS = 80
"""Builds at most, where an interval is wider than the resolution."""
BUILDING = 0.4
"""Share of the session's seconds that go into building, beside those that go into rounds."""
LONGER = 2.0
"""A session may take twice the time that one build and its rounds take."""
SHORT = 10.0
"""Seconds in which any session may take 8 builds, however few seconds of timing it was given."""
WARM_CALLS = 2.5
"""Calls by which a model that was built anew gets warm, on average."""


@dataclass(frozen=True)
class BuildPlan:
    """The builds of a session, and the rounds within each."""

    builds: int
    rounds: int
    """Rounds of each build."""
    limit: float
    """Seconds after which none of these builds begins."""
    most: float
    """Seconds after which no further build begins, by which intervals get narrower."""

    @property
    def total(self) -> int:
        return self.builds * self.rounds


@dataclass(frozen=True)
class Costs:
    """Seconds that the parts of a session take, as its first build has shown."""

    first: float
    """The first build with its warm-up."""
    building: float
    """All arms built, without warm-up."""
    call: float
    """Every workload of every arm called once."""
    once: float
    """A round that calls every workload once per visit."""

    @property
    def each(self) -> float:
        """A later build with its warm-up."""
        return self.building + WARM_CALLS * self.call


def build_plan(costs: Costs, seconds: float) -> BuildPlan:
    """The builds and rounds for a session of so many seconds of timing."""
    # One build, warmed up by a few calls, and ten rounds of it: a session without other builds.
    single = costs.building + 3 * costs.call + max(seconds, ROUNDS[0] * costs.once)
    most = LONGER * single
    limit = max(most, SHORT)
    builds = _within(int(BUILDING * seconds / max(costs.each, 1e-9)), BUILDS)
    rest = limit - costs.first + costs.each
    builds = max(1, min(builds, int(rest / max(costs.each + costs.once, 1e-9))))
    left = rest - builds * costs.each
    rounds = _within(int(seconds / max(costs.once, 1e-9)), ROUNDS)
    fitting = int(left / max(builds * costs.once, 1e-9))
    return BuildPlan(builds, max(1, min(fitting, round(rounds / builds))), limit, most)


def more_builds(taken: Mapping[str, Ratio | None], resolution: float, plan: BuildPlan) -> int:
    """The builds after which all intervals are as wide as the resolution, at most `MOST_BUILDS`."""
    needed = [builds_needed(own, resolution) for own in taken.values() if own]
    return min(MOST_BUILDS, max([plan.builds, *needed]))


def _within(count: int, ends: tuple[int, int]) -> int:
    return min(ends[1], max(ends[0], count))

"""The times that a session takes, of every arm and workload."""

from dataclasses import dataclass, field

from study.metrics.ratios import Between, Ratio, ratio, undisturbed


@dataclass
class Times:
    """The times of one arm and workload, in seconds per call, one entry per round."""

    images: int
    """Images per call."""
    seconds: list[float] = field(default_factory=list)
    """Median call of each visit."""
    between: list[Between] = field(default_factory=list)
    """Each visit between two of the baseline; empty for the baseline itself."""
    builds: list[int] = field(default_factory=list)
    """The build in which each of `between` was taken, in ascending order."""
    waited: list[float] = field(default_factory=list)
    """Largest fraction of a visit spent waiting for a CPU, over the three visits."""
    calls: list[list[float]] = field(default_factory=list)
    """All calls of each visit, for workloads whose calls are timed one by one."""

    @property
    def ratio(self) -> Ratio | None:
        """The ratio of seconds to the baseline's; None of the baseline, and of too few builds."""
        return ratio(*undisturbed(self.between, self.waited, self.builds))


@dataclass
class SpeedSession:
    """A timing session: every arm has either times or a refusal."""

    times: dict[str, dict[str, Times]]
    """Times by arm and workload."""
    refused: dict[str, str]
    """The reason why an arm has no times."""
    unfit: dict[str, dict[str, str]] = field(default_factory=dict)
    """Reasons why a workload of an arm has no times, by arm and workload."""
    again: dict[str, Times] = field(default_factory=dict)
    """Times by workload of a second instance of the baseline, timed as an arm."""
    joules: dict[str, list[float]] = field(default_factory=dict)
    """Joules per image by arm, one entry per repeat; empty unless requested and readable."""
    loads: list[float] = field(default_factory=list)
    """Load average of the machine over the minute before each round."""
    rounds: int = 0
    builds: int = 0
    """How often all arms were built."""

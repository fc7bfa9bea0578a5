"""Records of `timings/KEY.json`: sessions that timed several models in turn, and timed steps."""

from pydantic import Field

from study.store.atomic import Record
from study.store.fields import Count, Few, Number, Positive, Seconds
from study.store.frozen import Frozen
from study.store.records import Environment


class RatioRecord(Frozen):
    """One arm's speed relative to the baseline's, with its 95 % interval."""

    value: Positive
    low: Positive
    high: Positive


class Spread(Frozen):
    """One measurement in base units, and the range of its rounds where there are several."""

    value: Number | None
    low: Number | None = None
    high: Number | None = None
    ratio: RatioRecord | None = None
    """Ratio to the baseline, for speeds that were measured between visits of the baseline."""


class How(Frozen):
    """The conditions under which a session was measured."""

    seconds: Number = 0
    """Time that the session may take."""
    way: str = ""
    """Number format, compilation and memory layout."""
    batch_size: Count = 0
    rounds: Count = 0
    builds: Count = 0
    """How often all models were built anew; 0 for a session of an earlier version, of one build."""
    sessions: Count = 1
    """Sessions of this machine over which the ratios are pooled; every stored session is one."""
    disturbed: Number = 0
    """The share of rounds in which other processes had the CPUs."""
    loads: list[Number] = Field([])
    """The load average of the machine, by round."""
    around: list[Record] = Field([])
    """Temperature, clocks and other users of the machine, before and after."""
    fused_attention: int | bool | None = None
    precision: str | None = None
    """The precision of torch's matrix products in float32."""
    tf32_convolutions: bool = False


class TimingSession(Frozen):
    """Speed, energy and memory of several arms, measured in one session."""

    device: str = ""
    arms: dict[str, dict[str, Spread]] = Field({})
    """Measurements by arm and metric."""
    again: dict[str, RatioRecord] = Field({})
    """The ratio of a second instance of the baseline to the first, by metric."""
    refused: dict[str, dict[str, str]] = Field({})
    """Reasons why a metric is absent, by arm and metric."""
    how: How = How()
    environment: Environment = Environment()
    began: Seconds | None = None
    """Seconds since 1970."""
    times: dict[str, Record] = Field({})
    """The seconds of every round, by arm and workload."""
    trials_running: Count = 0
    """Trials that other workers ran when the session began."""


ROUNDS = "rounds.json"


class Rounds(Frozen):
    """`timings/KEY/rounds.json`: the rounds of a session that have ended, for its progress."""

    done: Count = 0
    total: Count = 0


class StepTimes(Frozen):
    """A few timed training steps of a baseline, from which a plan estimates its duration."""

    steps: Few
    """Steps that were timed."""
    train: Count
    """Images of the training split."""
    val: Count
    """Images of the validation split."""
    train_image_seconds: Seconds
    image_seconds: Seconds
    """Seconds to evaluate one image."""

"""What training asks of, and tells, whoever called for it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from study.records import EpochRow

Message = EpochRow | Mapping[str, object]
"""A finished epoch, or an event by name."""


class Stopped(Exception):  # noqa: N818  (asked for, so no error)
    """Training was asked to stop, and did; what was done is on disk."""


class Superseded(Stopped):
    """Another process has taken the trial over; nothing more was written to its folder."""


def never() -> bool:
    return False


def always() -> bool:
    return True


def nothing() -> None:
    pass


def ignore(message: Message) -> None:
    pass


@dataclass(frozen=True)
class Caller:
    """`stop` is asked after every update of the weights: whether to save and leave.

    `held` is asked before anything is written: whether the folder is still ours. `pulse` is called
    after every batch, trained on or evaluated. `report` is told every finished epoch. Of several
    processes the leader's caller is asked and told; each has its own pulse.
    """

    stop: Callable[[], bool] = never
    held: Callable[[], bool] = always
    pulse: Callable[[], None] = nothing
    report: Callable[[Message], object] = ignore


NOBODY = Caller()

"""Callbacks: the questions training asks its caller, and the events it reports to it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from study.store.records import EpochRow

Message = EpochRow | Mapping[str, object]
"""A finished epoch, or an event by name."""


class Stopped(Exception):  # noqa: N818  (requested, so it is not an error)
    """Training stopped on request; its state is on disk."""


# Derived from Stopped: nothing failed, and the trial goes on in another process.
class Superseded(Stopped):
    """Another process took over the trial; this one stopped writing to its folder."""


def never() -> bool:
    return False


def always() -> bool:
    return True


def nothing() -> None:
    pass


def goes_on(history: Sequence[EpochRow]) -> bool:
    return False


def ignore(message: Message) -> None:
    pass


@dataclass(frozen=True)
class Callbacks:
    """The callbacks of one training.

    `stop` is called after every update and returns True to save and stop. `held` is called before
    every write and returns False once another process owns the folder. `pulse` is called after
    every batch, so that a watchdog sees progress. `report` receives every finished epoch. Of
    several processes only the leader's callbacks are used, except `pulse`. `ends_early` is called
    after every epoch but the last with the history so far, and returns True where a search needs
    no more of it: the trial then ends as censored.
    """

    stop: Callable[[], bool] = never
    held: Callable[[], bool] = always
    pulse: Callable[[], None] = nothing
    report: Callable[[Message], object] = ignore
    ends_early: Callable[[Sequence[EpochRow]], bool] = goes_on


NOBODY = Callbacks()

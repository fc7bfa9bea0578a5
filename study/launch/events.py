"""Changes of trials, read from the store alone: the same for every launcher and process."""

from collections.abc import Sequence
from dataclasses import dataclass

from study.store import leases
from study.store.heartbeats import Heartbeats
from study.store.records import EpochRow, Result, WorkerDeath
from study.store.store import Store


@dataclass(frozen=True)
class Event:
    """A change of a trial: start, epoch, done, fail, lost (its worker died), or that its worker has
    stopped: pause where the next one goes on from what is saved, stop where it starts anew."""

    kind: str
    trial: str
    after: int = 0
    """Epochs behind a trial that starts."""
    row: EpochRow | None = None
    """The epoch that is finished."""
    death: WorkerDeath | None = None
    """How the worker died, where that is known."""
    result: Result | None = None
    """The end of a trial that is done or fails."""


class Watch:
    """Finds what has changed since it last looked."""

    def __init__(self, store: Store, names: Sequence[str]) -> None:
        self.store, self.heartbeats = store, Heartbeats()
        self.open = {name: len(store.history(name)) for name in names}
        """The number of epochs that each trial without a result was seen to have."""
        self.watched = {*names}
        self.running: dict[str, int] = {}
        """The number of the lease that each was seen at work under."""
        self.latest: dict[str, EpochRow] = {}
        """The last values of trials that keep no history while they run."""
        self.silent: set[str] = set()
        """Trials whose worker is gone, and whose supervisor has not yet recorded how it ended."""

    def add(self, names: Sequence[str]) -> None:
        """Watch these trials, too."""
        for name in names:
            if name not in self.watched:
                self.watched.add(name)
                self.open[name] = 0  # it began under this watch, so no epoch was seen before

    def look(self) -> list[Event]:
        events = []
        for name in list(self.open):
            events += self._look(name)
        return events

    def _look(self, name: str) -> list[Event]:
        folder = self.store.trial(name)
        result, held = self.store.result(name), leases.holder(folder, self.heartbeats)
        number = leases.latest(folder)[0] if held else 0
        before, events = self.running.get(name, 0), list[Event]()
        # Another number or none: the lease under which the trial was seen is no longer held.
        if before and result is None and number != before:
            died = self.store.death(name, before)
            # A worker that stops removes its lease; that of one which died stays.
            released = not died and not held and not self.store.folder(name).lease(before).exists()
            if released:
                del self.running[name]
                paused = self.store.state(name) == "paused"
                events.append(Event("pause" if paused else "stop", name))
            elif died or held or name in self.silent:
                del self.running[name]
                self.silent.discard(name)
                events += [Event("lost", name, death=died)] if died or not held else []
            else:  # wait one more look: its supervisor may be writing how it died
                self.silent.add(name)
        # A trial that ended between two looks still has a start.
        if name not in self.running and (result or held):
            self.running[name] = number
            events.append(Event("start", name, after=self.open[name]))
        # A curve that came with the result, and was not there while the trial ran, is no progress.
        grew = result is None or self.store.folder(name).history.exists()
        rows = self.store.history(name) if grew else []
        if len(rows) < self.open[name]:  # began afresh
            self.open[name] = 0
        events += [Event("epoch", name, row=row) for row in rows[self.open[name] :]]
        self.open[name] = len(rows)
        latest = self.store.latest(name) if result is None and not rows else None
        if latest is not None and latest != self.latest.get(name):
            self.latest[name] = latest
            events.append(Event("epoch", name, row=latest))
        if result is not None:
            del self.open[name], self.running[name]
            kind = "fail" if result.state == "failed" else "done"
            events.append(Event(kind, name, result=result))
        return events

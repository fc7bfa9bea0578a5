"""What happens to trials, told from the store alone: the same for every launcher and process."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from study import leases
from study.store import Record, Store


@dataclass(frozen=True)
class Event:
    """start, epoch, done, fail or lost (its worker died), with what the store says of it."""

    kind: str
    trial: str
    row: Record = field(default_factory=dict)


class Watch:
    """Finds what has changed since it last looked."""

    def __init__(self, store: Store, names: Sequence[str]) -> None:
        self.store = store
        self.open = {name: len(store.history(name)) for name in names}
        self.running: set[str] = set()

    def look(self) -> list[Event]:
        events = []
        for name in list(self.open):
            events += self._look(name)
        return events

    def _look(self, name: str) -> list[Event]:
        folder = self.store.trial(name)
        result = self.store.result(name)
        events = []
        if name not in self.running and (result or leases.holder(folder)):
            self.running.add(name)
            events.append(Event("start", name, {"after": self.open[name]}))
        rows = self.store.history(name)
        if len(rows) < self.open[name]:  # began afresh
            self.open[name] = 0
        events += [Event("epoch", name, row) for row in rows[self.open[name] :]]
        self.open[name] = len(rows)
        if result is not None:
            del self.open[name]
            self.running.discard(name)
            kind = "fail" if result["state"] == "failed" else "done"
            events.append(Event(kind, name, result))
        elif name in self.running and not leases.holder(folder):
            self.running.discard(name)
            events.append(Event("lost", name))
        return events

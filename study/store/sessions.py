"""The timing sessions of the same arms: the last one, and those of other days."""

import re
from pathlib import Path

from study.store.atomic import write
from study.store.store import Store
from study.store.timing_records import TimingSession

NUMBERED = re.compile(r"session-(\d+)\.json")
"""Begins the name of a file of an earlier session, also of one that was set aside."""


def sessions(store: Store, key: str) -> list[TimingSession]:
    """All timing sessions of the same arms, the last of them at the end."""
    last = store.record("timings", key, TimingSession)
    # The last is among the earlier ones too where an attempt to keep it ended between two writes.
    earlier = [session for session in _earlier(store, key) if session != last]
    return earlier if last is None else [*earlier, last]


def keep_session(store: Store, key: str, session: TimingSession) -> None:
    """Store a session as the last one; those before it stay. Its lease is the caller's."""
    last = store.record("timings", key, TimingSession)
    if last is not None and last.arms and last not in _earlier(store, key):
        folder = _folder(store, key)
        names = (NUMBERED.match(path.name) for path in folder.glob("session-*"))
        number = 1 + max((int(name[1]) for name in names if name), default=0)
        write(folder / f"session-{number}.json", last.plain)
    store.keep("timings", key, session)


def _earlier(store: Store, key: str) -> list[TimingSession]:
    paths = _folder(store, key).glob("session-*.json")
    ordered = sorted(paths, key=lambda path: (len(path.name), path.name))
    return [session for path in ordered if (session := TimingSession.load(path)) is not None]


def _folder(store: Store, key: str) -> Path:
    return store.root / "timings" / key

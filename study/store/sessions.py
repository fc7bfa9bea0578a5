"""The timing sessions of the same arms: the last one, and those of other days."""

from study.store.atomic import write
from study.store.store import Store
from study.store.timing_records import TimingSession


def sessions(store: Store, key: str) -> list[TimingSession]:
    """All timing sessions of the same arms, the last of them at the end."""
    folder, last = store.root / "timings" / key, store.record("timings", key, TimingSession)
    paths = sorted(folder.glob("session-*.json"), key=lambda path: (len(path.name), path.name))
    earlier = [TimingSession.load(path) for path in paths]
    return [session for session in (*earlier, last) if session is not None]


def keep_session(store: Store, key: str, session: TimingSession) -> None:
    """Store a session as the last one; those before it stay. Its lease is the caller's."""
    if (last := store.record("timings", key, TimingSession)) is not None and last.arms:
        folder = store.root / "timings" / key
        number = 1 + len([*folder.glob("session-*.json")])
        # If it is there already, an earlier attempt ended between the two writes.
        if last not in sessions(store, key)[:-1]:
            write(folder / f"session-{number}.json", last.plain)
    store.keep("timings", key, session)

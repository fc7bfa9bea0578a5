from study.store.sessions import keep_session, sessions
from study.store.store import Store
from study.store.timing_records import Spread, TimingSession


def session(began):
    return TimingSession(began=began, arms={"a": {"throughput": Spread(value=1.0)}})


def test_a_session_that_is_taken_again_leaves_those_before_it(tmp_path):
    store = Store(tmp_path)
    assert sessions(store, "key") == []
    for began in range(12):
        keep_session(store, "key", session(float(began)))
    assert [own.began for own in sessions(store, "key")] == [*range(12)]
    assert store.record("timings", "key", TimingSession).began == 11


def test_a_session_that_is_there_twice_after_an_interruption_counts_once(tmp_path):
    store, key = Store(tmp_path), "key"
    for began in (1.0, 2.0):
        keep_session(store, key, session(began))
    keep_session(store, key, session(3.0))
    store.keep("timings", key, session(2.0))  # as before the second write of the last call
    assert [own.began for own in sessions(store, key)] == [1.0, 2.0]
    keep_session(store, key, session(3.0))
    assert [own.began for own in sessions(store, key)] == [1.0, 2.0, 3.0]


def test_a_damaged_session_is_named_and_its_number_not_given_again(tmp_path):
    store, key = Store(tmp_path), "key"
    for began in range(3):
        keep_session(store, key, session(float(began)))
    (tmp_path / "timings" / key / "session-1.json").write_text("{")
    assert [own.began for own in sessions(store, key)] == [1.0, 2.0]
    (stray,) = store.strays([])
    assert stray.name.startswith("session-1.json.")
    keep_session(store, key, session(3.0))
    assert [own.began for own in sessions(store, key)] == [1.0, 2.0, 3.0]


def test_a_session_without_measurements_is_not_kept(tmp_path):
    store = Store(tmp_path)
    keep_session(store, "key", TimingSession())
    keep_session(store, "key", session(1.0))
    assert [own.began for own in sessions(store, "key")] == [1.0]

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


def test_a_session_without_measurements_is_not_kept(tmp_path):
    store = Store(tmp_path)
    keep_session(store, "key", TimingSession())
    keep_session(store, "key", session(1.0))
    assert [own.began for own in sessions(store, "key")] == [1.0]

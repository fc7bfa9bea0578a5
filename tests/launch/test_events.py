"""What is seen of trials, told from the store."""

from study.launch import Watch
from study.store import holders, leases
from study.store.records import WorkerDeath
from tests.launch.conftest import finish, leave


def kinds(watch: Watch) -> list[tuple[str, str]]:
    return [(event.kind, event.trial) for event in watch.look()]


def test_a_watch_tells_each_thing_once(store):
    watch = Watch(store, ["a-0"])
    assert kinds(watch) == []
    with leases.claim(store.trial("a-0")):
        assert kinds(watch) == [("start", "a-0")]
        (store.trial("a-0") / "history.jsonl").write_text('{"epoch": 0}\n')
        assert kinds(watch) == [("epoch", "a-0")]
        assert kinds(watch) == []
    finish(store, "a-0")
    assert kinds(watch) == [("done", "a-0")]
    assert not watch.open


def test_a_watch_tells_of_a_worker_that_died_and_of_its_successor(store):
    watch = Watch(store, ["a-0"])
    leave(store, "a-0", who=holders.here())
    watch.look()
    leave(store, "a-0")
    assert kinds(watch) == []  # its supervisor may be about to tell how
    assert kinds(watch) == [("lost", "a-0")]
    with leases.claim(store.trial("a-0")):
        assert kinds(watch) == [("start", "a-0")]


def test_a_watch_tells_how_a_worker_died_even_if_another_is_there_already(store):
    watch = Watch(store, ["a-0"])
    lease = leases.claim(store.trial("a-0"))
    watch.look()
    lease.release()
    leave(store, "a-0", lease.number)
    store.write_death("a-0", lease.number, WorkerDeath(why="killed by SIGSEGV"))
    with leases.claim(store.trial("a-0")):
        lost, started = watch.look()
    assert (lost.kind, lost.death.why, started.kind) == ("lost", "killed by SIGSEGV", "start")


def test_a_watch_waits_for_word_of_how_a_worker_died(store):
    watch = Watch(store, ["a-0"])
    leave(store, "a-0", who=holders.here())
    watch.look()
    leave(store, "a-0")
    assert kinds(watch) == []
    store.write_death("a-0", 1, WorkerDeath(why="out of memory"))
    assert [event.death.why for event in watch.look()] == ["out of memory"]
    assert kinds(watch) == []


def test_a_worker_that_stops_is_not_lost_and_says_how_its_trial_goes_on(store):
    watch = Watch(store, ["a-0", "b-0"])
    with leases.claim(store.trial("a-0")), leases.claim(store.trial("b-0")):
        watch.look()
        store.folder("b-0").resumable.touch()
    assert kinds(watch) == [("stop", "a-0"), ("pause", "b-0")]
    assert kinds(watch) == []


def test_a_failure_is_told_as_one(store):
    watch = Watch(store, ["a-0"])
    finish(store, "a-0", "failed")
    assert kinds(watch) == [("start", "a-0"), ("fail", "a-0")]

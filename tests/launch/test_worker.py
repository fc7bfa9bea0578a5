"""What a worker claims, and when it leaves."""

import os

import pytest

from study.errors import StoreError
from study.launch import job as job_folder
from study.launch.worker import Worker, claim
from study.store import heartbeats, holders, leases
from tests.launch.conftest import finish, leave, ordered

NAMES = ["a-0", "b-0"]


def test_a_trial_that_somebody_died_on_comes_last(store):
    worker = Worker(ordered(store, NAMES))
    leave(store, "a-0")
    for expected in ("b-0", "a-0"):
        name, lease = claim(worker, NAMES)
        assert name == expected
        finish(store, name)
        lease.release()
    assert claim(worker, NAMES) is None


def test_what_another_works_on_is_passed_over(store):
    worker = Worker(ordered(store, NAMES))
    with leases.claim(store.trial("a-0")):
        name, lease = claim(worker, NAMES)
        lease.release()
    assert name == "b-0"


def test_somebody_who_falters_is_waited_for_and_succeeded_when_it_is_certain(store, monkeypatch):
    monkeypatch.setattr(heartbeats, "QUIET_SECONDS", 0.0)
    worker = Worker(ordered(store, ["a-0"]))
    leave(store, "a-0", who=holders.Holder("elsewhere", 1, "1"))
    old = (store.trial("a-0") / "lease.1").stat().st_mtime - 2 * heartbeats.DEAD_SECONDS
    os.utime(store.trial("a-0") / "lease.1", (old, old))
    name, lease = claim(worker, ["a-0"])
    assert (name, lease.number) == ("a-0", 2)
    lease.release()


def test_nothing_is_claimed_once_somebody_asks_to_stop(store):
    job = ordered(store, NAMES)
    job_folder.stop(job)
    assert claim(Worker(job), NAMES) is None


def test_a_worker_that_is_signalled_stops_without_a_file(store):
    worker = Worker(ordered(store, NAMES))
    assert not worker.stop()
    worker.ask_to_stop()
    assert worker.stop()


def test_a_store_without_room_for_leases_is_told(store):
    worker = Worker(ordered(store, ["gone-0"]))
    with pytest.raises(StoreError, match=r"no lease can be made in .*gone-0: No such file"):
        claim(worker, ["gone-0"])


def test_a_result_that_was_damaged_meanwhile_is_computed_again(store):
    worker = Worker(ordered(store, ["a-0", "b-0"]))
    finish(store, "a-0")
    finish(store, "b-0")
    (store.trial("a-0") / "result.json").write_text("{}")
    name, lease = claim(worker, job_folder.queue(worker.job))
    lease.release()
    assert name == "a-0"


def test_a_trial_whose_result_is_taken_away_is_claimed_again(store):
    worker = Worker(ordered(store, ["a-0", "b-0"]))
    for name in ("a-0", "b-0"):
        finish(store, name)
    assert claim(worker, job_folder.queue(worker.job)) is None
    (store.trial("b-0") / "result.json").unlink()
    name, lease = claim(worker, job_folder.queue(worker.job))
    lease.release()
    assert name == "b-0"


def test_the_queue_is_the_same_list_until_a_job_is_added(store):
    first = ordered(store, ["a-0"])
    names = job_folder.queue(first)
    assert job_folder.queue(first) is names
    ordered(store, ["a-0", "b-0"])
    assert job_folder.queue(first) == ["a-0", "b-0"]

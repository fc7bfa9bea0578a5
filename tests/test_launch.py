"""Workers and what is seen of them."""

import json
import os
import socket

import pytest

from study import leases
from study.errors import StudyError
from study.launch import Watch, task
from study.launch.launchers import kill
from study.launch.machine import Machine, cores, slots
from study.launch.worker import claim
from study.store import Store, write

CONFIG = {"model": {}, "data": {}, "recipe": {}}
HERE = Machine(on="local", workers=1, device="cpu", threads=1)


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path)
    for name in ("a-0", "b-0"):
        store.enter(name, {"config": CONFIG})
    return store


def finish(store: Store, name: str, state: str = "completed") -> None:
    result = {"format": 1, "trial": name, "state": state, "config": CONFIG, "metrics": {}}
    write(store.trial(name) / "result.json", result)


def die(store: Store, name: str) -> None:
    told = {"host": socket.gethostname(), "pid": os.getpid(), "born": "0"}
    (store.trial(name) / "lease.1").write_text(json.dumps(told))


def kinds(watch: Watch) -> list[tuple[str, str]]:
    return [(event.kind, event.trial) for event in watch.look()]


def test_a_trial_that_somebody_died_on_comes_last(store):
    die(store, "a-0")
    for expected in ("b-0", "a-0"):
        name, lease = claim(store, ["a-0", "b-0"])
        assert name == expected
        finish(store, name)
        lease.release()
    assert claim(store, ["a-0", "b-0"]) is None


def test_what_another_works_on_is_passed_over(store):
    with leases.claim(store.trial("a-0")):
        name, lease = claim(store, ["a-0", "b-0"])
        lease.release()
    assert name == "b-0"


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
    with leases.claim(store.trial("a-0")):
        watch.look()
    assert kinds(watch) == [("lost", "a-0")]
    with leases.claim(store.trial("a-0")):
        assert kinds(watch) == [("start", "a-0")]


def test_a_failure_is_told_as_one(store):
    watch = Watch(store, ["a-0"])
    finish(store, "a-0", "failed")
    assert kinds(watch) == [("start", "a-0"), ("fail", "a-0")]


def test_nobody_but_the_workers_of_a_job_is_killed(tmp_path):
    told = {"host": socket.gethostname(), "pid": os.getpid(), "born": "0"}  # used again since
    (tmp_path / f"worker.{os.getpid()}").write_text(json.dumps(told))
    kill(tmp_path)
    assert (tmp_path / "stop").exists()


def test_flags_say_what_is_not_the_default():
    workers = slots("cpu", 1)
    assert Machine("inline", workers, "cpu", 1).flags[:2] == ["--on", "inline"]
    assert "--threads" in Machine("local", workers, "cpu", 2).flags
    assert slots("cpu", cores()) == 1


@pytest.mark.slow
def test_a_worker_that_fails_outside_any_trial_is_told_of(store):
    with pytest.raises(StudyError, match=r"a worker failed: KeyError: 'nosuch'"):
        task(store, {"task": "nosuch"}, HERE)

"""Pipes, folders and other things where the store expects a file."""

import json
import logging
import os

import pytest

from study.analysis.measurements import _arrays
from study.clean import jobs
from study.errors import StoreError
from study.launch import job as job_folder
from study.launch import slurm
from study.store import atomic, holders, leases, records
from study.store.store import Store
from study.store.timing_records import TimingSession
from study.tasks.classification.records import ModelCost
from tests.launch.conftest import CONFIG, ordered
from tests.store.damaged import OBSTACLES


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "results")
    store.enter("a-0", records.TrialRecord(config=CONFIG))
    return store


READERS = {
    "trials/a-0/result.json": lambda store: store.result("a-0"),
    "trials/a-0/history.jsonl": lambda store: store.history("a-0"),
    "trials/a-0/at-48.json": lambda store: store.evaluation("a-0", 48),
    "trials/a-0/died-1.json": lambda store: store.deaths("a-0"),
    "trials/a-0/predictions.npz": lambda store: atomic.read_checked(
        store.predictions("a-0"), _arrays
    ),
    "arms/x.json": lambda store: store.record("arms", "x", ModelCost),
    "timings/x.json": lambda store: store.record("timings", "x", TimingSession),
}


@pytest.mark.parametrize("obstacle", OBSTACLES)
@pytest.mark.parametrize("name", READERS)
def test_what_is_no_file_is_set_aside_and_told(name, obstacle, store, caplog):
    path = store.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    OBSTACLES[obstacle](path)
    with caplog.at_level(logging.WARNING):
        assert not READERS[name](store)
    if name == "trials/a-0/history.jsonl" and obstacle in ("binary", "brackets"):
        return  # lines that can be read count, and there is none
    assert not os.path.lexists(path)
    [aside] = store.strays()
    assert aside.name.startswith(path.name)
    assert str(path) in caplog.text


@pytest.mark.parametrize("obstacle", OBSTACLES)
def test_a_trial_is_entered_again_in_place_of_what_is_no_record(obstacle, store):
    path = store.trial("a-0") / "trial.json"
    path.unlink()
    OBSTACLES[obstacle](path)
    with pytest.raises(StoreError, match="study run puts it there again"):
        store.entered("a-0")
    OBSTACLES[obstacle](path)
    store.enter("a-0", records.TrialRecord(config=CONFIG))
    assert store.entered("a-0").plain == {"config": CONFIG}


@pytest.mark.parametrize("obstacle", OBSTACLES)
def test_a_lease_that_is_no_file_holds_nothing(obstacle, store):
    OBSTACLES[obstacle](store.trial("a-0") / "lease.1")
    if obstacle in ("binary", "brackets"):  # as while it is being written
        assert leases.holder(store.trial("a-0")) == holders.UNKNOWN
        return
    assert leases.holder(store.trial("a-0")) is None
    with leases.claim(store.trial("a-0")) as lease:
        assert lease.number == 2


@pytest.mark.parametrize("obstacle", OBSTACLES)
def test_a_job_that_cannot_be_read_is_told_and_left(obstacle, store, caplog):
    job = ordered(store, ["a-0"])
    for name in ("job.json", "slurm.json", "error.x", "worker.x"):
        (job / name).unlink(missing_ok=True)
        OBSTACLES[obstacle](job / name)
    assert list(job_folder.jobs(store)) == []
    assert f"{job / 'job.json'} is damaged" in caplog.text
    assert slurm.submitted(job) == []
    assert job_folder.workers(job) == []
    assert [item.order for item in jobs(store)] == [None]


@pytest.mark.parametrize(
    "more",
    [{"pid": 0}, {"pid": -5}, {"pid": 10**400}, {"pid": "1"}, {"host": None}, {"pid": 2**22 + 1}],
)
def test_a_worker_that_is_no_process_is_not_stopped(more, store):
    job = ordered(store, ["a-0"])
    holding = {**vars(holders.here()), "born": "", **more}
    (job / "worker.x").write_text(json.dumps(holding))
    assert job_folder.workers(job) == []


def test_a_file_that_cannot_be_set_aside_is_told_and_passed_over(store, monkeypatch, caplog):
    path = store.trial("a-0") / "result.json"
    path.write_text("[]")

    def refuse(*paths):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "replace", refuse)
    assert store.result("a-0") is None
    assert store.blocked("a-0")
    assert "cannot be renamed: Read-only file system" in caplog.text
    assert path.exists()


def test_what_another_has_put_in_place_meanwhile_is_not_set_aside(store):
    path, seen = store.trial("a-0") / "x.json", []
    path.write_text("[]")

    def check(content):
        if not seen:
            seen.append(content)
            atomic.write(path, {"a": 1})
        return atomic.record(content)

    assert atomic.read_checked(path, check) == {"a": 1}
    assert store.strays() == []


def test_a_file_that_vanishes_is_none(store):
    assert atomic.read_checked(store.root / "gone.json", records.TrialRecord.parsed) is None

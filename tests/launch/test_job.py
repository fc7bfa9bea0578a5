"""Job folders: private, found again, and open to what is asked for later."""

import os
import stat
from pathlib import Path

import pytest

from study.errors import StoreError
from study.launch import job as job_folder
from study.store import holders, leases
from study.store.heartbeats import Heartbeats
from study.store.records import TrialRecord
from study.store.store import Store
from tests.launch.conftest import CONFIG, finish, leave, ordered


def test_a_job_folder_is_the_users_alone(store):
    job = ordered(store, ["a-0"])
    assert stat.S_IMODE(job.stat().st_mode) == 0o700
    assert job_folder.order(job).trials == ["a-0"]


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o720])
def test_a_folder_that_others_can_write_to_is_refused(store, mode):
    job = ordered(store, ["a-0"])
    job.chmod(mode)
    with pytest.raises(StoreError, match=r"others can write to .*: nothing in it is run"):
        job_folder.order(job)
    assert not list(job_folder.jobs(store))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_is_refused(store):
    job = ordered(store, ["a-0"])
    os.chown(job, 12345, -1)
    with pytest.raises(StoreError, match="belongs to user 12345"):
        job_folder.order(job)


def test_the_code_of_a_job_is_a_copy_of_today_s(store):
    job = ordered(store, ["a-0"], on="local")
    copied = job / "code" / "study" / "launch" / "job.py"
    assert copied.read_text() == Path(job_folder.__file__).read_text()
    assert job_folder.order(job).code["digest"]


def test_a_file_of_trials_is_read_once_and_one_that_is_not_there_yet_again(store):
    job = ordered(store, ["a-0"])
    added = job / "trials.000001.json"
    added.write_text("{")  # as a file server may show it for a while
    assert job_folder.queue(job) == ["a-0"]
    added.unlink()
    job_folder.add(job, {"b-0": TrialRecord(config=CONFIG)})
    assert job_folder.queue(job) == ["a-0", "b-0"]
    # It never changes, so nothing notices that its content is gone.
    added.write_text("{")
    assert job_folder.queue(job) == ["a-0", "b-0"]
    assert job_folder.record(job, "b-0").config.plain == CONFIG


def test_workers_take_what_later_orders_of_the_study_ask_for(store):
    first = ordered(store, ["a-0"])
    later = ordered(store, ["b-0", "a-0"])
    ordered(store, ["c-0"], study="another")
    ordered(store, ["d-0"], threads=2)
    stopped = ordered(store, ["e-0"])
    job_folder.stop(stopped)
    os.utime(first / "job.json", (1000, 1000))  # whatever the clocks of their nodes said
    assert job_folder.queue(first) == ["a-0", "b-0"]
    assert job_folder.queue(later) == ["b-0", "a-0"]


def test_a_copied_store_has_no_jobs_of_the_old_one(store, tmp_path):
    ordered(store, ["a-0"])
    copy = tmp_path / "copy"
    store.root.rename(copy)
    assert not list(job_folder.jobs(Store(copy)))


def test_open_is_what_has_no_result_and_nobody_at_work(store):
    job, hearts = ordered(store, ["a-0", "b-0"]), Heartbeats()
    assert job_folder.open_trials(job, hearts) == ["a-0", "b-0"]
    leave(store, "a-0")
    with leases.claim(store.trial("b-0")):
        assert job_folder.open_trials(job, hearts) == ["a-0"]
    finish(store, "a-0")
    assert job_folder.open_trials(job, hearts) == ["b-0"]


def test_a_worker_counts_while_its_process_lives(store):
    job = ordered(store, ["a-0"])
    holders.write(job / "worker.here-1")
    (job / "worker.gone-2").write_text(
        (job / "worker.here-1").read_text().replace(holders.here().born, "1")
    )
    assert job_folder.workers(job) == [holders.here()]

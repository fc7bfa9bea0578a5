"""Cleaning removes what no study uses, and nothing else."""

import json
import os
import shutil

import pytest

from study import clean
from study.clean import Needs
from study.errors import StoreError
from study.launch import job as job_folder
from study.store import holders, leases
from study.store.atomic import write
from study.store.store import Store
from tests.clean.conftest import aged, item, removable
from tests.launch.conftest import dead, finish, leave, ordered

# ---- trials ----


def test_a_trial_goes_unless_it_is_needed_or_somebody_works_on_it(store):
    assert removable(store, "trials") == ["a-0", "b-0"]
    assert removable(store, "trials", trials={"a-0"}) == ["b-0"]
    with leases.claim(store.trial("b-0")):
        assert removable(store, "trials", trials={"a-0"}) == []


def test_what_is_no_trial_of_the_store_stays(store, tmp_path):
    (store.root / "trials" / "mine").mkdir()
    store.trial("a-0").rename(tmp_path / "elsewhere")
    store.trial("a-0").symlink_to(tmp_path / "elsewhere")
    assert removable(store, "trials") == ["b-0"]
    (store.root / "trials").rename(tmp_path / "disk")
    (store.root / "trials").symlink_to(tmp_path / "disk")
    assert removable(store, "trials") == []


def test_a_removed_trial_is_gone_as_a_whole(store):
    finish(store, "a-0")
    assert clean.remove("trials", item(store, "trials"))
    assert [path.name for path in (store.root / "trials").iterdir()] == ["b-0"]
    assert store.results() == []


def test_a_trial_that_somebody_took_up_meanwhile_is_kept(store):
    going = item(store, "trials")
    with leases.claim(store.trial("a-0")):
        assert not clean.remove("trials", going)
    assert store.trial("a-0").is_dir()


def test_whoever_may_be_alive_elsewhere_keeps_his_trial_for_a_day(store):
    leave(store, "a-0", who=holders.Holder("elsewhere", 1, "1"))
    lease = store.trial("a-0") / "lease.1"
    aged(lease, 0.5)
    going = item(store, "trials")
    assert not clean.remove("trials", going)
    aged(lease, 1)
    assert clean.remove("trials", going)


def test_a_removal_that_was_interrupted_is_no_result_and_is_finished_later(store):
    finish(store, "a-0")
    store.trial("a-0").rename(store.root / "trials" / ".a-0.0123abcd")
    assert store.results() == []
    assert removable(store, "trials") == ["b-0"]
    assert removable(store, "leftovers") == [".a-0.0123abcd"]
    assert clean.remove("leftovers", item(store, "leftovers"))
    assert removable(store, "leftovers") == []


def test_what_was_removed_by_another_is_no_error(store):
    going = item(store, "trials")
    shutil.rmtree(going.path)
    assert clean.remove("trials", going)


def test_a_store_that_cannot_be_written_is_told(store, monkeypatch):
    going = item(store, "trials")

    def refuse(*paths: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "rename", refuse)
    with pytest.raises(StoreError, match="a-0 cannot be removed: Read-only file system"):
        clean.remove("trials", going)
    assert store.trial("a-0").is_dir()


# ---- checkpoints ----


@pytest.mark.parametrize(
    ("state", "goes"), [("completed", True), ("diverged", True), ("failed", False), (None, False)]
)
def test_weights_go_where_no_attempt_will_resume_from_them(store, state, goes):
    (store.trial("a-0") / "last.pth.tar").touch()
    if state:
        finish(store, "a-0", state)
    assert removable(store, "checkpoints") == (["last.pth.tar"] if goes else [])
    assert removable(store, "checkpoints", weights={"a-0"}) == []


def test_only_the_weights_go(store):
    (store.trial("a-0") / "last.pth.tar").touch()
    finish(store, "a-0")
    assert clean.remove("checkpoints", item(store, "checkpoints"))
    names = {path.name for path in store.trial("a-0").iterdir()}
    assert names == {"trial.json", "result.json"}


def test_weights_in_a_trial_that_goes_are_not_told_again(store):
    (store.trial("a-0") / "last.pth.tar").touch()
    finish(store, "a-0")
    needs = Needs([], trials={"b-0"})
    request = clean.removable(store, ["trials", "checkpoints"], needs)
    assert [len(request["trials"]), len(request["checkpoints"])] == [1, 0]


# ---- jobs ----


def test_a_job_goes_when_its_trials_have_results_or_after_a_week(store):
    job = ordered(store, ["a-0", "b-0"])
    finish(store, "a-0")
    assert removable(store, "jobs") == []
    assert removable(Store(aged(job).parent.parent), "jobs") == [job.name]
    for entry in (job, *job.iterdir()):
        os.utime(entry)
    finish(store, "b-0")
    assert removable(store, "jobs") == [job.name]


def test_a_job_that_is_at_work_stays(store):
    job = ordered(store, ["a-0"])
    finish(store, "a-0")
    holders.write(job / "worker.here-1")
    assert removable(store, "jobs") == []
    (job / "worker.here-1").write_text(json.dumps(vars(dead())))
    assert removable(store, "jobs") == [job.name]
    elsewhere = holders.Holder("elsewhere", 1, "1")
    (job / "worker.here-1").write_text(json.dumps(vars(elsewhere)))
    assert removable(store, "jobs") == []
    aged(job)
    assert removable(store, "jobs") == [job.name]


def test_jobs_on_slurm_stay_where_slurm_does_not_answer(store, monkeypatch):
    job = ordered(store, ["a-0"])
    finish(store, "a-0")
    write(job / "slurm.json", {"ids": ["7_0", "7_1"]})
    monkeypatch.setenv("PATH", "/nowhere")
    assert removable(store, "jobs") == []
    assert clean.jobs(store)[0].busy


def test_open_trials_that_workers_of_another_job_may_come_to_keep_theirs(store):
    old, young = aged(ordered(store, ["a-0"])), ordered(store, ["b-0"])
    holders.write(young / "worker.here-1")
    assert removable(store, "jobs") == []
    (young / "worker.here-1").unlink()
    assert removable(store, "jobs") == [old.name]


def test_the_order_of_a_job_stays_where_nothing_else_says_what_was_asked_for(store):
    job = ordered(store, ["a-0"])
    (job / "logs" / "supervisors.log").write_text("x")
    finish(store, "a-0")
    assert clean.remove("jobs", item(store, "jobs", requests={job}))
    assert sorted(path.name for path in job.iterdir()) == ["job.json", "trials.json"]
    assert removable(store, "jobs", requests={job}) == []
    assert clean.remove("jobs", item(store, "jobs"))
    assert not job.exists()


def test_jobs_of_others_and_of_another_store_stay(store, tmp_path):
    job = ordered(store, ["a-0"])
    finish(store, "a-0")
    job.chmod(0o770)
    assert removable(store, "jobs") == []
    job.chmod(0o700)
    write(job / "job.json", {**job_folder.order(job).plain, "store": "/elsewhere"})
    assert removable(store, "jobs") == []


def test_a_job_is_superseded_by_the_same_request_where_they_can_be_planned(store, tmp_path):
    request = {"words": ["x.yaml", "--set", "seeds=3"], "folder": str(tmp_path)}
    for _ in range(2):
        ordered(store, ["a-0"], **request)
    ordered(store, ["a-0"], **{**request, "words": ["x.yaml"]})
    jobs = clean.jobs(store)
    later = [[other for other in jobs if other.path > job.path] for job in jobs]
    pairs = list(zip(jobs, later, strict=True))
    assert not any(clean.superseded(job, others) for job, others in pairs)
    (tmp_path / "x.yaml").touch()
    assert sum(clean.superseded(job, others) for job, others in pairs) == 1


# ---- leftovers ----


def test_what_killed_writers_left_goes_after_a_day(store):
    folder = store.trial("a-0")
    names = {
        *(".trial.json.0123abcd", ".last.pth.tar.4711", ".clock-node-1-2", "last.pth.tar.broken"),
        *("result.json.failed-0123ab", "result.json.foreign-0123ab"),
    }
    for name in (*names, "notes.txt", ".hidden"):
        (folder / name).touch()
    assert removable(store, "leftovers") == []
    aged(folder)
    assert set(removable(store, "leftovers")) == names


# ---- what is hard to remove ----


def test_the_save_before_the_last_goes_when_its_trial_is_done(store):
    for name in ("a-0", "b-0"):
        (store.trial(name) / "before.pth.tar").write_bytes(b"x")
    finish(store, "a-0")
    assert removable(store, "checkpoints") == ["before.pth.tar"]


def test_what_was_set_aside_as_damaged_goes_after_a_day(store):
    path = store.trial("a-0") / "result.json"
    path.write_text("[]")
    assert store.result("a-0") is None
    assert removable(store, "leftovers") == []
    aged(next(store.trial("a-0").glob("result.json.damaged-*")))
    assert len(removable(store, "leftovers")) == 1

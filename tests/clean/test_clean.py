"""Cleaning removes what no study uses, and nothing else."""

import json
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from study import clean
from study.clean import Needs
from study.errors import StoreError
from study.launch import job as job_folder
from study.store import holders, leases
from study.store.atomic import write
from study.store.records import Evaluation, TrialRecord
from study.store.store import Store
from tests.launch.conftest import CONFIG, dead, finish, leave, ordered


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "results")
    for name in ("a-0", "b-0"):
        store.enter(name, TrialRecord(config=CONFIG))
    return store


def aged(path, days: float = 30):
    """A path whose files were last written days ago."""
    for entry in [path, *(path.iterdir() if path.is_dir() else ())]:
        then = entry.stat().st_mtime - days * 86_400
        os.utime(entry, (then, then), follow_symlinks=False)
    return path


def removable(stored: Store, group: str, **needs: set) -> list[str]:
    jobs = clean.jobs(stored)
    return [
        entry.path.name for entry in clean.removable(stored, [group], Needs(jobs, **needs))[group]
    ]


def item(stored: Store, group: str, **needs: set) -> clean.Item:
    return clean.removable(stored, [group], Needs(clean.jobs(stored), **needs))[group][0]


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


def test_a_job_is_superseded_by_the_same_words_where_they_can_be_planned(store, tmp_path):
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


# ---- the command ----


def listed(done) -> dict[str, int]:
    assert done.returncode == 0, done.stderr
    return {name: len(items) for name, items in json.loads(done.stdout)["groups"].items()}


def test_what_a_study_comes_to_ask_for_no_more_goes_and_the_rest_stays(inside, tiny):
    run = ("run", tiny.name, "--on", "inline", "--no-speed")
    assert inside(*run).returncode == 0
    first = tiny.read_text()
    stored = {"trials": 0, "checkpoints": 4, "jobs": 0, "leftovers": 0}
    assert listed(inside("clean", "--json")) == stored  # the run itself refers to them
    tiny.write_text(first.replace("Avg: average", "Max: maximum"))
    assert listed(inside("clean", tiny, "--json")) == stored | {"trials": 2, "checkpoints": 2}
    tiny.write_text(first.replace("epochs: 2", "epochs: 1"))
    again = inside(*run, "--set", "recipe.epochs=2")  # all are there: nothing says so but this
    assert "nothing to train" in again.stderr
    refused = inside("clean", tiny)
    assert refused.returncode == 2
    assert "add --yes" in refused.stderr
    tiny.write_text(first.replace("Avg: average", "Max: maximum"))
    done = inside("clean", tiny, "--yes", "--only", "trials", "--only", "checkpoints")
    assert done.returncode == 0, done.stderr
    assert "2 trials" in done.stdout
    assert "Avg/s1 of tiny, completed" in done.stdout
    assert [row["state"] for row in json.loads(inside("status", tiny, "--json").stdout)] == [
        *["completed"] * 2,
        *["pending"] * 2,
    ]
    assert "nothing to clean" in inside("clean", tiny, "--yes").stderr
    assert len(list((tiny.parent / "results" / "trials").iterdir())) == 2


@pytest.fixture
def trained(inside, tiny):
    """A store with the trials of a study, by hand, and one more."""
    store = Store(tiny.parent / "results")
    for arm in json.loads(inside("plan", tiny, "--on", "inline", "--json").stdout)["arms"]:
        for trial in arm["trials"]:
            store.enter(trial["name"], TrialRecord(config=arm["config"]))
            finish(store, trial["name"])
    store.enter("ab-0", TrialRecord(config=CONFIG, label="A", seed=0, study="old"))
    return store


def requested(store: Store, file, *flags: str, folder=None, trials=("ab-0",)):
    request = {"words": [str(file), *flags], "folder": str(folder or store.root.parent)}
    return ordered(store, list(trials), **request)


def test_an_earlier_run_keeps_its_trials_while_its_file_is_there_and_after(inside, tiny, trained):
    assert listed(inside("clean", tiny, "--json"))["trials"] == 1
    other = tiny.with_name("other.yaml")
    other.write_text(tiny.read_text())
    requested(trained, "other.yaml", "--set", "seeds=[0, 1]")
    assert listed(inside("clean", "--json"))["trials"] == 1  # planned anew, it has no ab-0
    other.unlink()
    done = inside("clean", tiny, "--json")
    assert listed(done)["trials"] == 0
    assert "kept 1 trial of" in done.stderr
    assert "(--gone deletes them)" in done.stderr
    assert listed(inside("clean", tiny, "--json", "--gone"))["trials"] == 1


def test_a_study_that_cannot_be_planned_keeps_all_trials(inside, tiny, trained):
    other = tiny.with_name("other.yaml")
    other.write_text(tiny.read_text().replace("average", "averag"))
    done = inside("clean", tiny, other, "--json")
    assert done.returncode == 3
    request = json.loads(done.stdout)
    assert set(request["groups"]) == {"jobs", "leftovers"}
    assert "other.yaml" in request["unknown"][0]
    assert 'did you mean "average"?' in done.stderr
    assert "name the study files that count" in done.stderr


def test_images_that_are_not_here_do_not_hinder_a_plan(inside, tiny, trained, monkeypatch):
    monkeypatch.delenv("NOWHERE", raising=False)
    data = "{name: folder, root: $NOWHERE, img_size: 64, num_classes: 10}"
    tiny.write_text(f"{tiny.read_text()}profiles: {{big: {{baseline: {{data: {data}}}}}}}\n")
    assert listed(inside("clean", tiny, "--json"))["trials"] == 1
    tiny.write_text(tiny.read_text().replace("num_classes: 10", "train_limit: $NOWHERE"))
    done = inside("clean", tiny, "--json")
    assert done.returncode == 3
    assert "$NOWHERE is not set" in done.stderr


def test_an_order_that_cannot_be_read_keeps_all_trials(inside, tiny, trained):
    (requested(trained, "x.yaml") / "job.json").write_text("{")
    done = inside("clean", tiny, "--json")
    assert done.returncode == 3
    assert "cannot be read" in done.stderr


def test_weights_stay_that_a_study_has_yet_to_evaluate(inside, tiny, trained):
    names = trained.results()
    for name in names:
        (trained.trial(name) / "last.pth.tar").touch()
    assert listed(inside("clean", tiny, "--json"))["checkpoints"] == 4
    tiny.write_text(tiny.read_text().replace("top1]", "top1, top1@96]"))
    trained.evaluated(names[0], 96, Evaluation(metrics={}))
    assert listed(inside("clean", tiny, "--json"))["checkpoints"] == 1


def test_a_run_that_began_while_the_user_was_asked_stops_the_removal(
    inside, tiny, trained, monkeypatch
):
    def confirm(*words: object, **how: object) -> bool:
        requested(trained, "x.yaml")
        return True

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("click.confirm", confirm)
    done = inside("clean", tiny)
    assert done.returncode == 2
    assert "a study was started meanwhile" in done.stderr
    assert trained.trial("ab-0").is_dir()


def test_a_store_that_is_not_there_is_told(inside, tiny):
    done = inside("clean", "--store", "nosuch")
    assert done.returncode == 2
    assert "there is no store nosuch" in done.stderr


# ---- what is hard to remove ----


def nested(folder, count, name="n"):
    """A folder in a folder, so many times, whose path is too long to be opened."""
    folder.mkdir()
    before = os.open(".", os.O_RDONLY)
    try:
        os.chdir(folder)
        for _ in range(count):
            os.mkdir(name)
            os.chdir(name)
        open("file", "w").close()
    finally:
        os.fchdir(before)
        os.close(before)


@pytest.mark.parametrize(("count", "name"), [(600, "n"), (1500, "a" * 200)])
def test_a_folder_of_any_depth_is_removed(store, count, name):
    nested(store.trial("a-0") / "deep", count, name)
    assert clean.remove("trials", item(store, "trials"))
    assert [path.name for path in (store.root / "trials").iterdir()] == ["b-0"]


@pytest.fixture
def ordinary():
    """A folder of a user whom permissions hold for."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        before = os.geteuid()
        if not before:
            os.seteuid(65_534)
        try:
            yield Path(folder)
        finally:
            os.seteuid(before)


def test_what_can_be_removed_is_and_what_cannot_is_named(ordinary):
    stored = Store(ordinary / "results")
    for name in ("a-0", "b-0"):
        stored.enter(name, TrialRecord(config=CONFIG))
    closed = stored.trial("a-0") / "closed"
    (closed / "inner").mkdir(parents=True)
    closed.chmod(0o000)
    (stored.trial("a-0") / "log.txt").touch()
    done, left = [], []
    for entry in clean.removable(stored, ["trials"], Needs(clean.jobs(stored)))["trials"]:
        try:
            done.append(clean.remove("trials", entry))
        except StoreError as error:
            left.append(str(error))
    [half] = (stored.root / "trials").iterdir()
    assert done == [True]
    assert len(left) == 1
    assert f"a-0 cannot be removed: Permission denied (left: {half}/closed" in left[0]
    assert [path.name for path in half.iterdir()] == ["closed"]
    closed = half / "closed"
    closed.chmod(0o700)
    assert clean.remove("leftovers", item(stored, "leftovers"))
    assert not half.exists()


def test_jobs_that_cannot_be_listed_are_not_taken_for_none(ordinary):
    stored = Store(ordinary / "results")
    (stored.root / "jobs").mkdir(parents=True)
    (stored.root / "jobs").chmod(0o000)
    with pytest.raises(StoreError, match="jobs cannot be listed: Permission denied"):
        clean.jobs(stored)
    (stored.root / "jobs").chmod(0o700)


def test_the_command_goes_on_after_what_it_cannot_remove(inside, tmp_path, monkeypatch):
    stored = Store(tmp_path / "results")
    for name in ("a-0", "b-0"):
        stored.enter(name, TrialRecord(config=CONFIG))
    rename = os.rename

    def refuse(entry, other):
        if "a-0" in str(entry):
            raise OSError(13, "Permission denied", str(entry))
        rename(entry, other)

    monkeypatch.setattr(os, "rename", refuse)
    done = inside("clean", "--yes", "--only", "trials")
    assert done.returncode == 3
    assert "a-0 cannot be removed: Permission denied" in done.stderr
    assert [path.name for path in (stored.root / "trials").iterdir()] == ["a-0"]


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

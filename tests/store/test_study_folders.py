"""Two study files of one name: what is of one is not the other's."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from study.cli import status_table
from study.errors import StudyError
from study.launch import _interruptible, status
from study.launch import job as job_folder
from study.spec.study import title
from study.store import holders, leases, study_folders
from study.store.job_records import Work
from study.store.records import TrialRecord
from study.store.store import Store
from tests.conftest import TINY
from tests.launch.conftest import CONFIG, INLINE, finish
from tests.report.conftest import _study


def named(path: Path, **fields):
    """A study of a file that is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return replace(_study({"model.a": ["x", "y"]}, 2, {}), name=path.stem, path=path, **fields)


OTHERWISE = "do something else"


def test_the_first_to_write_has_the_folder_and_another_of_the_same_name_is_told(tmp_path):
    first, second = named(tmp_path / "a" / "x.yaml"), named(tmp_path / "b" / "x.yaml")
    reports = tmp_path / "reports"
    place = study_folders.claim(reports, first, OTHERWISE)
    assert place == reports / "x"
    assert study_folders.claim(reports, first, OTHERWISE) == place
    before = (place / study_folders.SIGNATURE).read_bytes()
    with pytest.raises(StudyError) as refused:
        study_folders.claim(reports, second, OTHERWISE)
    message = str(refused.value)
    assert all(word in message for word in ("a/x.yaml", "b/x.yaml", "rename", OTHERWISE))
    assert (place / study_folders.SIGNATURE).read_bytes() == before
    assert study_folders.claim(tmp_path / "others", second, OTHERWISE) == tmp_path / "others" / "x"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("x-y.yaml", {}), ("x.yaml", {"profile": "y"})),
        (("a b.yaml", {}), ("a_b.yaml", {})),
        (("x.yaml", {"profile": "a b"}), ("x.yaml", {"profile": "a_b"})),
        (("n" * 101 + ".yaml", {}), ("n" * 100 + "m.yaml", {})),
    ],
)
def test_names_that_come_to_the_same_folder_are_told_apart(tmp_path, first, second):
    first_folder, other = (named(tmp_path / file, **fields) for file, fields in (first, second))
    assert study_folders.folder(tmp_path, first_folder) == study_folders.folder(tmp_path, other)
    study_folders.claim(tmp_path, first_folder, OTHERWISE)
    with pytest.raises(StudyError, match="same name"):
        study_folders.claim(tmp_path, other, OTHERWISE)


def test_a_copy_of_a_repository_and_another_folder_to_work_in_keep_their_reports(
    tmp_path, monkeypatch
):
    here = tmp_path / "here"
    study_folders.claim(here / "reports", named(here / "ablations" / "x.yaml"), OTHERWISE)
    shutil.copytree(here, tmp_path / "there")
    shutil.rmtree(here)
    study = named(tmp_path / "there" / "ablations" / "x.yaml")
    place = study_folders.claim(tmp_path / "there" / "reports", study, OTHERWISE)
    monkeypatch.chdir(tmp_path / "there" / "ablations")
    again = replace(study, path=Path("x.yaml"))
    assert study_folders.claim(Path("..", "reports"), again, OTHERWISE).resolve() == place


def test_a_file_that_was_moved_takes_its_reports_along(tmp_path):
    study = named(tmp_path / "a" / "x.yaml")
    study_folders.claim(tmp_path, study, OTHERWISE)
    (tmp_path / "a" / "x.yaml").rename(tmp_path / "x.yaml")
    moved = replace(study, path=tmp_path / "x.yaml")
    study_folders.claim(tmp_path, moved, OTHERWISE)
    assert json.loads((tmp_path / "x" / study_folders.SIGNATURE).read_text())["file"] == "../x.yaml"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"file": 3}', "\0"])
def test_a_signature_that_cannot_be_read_is_written_anew(tmp_path, text):
    study = named(tmp_path / "x.yaml")
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / study_folders.SIGNATURE).write_text(text)
    study_folders.claim(tmp_path, study, OTHERWISE)
    assert json.loads((tmp_path / "x" / study_folders.SIGNATURE).read_text())["file"] == "../x.yaml"


# ---- workers ----


@pytest.fixture
def two(tmp_path) -> tuple[Store, dict[str, job_folder.Identity]]:
    """A store with a job of a/x.yaml and one of b/x.yaml, which share a trial."""
    store = Store(tmp_path / "results")
    identities = {}
    for folder in "ab":
        names = [f"{folder}-0", "shared-0"]
        records = {name: TrialRecord(config=CONFIG) for name in names}
        for name, record in records.items():
            store.enter(name, record)
        identities[folder] = ("x", str(tmp_path / folder / "x.yaml"))
        order = {"study": "x", "file": identities[folder][1], "trials": names, "phases": ["trials"]}
        job = job_folder.create_job(store, Work.checked(order), INLINE, records)
        holders.write(job / "worker.here-1")
    return store, identities


def test_cancel_stops_the_workers_of_its_own_file_alone(two):
    store, identities = two
    (mine,), (other,) = (status.jobs(store, identities[folder]) for folder in "ba")
    assert [worker.job for worker in status.cancel(store, identities["b"], now=False)] == [mine]
    assert job_folder.stopped(mine)
    assert not job_folder.stopped(other)
    assert status.same_title(store, identities["b"]) == [identities["a"]]
    assert "1 on this machine" in status.state_of(store, identities["a"])
    nobody = ("x", "/c/x.yaml")
    assert status.state_of(store, nobody) == "none"
    assert status.cancel(store, nobody, now=True) == []


def test_an_interrupted_run_stops_its_own_workers_and_not_those_that_share_a_trial(two):
    store, identities = two
    (mine,), (other,) = (status.jobs(store, identities[folder]) for folder in "ba")
    with _interruptible(store, mine, lambda: None):
        os.kill(os.getpid(), 2)
    assert job_folder.stopped(mine)
    assert not job_folder.stopped(other)


def test_workers_of_one_file_take_no_trials_of_the_other(two):
    store, identities = two
    (mine,) = status.jobs(store, identities["a"])
    assert job_folder.queue(mine) == ["a-0", "shared-0"]


def test_an_order_of_an_earlier_version_is_of_the_file_that_it_was_asked_for_with(tmp_path):
    words = ["x.yaml", "--set", "seeds=1"]
    old = Work(phases=["trials"], study="x", words=words, folder=str(tmp_path))
    assert job_folder.whose(old) == ("x", str(tmp_path / "x.yaml"))


# ---- the command ----


@pytest.mark.parametrize("edit", ["question: [", None])
def test_cancel_needs_no_file_that_can_be_planned(inside, tiny, edit):
    """One that is edited to something wrong, or gone, has workers all the same."""
    job = at_work(tiny, title("tiny", None, ("seeds=3",)))
    tiny.unlink()
    if edit is not None:
        tiny.write_text(edit)
    done = inside("cancel", tiny, "--set", "seeds=3")
    assert (done.returncode, job_folder.stopped(job)) == (0, True)
    assert "1 on this machine" in done.stderr


def test_cancel_says_what_it_leaves_alone(inside, tiny):
    job = at_work(tiny, "tiny")
    done = inside("cancel", tiny, "--set", "seeds=3")
    assert (done.returncode, job_folder.stopped(job)) == (0, False)
    assert "note: workers of tiny (tiny.yaml) go on" in done.stderr
    assert inside("cancel", tiny.with_name("other.yaml")).returncode == 2
    assert inside("cancel", tiny, "--profile", "none").returncode == 2


def at_work(file: Path, study: str) -> Path:
    """A job of a study, with a worker."""
    order = {"study": study, "file": str(file), "trials": [], "phases": ["trials"]}
    job = job_folder.create_job(Store(file.parent / "results"), Work.checked(order), INLINE)
    holders.write(job / "worker.here-1")
    return job


@pytest.fixture
def twins(tiny: Path) -> tuple[Path, Path]:
    """Two files of one name, which share one arm."""
    texts = TINY, TINY.replace("Avg: average", "Max: maximum")
    files = tiny.parent / "a" / "x.yaml", tiny.parent / "b" / "x.yaml"
    for file, text in zip(files, texts, strict=True):
        file.parent.mkdir()
        file.write_text(text.replace("epochs: 2", "epochs: 1").replace("seeds: 2", "seeds: 1"))
    return files


@pytest.mark.heavy
def test_a_second_study_of_one_name_overwrites_nothing(inside, twins):
    first, second = twins
    run = ("--on", "inline", "--no-speed")
    assert inside("run", first, *run).returncode == 0
    table = Path("reports/x/table.md").read_text()
    for command in (
        ("run", second, *run),
        ("run", second, *run, "--dry-run"),
        ("report", second),
        ("export", second),
    ):
        refused = inside(*command)
        assert refused.returncode == 2
        assert "reports/x belongs to a/x.yaml" in refused.stderr
        assert "--reports DIR" in refused.stderr
    assert Path("reports/x/table.md").read_text() == table
    assert len(list(Path("results/trials").iterdir())) == 2  # refused before anything ran
    assert inside("run", second, *run, "--reports", "others").returncode == 0
    assert Path("others/x/table.md").is_file()


def test_status_says_for_what_other_study_a_shared_trial_runs(inside, twins):
    from study.cli.options import StudyRequest

    first, second = twins
    plan, store = StudyRequest(second, None, (), Path("results")).plan()
    name = plan.baseline.trials[0].name
    store.enter(name, TrialRecord(config=plan.baseline.config))
    order = {"study": "x", "file": str(first.resolve()), "trials": [name], "phases": ["trials"]}
    job = job_folder.create_job(store, Work.checked(order), INLINE)
    with leases.claim(store.trial(name), work=job.name):
        for file, ending in ((second, ", for x (a/x.yaml)"), (first, f":{os.getpid()}")):
            plan, store = StudyRequest(file, None, (), Path("results")).plan()
            row = next(r for r in status_table.trial_rows(plan, store) if r.trial == name)
            assert row.where.endswith(ending)
    finish(store, name)

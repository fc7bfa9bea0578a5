"""Code is run from a job folder only if no other user could have put it there."""

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from study.errors import DamagedError, StoreError
from study.launch import job as job_folder
from study.launch import slurm, snapshot
from study.launch.launchers import local
from study.launch.machine import Machine
from study.launch.phases import trials
from study.launch.worker import Worker
from study.store import ownership
from study.store.atomic import write
from study.store.job_records import Work
from tests.conftest import ROOT
from tests.launch.conftest import CONFIG, INLINE, ordered

OTHER = 12345  # a user, and a group, that is not ours
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")


def given(path: Path, user: int = -1, group: int = -1) -> None:
    os.chown(path, user, group, follow_symlinks=False)


WRONG: dict[str, Callable[[Path], None]] = {
    "a folder for a group": lambda job: job.chmod(0o770),
    "a folder for all": lambda job: job.chmod(0o707),
    "a link": lambda job: _link(job),
    "jobs for all": lambda job: job.parent.chmod(0o777),
    "a store for all": lambda job: job.parents[1].chmod(0o757),
}
GIVEN: dict[str, Callable[[Path], None]] = {
    "a folder of another": lambda job: given(job, OTHER),
    "code of another": lambda job: given(job / "code" / "study", OTHER),
    "a link of another": lambda job: _planted_link(job),
    "an order of another": lambda job: given(job / "job.json", OTHER),
    "jobs of another": lambda job: given(job.parent, OTHER),
    "jobs of another, sticky": lambda job: (given(job.parent, OTHER), job.parent.chmod(0o1777)),
    "jobs for another group": lambda job: (given(job.parent, group=OTHER), job.parent.chmod(0o775)),
}
RIGHT: dict[str, Callable[[Path], None]] = {
    "as it is made": lambda job: None,
    "a store that others share, sticky": lambda job: job.parents[1].chmod(0o1777),
    "jobs that others share, sticky": lambda job: job.parent.chmod(0o1777),
    "files for a group, out of its reach": lambda job: (job / "job.json").chmod(0o664),
}
CASES = [pytest.param(change, True, id=name) for name, change in RIGHT.items()]
CASES += [pytest.param(change, False, id=name) for name, change in WRONG.items()]
CASES += [pytest.param(c, False, id=name, marks=as_root) for name, c in GIVEN.items()]


def _link(job: Path) -> None:
    job.rename(job.with_name("elsewhere"))
    job.symlink_to(job.with_name("elsewhere"))


def _planted_link(job: Path) -> None:
    (job / "code" / "numpy").symlink_to("/tmp")
    given(job / "code" / "numpy", OTHER)


@as_root
def test_the_owner_of_the_current_folder_may_own_the_store(job, tmp_path, monkeypatch):
    """In a container the user is often root, and all that is mounted somebody else's."""
    given(job.parent, OTHER)
    given(job.parents[1], OTHER)
    place = tmp_path / "mounted"
    place.mkdir()
    given(place, OTHER)
    with pytest.raises(StoreError, match="belongs to user 12345"):
        ownership.contents(job)
    monkeypatch.chdir(place)
    ownership.contents(job)
    done = subprocess.run(["bash"], input="\n".join(ownership.script(job)), text=True)
    assert done.returncode == 0
    job.parent.chmod(0o777)
    with pytest.raises(StoreError, match="others can write"):
        ownership.contents(job)
    done = subprocess.run(["bash"], input="\n".join(ownership.script(job)), text=True)
    assert done.returncode == 1


@pytest.fixture
def job(store) -> Path:
    """A job folder, with code that leaves word that it ran."""
    ordered_job = ordered(store, ["a-0"], on="slurm")
    code = ordered_job / "code" / "study" / "launch" / "__main__.py"
    code.write_text(f"open({str(store.root / 'ran')!r}, 'w').close()\n")
    return ordered_job


@pytest.mark.heavy
@pytest.mark.parametrize(("change", "right"), CASES)
def test_a_batch_script_runs_nothing_of_a_folder_that_another_user_could_have_filled(
    job, change, right
):
    """The lines before the command, and then a command that imports what the folder has."""
    machine = Machine(on="slurm", workers=1, device="cpu", threads=1)
    setup = slurm.script(job, machine, 1).partition("# setup\n")[2].partition("# command")[0]
    change(job)
    done = subprocess.run(
        ["bash", "-c", f"{setup}\n{sys.executable} -m study.launch"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert (job.parents[1] / "ran").exists() == right, done.stderr
    assert (done.returncode == 0) == right
    assert right or "nothing in it is run" in done.stderr


@pytest.mark.parametrize(("change", "right"), CASES)
def test_the_same_folders_are_refused_before_a_process_is_started_from_them(job, change, right):
    change(job)
    if right:
        assert snapshot.environment(job)["PYTHONPATH"].startswith(str(job / "code"))
        return
    with pytest.raises(StoreError):
        snapshot.environment(job)


def test_many_orders_of_other_kinds_are_of_some_study_each():
    for words in (None, 3, [], [3], "x", {}):
        for file in (None, 3, []):
            plain = {"words": words, "file": file, "folder": words, "study": file}
            with suppress(DamagedError):
                job_folder.whose(Work.checked({"phases": [], **plain}))


def test_a_worker_of_this_machine_is_not_started_from_such_a_folder(job):
    here = Machine(on="local", workers=1, device="cpu", threads=1)
    job.chmod(0o777)
    with pytest.raises(StoreError, match="others can write"):
        local(job, here, workers=1, tick=lambda: None)
    assert not (job.parents[1] / "ran").exists()


def test_no_job_folder_is_made_where_others_could_replace_it(store):
    store.root.chmod(0o777)
    with pytest.raises(StoreError, match=r"chmod go-w .*results; or chmod \+t"):
        ordered(store, ["a-0"])
    assert not list((store.root / "jobs").iterdir())


def test_the_log_of_a_refusal_shows_no_name_that_another_user_chose(job):
    (job / "$(touch ran)").touch()
    job.chmod(0o777)
    done = subprocess.run(
        ["bash"], input="\n".join(ownership.script(job)), text=True, capture_output=True
    )
    assert done.returncode == 1
    assert "touch" not in done.stdout + done.stderr


def test_a_link_is_no_private_folder(store, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(ordered(store, ["a-0"]))
    with pytest.raises(StoreError, match="is not a folder"):
        ownership.private(link)


def test_a_worker_runs_what_its_order_says_and_not_what_the_store_says(store, tmp_path):
    """A record names files of code to import, and others may be able to write to the store."""
    planted = tmp_path / "planted.py"
    planted.write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()\n")
    from study.spec.plugins import find_plugin

    job = ordered(store, ["a-0"])
    sources = [[str(planted), find_plugin(str(planted)).digest]]
    write(store.trial("a-0") / "trial.json", {"config": CONFIG, "sources": sources})
    assert job_folder.record(job, "a-0").plain == {"config": CONFIG}
    trials(Worker(job))
    assert store.state("a-0") == "failed"  # its configuration is empty
    assert not (tmp_path / "ran").exists()


def test_a_trial_that_no_order_of_the_user_knows_is_not_run(store):
    job = job_folder.create_job(store, Work(phases=["trials"], study="s", trials=["a-0"]), INLINE)
    with pytest.raises(StoreError, match="no job of this user says what trial a-0 computes"):
        job_folder.record(job, "a-0")


@pytest.mark.parametrize("place", ["trial.json", "."])
def test_weights_are_not_evaluated_with_code_that_another_user_could_have_named(store, place):
    from study.tasks.classification import evaluate

    folder = store.trial("a-0")
    write(folder / "trial.json", {"config": CONFIG, "sources": [["/nowhere/x.py", "0"]]})
    (folder / "last.pth.tar").touch()
    result = {"format": 1, "trial": "a-0", "state": "completed", "metrics": {}, "config": CONFIG}
    write(folder / "result.json", result)
    (folder / place).chmod(0o777)
    with pytest.raises(StoreError, match="others can write to"):
        evaluate.trained(store, "a-0")


def test_a_group_whose_name_has_spaces_is_read(job):
    spaced = f'stat() {{ command stat "$@" | sed "s/ {job.group()}$/ domain users/"; }}'
    done = subprocess.run(
        ["bash"], input="\n".join([spaced, *ownership.script(job)]), capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")

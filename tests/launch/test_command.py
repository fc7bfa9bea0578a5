"""Workers by a user's command, seen through the store alone."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from study.errors import StudyError
from study.launch import command, standalone, status
from study.launch import job as job_folder
from study.launch.machine import Machine
from study.store import leases
from study.store.heartbeats import Heartbeats
from study.store.job_records import Job, Work
from tests.launch.conftest import finish, ordered

MACHINE = Machine(on="command", workers=1, device="cpu", threads=1, timeout=0.2)


def ask(folder: Path, submit: str, workers: int = 1) -> None:
    machine = replace(MACHINE, submit=submit)
    command.command(folder, machine, workers=workers, tick=lambda: None)


def test_a_command_that_does_not_exist_is_an_error(store):
    with pytest.raises(StudyError, match="nosuch: No such file"):
        ask(ordered(store, ["a-0"]), "nosuch {worker}")


def test_a_command_that_fails_is_an_error_with_what_it_printed(store):
    folder = ordered(store, ["a-0"])
    with pytest.raises(StudyError, match=r"(?s)exit status 3.*no route to host"):
        ask(folder, "sh -c 'echo no route to host >&2; exit 3' {worker}")
    assert command.submitted(folder) == []


def test_a_program_that_takes_no_command_line_is_told_from_a_shell(store):
    with pytest.raises(StudyError, match=r"sh -c \{worker\}"):
        ask(ordered(store, ["a-0"]), "env {worker}")


def test_a_command_that_starts_nothing_is_not_waited_for_without_end(store):
    folder = ordered(store, ["a-0"])
    with pytest.raises(command.NoWorkerError, match=r"(?s)0.2 s .*exit status 0"):
        ask(folder, "true {worker}")
    assert command.not_begun(folder) == ["0"]


def test_a_command_that_goes_on_without_a_worker_is_ended(store):
    with pytest.raises(command.NoWorkerError, match="1 of 1 still running"):
        ask(ordered(store, ["a-0"]), "tail -f {job}/job.json")


def test_one_command_of_several_that_fails_is_a_note(store, caplog):
    folder = ordered(store, ["a-0"])
    with pytest.raises(command.NoWorkerError):
        ask(folder, "sh -c 'exit {index}' {job}", workers=2)
    assert "exit status 1" in caplog.text
    assert command.not_begun(folder) == ["0"]


def test_nothing_is_submitted_where_nothing_is_left(store):
    folder = ordered(store, ["a-0"])
    finish(store, "a-0")
    ask(folder, "nosuch {worker}")
    assert command.submitted(folder) == []


def test_a_worker_that_is_at_work_is_not_started_twice(store):
    folder = ordered(store, ["a-0"])
    lease = lease_of(folder)

    def end() -> None:
        finish(store, "a-0")
        lease.release()

    command.command(folder, replace(MACHINE, submit="nosuch {worker}"), workers=1, tick=end)


def lease_of(folder: Path) -> leases.Lease:
    place = folder / command.WORKERS / "7"
    place.mkdir(parents=True)
    return leases.claim(place)


def test_a_worker_that_nobody_has_seen_is_told(store):
    folder = ordered(store, ["a-0"], file="/x.yaml")
    with pytest.raises(command.NoWorkerError):
        ask(folder, "true {worker}", workers=2)
    study = ("s", "/x.yaml")
    words = "2 submitted, not begun (waiting or lost)"
    assert status.state_of(store, study) == words
    assert status.summary(status.cancel(store, study, now=False)) == words
    assert status.state_of(store, study) == "none"


def test_a_folder_that_is_no_job_is_named(tmp_path):
    with pytest.raises(StudyError, match="is no job folder on"):
        standalone.run(tmp_path, "")


def test_a_worker_on_a_machine_without_enough_gpus_says_so_in_the_job(store, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    folder = ordered(store, ["a-0"], on="command", device="cuda", devices=2)
    with pytest.raises(StudyError, match=r"GPUs, 2 of them, and .* has 1"):
        standalone.run(folder, "0")
    with pytest.raises(StudyError, match="a worker failed: a trial needs GPUs"):
        job_folder.raise_worker_error(folder)


def test_a_worker_has_the_folder_and_the_path_of_the_shell_that_asked(store, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", "/of/the/shell")
    request = {"file": "x.yaml", "folder": str(tmp_path)}
    folder = ordered(store, ["a-0"], on="command", device="cuda", request=request)
    monkeypatch.setenv("PATH", "/of/the/worker")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.chdir("/")
    with pytest.raises(StudyError):
        standalone.run(folder, "")
    assert os.environ["PATH"] == "/of/the/shell:/of/the/worker"
    assert Path.cwd() == tmp_path


def test_the_path_of_the_shell_is_not_that_of_the_timed_model(store):
    folder = ordered(store, ["a-0"], on="command")
    assert job_folder.order(folder).path == "plain"
    assert not Work.model_fields.keys() & Job.__annotations__.keys()


def test_two_workers_of_one_command_have_two_leases(store):
    folder = ordered(store, ["a-0"], on="command")
    with standalone._signed(folder, "0"), standalone._signed(folder, "0"):
        assert len(command.alive(folder)) == 2
    assert not command.alive(folder)


def test_a_worker_takes_the_place_of_one_that_has_died(store):
    """So that ssh gpu{index} names machines that exist."""
    folder = ordered(store, ["a-0"], on="command")
    for index in (0, 1):
        (folder / command.WORKERS / str(index)).mkdir(parents=True)
    with leases.claim(folder / command.WORKERS / "0"):
        assert command._free(folder, Heartbeats(), 3) == [1, 2]
    assert command._free(folder, Heartbeats(), 1) == [0]

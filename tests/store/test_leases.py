"""Leases: one holder at a time, whatever happens to the others."""

import json
import multiprocessing
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from study.store import heartbeats, holders, leases


def dead() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def leave(folder: Path, number: int, **holder: object) -> None:
    holding = {**vars(holders.here()), "pid": dead(), "born": "1", **holder}
    (folder / f"lease.{number}").write_text(json.dumps(holding))


class Clock:
    """A steady clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def beat(lease: Path, at: float) -> None:
    """What a heartbeat does, at whatever time the file server thinks it is."""
    os.utime(lease, (at, at))


def test_a_second_claim_is_refused_until_the_first_is_released(tmp_path):
    first = leases.claim(tmp_path)
    assert first is not None
    assert leases.claim(tmp_path) is None
    first.release()
    second = leases.claim(tmp_path)
    assert second is not None
    second.release()
    assert not list(tmp_path.iterdir())


def test_the_lease_of_a_dead_process_is_taken_over_at_once(tmp_path):
    leave(tmp_path, 1)
    with leases.claim(tmp_path) as lease:
        assert lease.path.name == "lease.2"


def test_a_process_number_used_again_does_not_keep_a_lease_alive(tmp_path):
    leave(tmp_path, 1, pid=os.getpid(), born="0")
    assert leases.holder(tmp_path) is None


def test_a_process_of_another_boot_or_container_is_not_looked_up_by_its_number(tmp_path):
    leave(tmp_path, 1, space="another")
    assert leases.claim(tmp_path) is None
    assert not replace(holders.here(), space="another", pid=dead()).gone


def test_a_lease_of_another_node_lives_by_its_heart(tmp_path, clock):
    leave(tmp_path, 1, host="elsewhere")
    hearts, began = heartbeats.Heartbeats(clock), (tmp_path / "lease.1").stat().st_mtime
    for second in range(0, 300, 5):
        clock.now += 5
        beat(tmp_path / "lease.1", began + second)
        assert leases.claim(tmp_path, hearts) is None
    clock.now += heartbeats.DEAD_SECONDS
    with leases.claim(tmp_path, hearts) as lease:
        assert lease.held


def test_one_look_never_takes_a_lease_over_however_old_it_seems(tmp_path, clock):
    """The file server's clock may have jumped."""
    leave(tmp_path, 1, host="elsewhere")
    beat(tmp_path / "lease.1", 0)
    hearts = heartbeats.Heartbeats(clock)
    assert leases.claim(tmp_path, hearts) is None
    assert leases.holder(tmp_path) is None  # for showing, it will do
    clock.now += heartbeats.QUIET_SECONDS
    with leases.claim(tmp_path, hearts) as lease:
        assert lease.held


@pytest.mark.parametrize("jump", [-1e6, -60.0, 60.0, 1e6])
def test_a_clock_that_jumps_takes_no_lease_from_the_living(tmp_path, clock, jump):
    leave(tmp_path, 1, host="elsewhere")
    hearts, at = heartbeats.Heartbeats(clock), (tmp_path / "lease.1").stat().st_mtime
    for second in range(0, 150, 5):
        clock.now += 5
        beat(tmp_path / "lease.1", at + second + (jump if second > 60 else 0))
        assert leases.claim(tmp_path, hearts) is None


@pytest.mark.parametrize("ahead", [-1e6, 1e6])
def test_the_dead_are_found_whatever_time_the_file_server_has(tmp_path, clock, ahead):
    leave(tmp_path, 1, host="elsewhere")
    beat(tmp_path / "lease.1", (tmp_path / "lease.1").stat().st_mtime + ahead)
    hearts = heartbeats.Heartbeats(clock)
    assert leases.claim(tmp_path, hearts) is None
    clock.now += heartbeats.DEAD_SECONDS
    with leases.claim(tmp_path, hearts) as lease:
        assert lease.held


def test_a_heart_that_falters_is_told_from_one_that_beats(tmp_path):
    leave(tmp_path, 1, host="elsewhere")
    hearts = heartbeats.Heartbeats()
    assert not leases.is_late(tmp_path, hearts)
    beat(
        tmp_path / "lease.1", (tmp_path / "lease.1").stat().st_mtime - 3 * leases.HEARTBEAT_SECONDS
    )
    assert leases.is_late(tmp_path, hearts)


def test_the_leases_of_the_dead_stay_until_the_work_is_done(tmp_path):
    leave(tmp_path, 1)
    leave(tmp_path, 2)
    with leases.claim(tmp_path) as lease:
        assert lease.number == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lease.1", "lease.2"]
    leases.remove_all(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_lease_that_was_succeeded_is_not_held(tmp_path):
    with leases.claim(tmp_path) as lease:
        assert lease.held
        leave(tmp_path, 2, host="elsewhere")
        assert not lease.held


def test_a_lease_cut_short_in_writing_counts_until_it_is_old(tmp_path, clock):
    (tmp_path / "lease.1").write_text('{"host": "a')
    hearts = heartbeats.Heartbeats(clock)
    assert leases.claim(tmp_path, hearts) is None
    clock.now += heartbeats.DEAD_SECONDS
    with leases.claim(tmp_path, hearts) as lease:
        assert lease.held


def _claims(folder: Path, start: object, won: object) -> None:
    start.wait()
    lease = leases.claim(folder)
    if lease is not None:
        won.append(os.getpid())
        start.wait()  # hold until all have tried
    else:
        start.wait()


def test_of_many_at_once_one_wins(tmp_path):
    context = multiprocessing.get_context("fork")
    with context.Manager() as manager:
        start, won = manager.Barrier(6), manager.list()
        claimers = [context.Process(target=_claims, args=(tmp_path, start, won)) for _ in range(6)]
        for process in claimers:
            process.start()
        for process in claimers:
            process.join()
        assert len(won) == 1

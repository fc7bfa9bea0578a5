"""Leases: one holder at a time, whatever happens to the others."""

import json
import multiprocessing
import os
import socket
import subprocess
import sys
from pathlib import Path

from study import leases


def dead() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def leave(folder: Path, number: int, **holder: object) -> None:
    told = {"host": socket.gethostname(), "pid": dead(), "born": "1", **holder}
    (folder / f"lease.{number}").write_text(json.dumps(told))


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


def test_a_lease_of_another_node_lives_by_its_heart(tmp_path):
    leave(tmp_path, 1, host="elsewhere")
    assert leases.claim(tmp_path) is None
    old = (tmp_path / "lease.1").stat().st_mtime - leases.DEAD - 1
    os.utime(tmp_path / "lease.1", (old, old))
    with leases.claim(tmp_path) as lease:
        assert lease.held


def test_a_lease_that_was_succeeded_is_not_held(tmp_path):
    with leases.claim(tmp_path) as lease:
        assert lease.held
        leave(tmp_path, 2, host="elsewhere")
        assert not lease.held


def test_a_lease_cut_short_in_writing_counts_until_it_is_old(tmp_path):
    (tmp_path / "lease.1").write_text('{"host": "a')
    assert leases.claim(tmp_path) is None
    os.utime(tmp_path / "lease.1", (0, 0))
    with leases.claim(tmp_path) as lease:
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

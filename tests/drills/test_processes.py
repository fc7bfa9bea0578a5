"""What happens to processes of one machine."""

import os
import shutil
import signal
import time
from pathlib import Path

import pytest

from study.store import leases
from tests.drills.conftest import STUDY, Ground, advanced, kill, until

pytestmark = [pytest.mark.slow, pytest.mark.drill, pytest.mark.timeout(1800)]
PARTS = Path(__file__).with_name("misbehaving.py")


def test_a_worker_killed_at_50_random_moments(ground, unharmed, moments):
    """Supervisors and workers alike, while starting, training, evaluating, saving."""
    ground = Ground(ground.folder, STUDY.replace("epochs: 8", "epochs: 50"))
    run, kills = ground.start("--workers", "2"), 0
    while kills < 50 and not ground.done():
        time.sleep(moments.uniform(0, 6))
        victims = [*ground.holders(), *ground.supervisors()]
        if victims:
            kill(moments.choice(victims))
            kills += 1
    status = run.wait()
    assert status == 0, (ground.folder / "run.log").read_text()
    unharmed(ground, times=kills)


def test_the_command_killed_while_its_workers_go_on(ground, unharmed):
    for _ in range(3):
        run = ground.start()
        advanced(ground)
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
        advanced(ground)
    ground.finish()
    unharmed(ground, times=3)


def test_ctrl_c_of_the_terminal_reaches_the_command_alone_and_it_stops_in_order(ground, unharmed):
    run = ground.start()
    advanced(ground)
    os.killpg(run.pid, signal.SIGINT)  # as a terminal does: to the whole group
    assert run.wait() == 130
    assert not list(ground.store.root.glob("trials/*/died-*"))
    assert not list(ground.store.root.glob("trials/*/lease.*"))
    ground.finish()
    unharmed(ground)


def test_a_worker_stopped_past_its_lease_and_woken(ground, unharmed):
    run = ground.start("--workers", "2")
    until(lambda: ground.epochs() > 1 and len(ground.holders()) == 2, "two workers")
    frozen = ground.holders()[0]
    trial = next(n for n in ground.trials if leases.latest(ground.store.trial(n))[1] == frozen)
    kill(frozen, signal.SIGSTOP)
    until(lambda: leases.latest(ground.store.trial(trial))[0] > 1, "a successor")
    kill(frozen, signal.SIGCONT)
    assert run.wait() == 0
    assert "stopped" in (ground.store.trial(trial) / "log.txt").read_text()
    unharmed(ground)


def test_two_commands_at_once(ground, unharmed):
    runs = [ground.start("--workers", "2") for _ in range(2)]
    most = 0
    while any(run.poll() is None for run in runs):
        most = max(most, len(ground.supervisors()))
        time.sleep(0.1)
    assert [run.returncode for run in runs] == [0, 0]
    assert most <= 2
    unharmed(ground)


def test_a_store_copied_while_at_work_and_continued_elsewhere(ground, unharmed, tmp_path):
    run = ground.start()
    until(lambda: ground.epochs() > 3, "progress")
    other = Ground(tmp_path / "copy")
    shutil.copytree(ground.store.root, other.store.root)
    other.finish()
    assert run.wait() == 0
    unharmed(other, name="a_store_copied_while_at_work: the copy")
    unharmed(ground, name="a_store_copied_while_at_work: the original")


SKEWED = """\
import os, time
now, spell = time.time, time.strftime
time.time = lambda: now() + float(os.environ["DRILL_SKEW"])
time.strftime = lambda form, at=None: spell(form, at or time.localtime(time.time()))
"""


def test_two_machines_whose_clocks_are_days_apart(ground, unharmed, tmp_path, monkeypatch):
    """All of Python on either sees another time; time stamps of files are the file server's."""
    (tmp_path / "sitecustomize.py").write_text(SKEWED)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    runs = [ground.start("--workers", "2", DRILL_SKEW=skew) for skew in ("-3e5", "2e5")]
    assert [run.wait() for run in runs] == [0, 0]
    monkeypatch.undo()
    unharmed(ground)


def test_the_file_servers_clock_jumps(ground, unharmed):
    """Time stamps of the leases jump by days while their hearts go on beating."""
    run = ground.start()
    jumps = 0
    for jump in (1e5, -1e5, 1e6):
        until(lambda: ground.holders() or ground.done(), "workers")
        for name in ground.trials:
            for lease in ground.store.trial(name).glob("lease.*"):
                at = lease.stat().st_mtime + jump
                os.utime(lease, (at, at))
                jumps += 1
        time.sleep(3)
    assert run.wait() == 0
    assert not list(ground.store.root.glob("trials/*/died-*"))
    unharmed(ground, times=jumps)


# ---- trials that misbehave ----


def misbehaving(folder: Path, how: str, times: int) -> Ground:
    """A study with an arm whose worker comes to grief so many times."""
    text = STUDY.replace("Avg: average", "Bad: bad").replace("epochs: 8", "epochs: 4")
    ground = Ground(folder, text, ("--import", str(PARTS)))
    ground.variables = {"DRILL": how, "DRILL_TIMES": str(times), "DRILL_LOG": str(folder / "bad")}
    return ground


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("crashes", "killed by SIGSEGV"),
        ("leaves", "exit status 7"),
        ("hangs", "it hung: no step for longer than --timeout"),
    ],
)
def test_a_trial_that_kills_its_worker_is_tried_again(tmp_path, unharmed, how, message):
    ground = misbehaving(tmp_path / how, how, times=2)
    output = ground.finish("--timeout", "20s")
    assert message in output
    unharmed(ground, times=2, name=f"a_trial_that_{how}")


@pytest.mark.parametrize(
    ("how", "message"), [("crashes", "killed by SIGSEGV"), ("hangs", "it hung")]
)
def test_a_trial_that_always_kills_its_worker_has_failed_and_no_other(tmp_path, how, message):
    ground = misbehaving(tmp_path / how, how, times=1000)
    ground.variables["DRILL_STEP"] = "3"  # before anything is saved
    output = ground.finish("--timeout", "20s", "--retries", "1", status=1)
    states = [ground.store.result(name) for name in ground.trials]
    assert sorted(state["state"] for state in states) == ["completed"] * 2 + ["failed"] * 2
    failed = next(state for state in states if state["state"] == "failed")
    assert failed["error"].startswith("2 workers died of it: " + message)
    assert any("misbehaving.py" in line for line in failed["log"])
    assert "2 trials failed" in output


CGROUP = Path("/sys/fs/cgroup/memory")


@pytest.mark.skipif(not os.access(CGROUP, os.W_OK), reason="needs a memory cgroup (v1) to write to")
def test_a_trial_that_eats_all_memory(tmp_path, unharmed):
    """In a group of 3 GB, so that it is this study's memory alone that runs out."""
    group = CGROUP / f"study-drill-{os.getpid()}"
    group.mkdir()
    try:
        (group / "memory.limit_in_bytes").write_text(str(3 << 30))
        ground = misbehaving(tmp_path / "eat", "eats all memory", times=1)
        run = ground.start("--workers", "1", "--threads", "1")
        (group / "cgroup.procs").write_text(str(run.pid))
        assert run.wait() == 0
        assert "out of memory" in (ground.folder / "run.log").read_text()
        unharmed(ground)
    finally:
        until(lambda: not (group / "cgroup.procs").read_text(), "the group to be empty", 60)
        group.rmdir()

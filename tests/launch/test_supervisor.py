"""How a worker ended, in words; and what that means for its trial."""

import signal
import subprocess
import sys

import pytest

from study.launch.deaths import Death, last_lines
from study.launch.supervisor import Supervisor
from study.store import holders, leases
from tests.launch.conftest import leave, ordered


@pytest.mark.parametrize(
    ("status", "oom", "log", "why"),
    [
        (-signal.SIGSEGV, False, [], "killed by SIGSEGV"),
        (-signal.SIGKILL, True, [], "out of memory"),
        (-signal.SIGKILL, False, [], "killed from outside (SIGKILL)"),
        (1, False, ["Timeout (0:00:05)!"], "it hung: no step for longer than --timeout"),
        (3, False, ["a", "ValueError: b"], "exit status 3: ValueError: b"),
        (3, False, [], "exit status 3"),
    ],
)
def test_a_death_is_told_in_words(status, oom, log, why):
    assert Death(status, 0, oom, log).why == why


def test_the_lines_kept_of_a_crash_begin_where_it_is_told(tmp_path):
    log = tmp_path / "log"
    log.write_text(
        "\n".join([*map(str, range(100)), "Fatal Python error: Segmentation fault", "x"])
    )
    assert last_lines(log) == ["Fatal Python error: Segmentation fault", "x"]
    log.write_text("\n".join(map(str, range(100))))
    assert last_lines(log) == [str(n) for n in range(80, 100)]
    assert last_lines(tmp_path / "none") == []


@pytest.fixture
def bereaved(store):
    """A supervisor whose child held the lease on a-0 when it died."""
    supervisor = Supervisor(ordered(store, ["a-0", "b-0"], retries=1))
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    leave(store, "a-0", 1, holders.process(child.pid))
    child.communicate(b"\n")
    supervisor.children = [child]
    return supervisor


def again(supervisor: Supervisor) -> None:
    """The next child takes the trial and dies of it, too."""
    number, _ = leases.latest(supervisor.store.trial("a-0"))
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    leave(supervisor.store, "a-0", number + 1, holders.process(child.pid))
    child.communicate(b"\n")
    supervisor.children = [child]


CRASH = Death(-signal.SIGSEGV, 0, False, ["Fatal Python error: Segmentation fault"])
KILLED = Death(-signal.SIGKILL, 0, False, [])


def test_a_trial_that_kills_its_worker_too_often_has_failed(bereaved):
    store = bereaved.store
    assert bereaved._record_death(CRASH)
    assert store.result("a-0") is None
    again(bereaved)
    assert bereaved._record_death(CRASH)
    result = store.result("a-0")
    assert result.state == "failed"
    assert result.error == "2 workers died of it: killed by SIGSEGV"
    assert result.log == ["Fatal Python error: Segmentation fault"]
    assert not list(store.trial("a-0").glob("lease.*"))
    store.retry("a-0")
    assert store.deaths("a-0") == []


def test_a_trial_is_not_blamed_for_what_was_done_to_its_worker(bereaved):
    for _ in range(5):
        assert bereaved._record_death(KILLED)
        again(bereaved)
    assert bereaved.store.deaths("a-0") == []


def test_deaths_before_the_last_finished_epoch_do_not_count(bereaved):
    assert bereaved._record_death(CRASH)
    (bereaved.store.trial("a-0") / "history.jsonl").write_text('{"epoch": 0}\n')
    again(bereaved)
    assert bereaved._record_death(CRASH)
    assert bereaved.store.result("a-0") is None


def test_a_child_without_a_trial_is_nobody_s_death(bereaved):
    leases.remove_all(bereaved.store.trial("a-0"))
    assert not bereaved._record_death(CRASH)


PATIENT = """\
import signal, sys
signal.signal(signal.SIGTERM, lambda *a: sys.exit(0))
print(1, flush=True)
signal.pause()
"""


def test_children_are_asked_to_stop_and_waited_for(store):
    supervisor = Supervisor(ordered(store, ["a-0"]))
    child = subprocess.Popen([sys.executable, "-c", PATIENT], stdout=subprocess.PIPE)
    with child.stdout:
        child.stdout.readline()
        supervisor.children = [child]
        supervisor.stop_and_wait(30)
    assert supervisor.stopping
    assert child.wait() == 0

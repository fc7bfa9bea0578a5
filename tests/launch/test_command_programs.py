"""Workers that real programs start: a shell, ssh, a queue that returns at once, GNU parallel."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from study.launch import command, job
from study.store.store import Store
from tests.conftest import ROOT, environment

pytestmark = pytest.mark.slow

SCRIPT = """\
import os, sys, time
where = os.path.join(os.environ["STUDY_FOLDER"], "..", "..", "..", "begun")
open(where, "a").write(sys.argv[1] + "\\n")
while os.environ.get("WAITS") and not os.path.exists(os.environ["WAITS"]):
    time.sleep(0.05)
print("loss:", sys.argv[1])
"""
STUDY = """\
task: program
question: Where does it run?
baseline:
  run: [python, train.py, "{seed}"]
  code: [train.py]
  args: {}
factors:
  env.SIZE: {Small: "1", Large: "2"}
metrics:
  loss: {label: Loss, better: lower, from: {stdout: 'loss: (\\S+)'}}
seeds: 2
columns: [loss]
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a study, whose name a shell would split."""
    folder = tmp_path / "it's a folder"
    folder.mkdir()
    (folder / "train.py").write_text(SCRIPT)
    (folder / "x.yaml").write_text(STUDY)
    return folder


def start(place: Path, submit: str, *words: str, **variables: str) -> "subprocess.Popen[str]":
    flags = ["--on", "command", "--submit", submit, "--no-speed", "--progress", "plain", *words]
    return subprocess.Popen(
        [sys.executable, "-m", "study", "run", "x.yaml", *flags],
        cwd=place,
        env=environment(**variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finished(process: "subprocess.Popen[str]") -> str:
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    return output


def states(place: Path) -> list[str]:
    results = Store(place / "results").root.glob("trials/*/result.json")
    return [json.loads(file.read_text())["state"] for file in results]


def executable(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_a_shell_starts_workers(place):
    finished(start(place, "sh -c {worker}", "--workers", "2"))
    assert states(place) == ["completed"] * 4
    (folder, _), *_ = job.jobs(Store(place / "results"))
    assert sorted(path.name for path in (folder / command.WORKERS).iterdir()) == ["0", "1"]


def test_a_program_that_joins_its_arguments_as_ssh_does_keeps_the_quotes(place, tmp_path):
    """A worker has nothing of the shell that asked for it but what its job says."""
    # ssh joins its words by spaces, and a login shell in another folder reads them.
    line = 'cd / && exec env -i HOME="$HOME" PYTHONPATH="$PYTHONPATH" sh -c "$*"\n'
    ssh = executable(tmp_path / "ssh", f"#!/bin/sh\nshift\n{line}")
    finished(start(place, f"{ssh} gpu1 {{worker}}"))
    assert states(place) == ["completed"] * 4


def test_a_queue_that_returns_at_once_leaves_its_worker_alone(place, tmp_path):
    """The program has ended long before its worker begins, which no process of ours has started."""
    words = 'shift; setsid sh -c "sleep 1; $*" > /dev/null 2>&1 < /dev/null &\n'
    kubectl = executable(tmp_path / "kubectl", f"#!/bin/sh\n{words}echo pod/$1 created\n")
    finished(start(place, f"{kubectl} {{name}} {{worker}}", "--workers", "2"))
    assert states(place) == ["completed"] * 4
    (folder, _), *_ = job.jobs(Store(place / "results"))
    assert "created" in (folder / "logs" / "submit-0.log").read_text()


@pytest.mark.skipif(not shutil.which("parallel"), reason="needs GNU parallel")
@pytest.mark.parametrize(
    "submit", ["parallel ::: {worker}", 'sh -c \'printf "%s\\n" "$0" | parallel\' {worker}']
)
def test_gnu_parallel_starts_workers(place, submit):
    finished(start(place, submit))
    assert states(place) == ["completed"] * 4


def test_a_worker_that_is_killed_is_replaced_and_nothing_is_doubled(place, tmp_path):
    kubectl = executable(
        tmp_path / "kubectl", '#!/bin/sh\nsetsid sh -c "exec $1" > /dev/null 2>&1 < /dev/null &\n'
    )
    go = tmp_path / "go"
    process = start(place, f"{kubectl} {{worker}}", WAITS=str(go))
    store = Store(place / "results")
    for line in process.stdout:
        if " start " in line:
            break
    (folder, _), *_ = job.jobs(store)
    (worker,) = command.alive(folder).values()
    os.kill(worker.pid, signal.SIGKILL)
    go.touch()
    finished(process)
    assert states(place) == ["completed"] * 4
    assert command.submitted(folder) == ["0"]  # in the place of the one that was killed


# ---- a real sshd ----


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def ssh(tmp_path: Path) -> Iterator[str]:
    """The words that reach this machine through a server of ssh of its own."""
    server = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")
    if not server or not shutil.which("ssh"):
        pytest.skip("needs ssh and sshd")
    for name in ("host", "own"):
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / name)]
        subprocess.run(words, check=True)
    shutil.copy(tmp_path / "own.pub", tmp_path / "authorized")
    port = free_port()
    settings = {
        "Port": port,
        "ListenAddress": "127.0.0.1",
        "HostKey": tmp_path / "host",
        "AuthorizedKeysFile": tmp_path / "authorized",
        "StrictModes": "no",
        "PidFile": "none",
        # As the package need not be installed here.
        "SetEnv": f'"PYTHONPATH={ROOT}"',
    }
    (tmp_path / "config").write_text("".join(f"{k} {v}\n" for k, v in settings.items()))
    with (tmp_path / "log").open("wb") as log:
        words = [server, "-D", "-e", "-f", str(tmp_path / "config")]
        process = subprocess.Popen(words, stderr=log)
    options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "ConnectionAttempts=30"]
    chosen = " ".join(f"-o {option}" for option in options)
    client = f"ssh -q -i {tmp_path / 'own'} -p {port} {chosen} 127.0.0.1"
    tried = subprocess.run([*client.split(), "true"], stdin=subprocess.DEVNULL, timeout=60)
    if tried.returncode:
        process.kill()
        process.wait()
        pytest.skip("sshd does not work here")
    yield client
    process.terminate()
    process.wait()


def test_ssh_to_this_machine_starts_workers(place, ssh):
    finished(start(place, f"{ssh} {{worker}}"))
    assert states(place) == ["completed"] * 4

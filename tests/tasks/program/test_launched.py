"""Programs that start processes of their own by torchrun or accelerate, on the CPU."""

import os
from importlib.util import find_spec

import pytest

from study.trial.callbacks import Callbacks, Stopped
from tests.tasks.program.test_frameworks import DISTRIBUTED, FILE, results

PORTS = DISTRIBUTED.replace("study.tell(", 'study.tell(port=int(os.environ["MASTER_PORT"]), ')
RUN = """\
import os, pathlib, signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path(os.environ["LOCAL_RANK"]).with_suffix(".pid").write_text(str(os.getpid()))
while True:
    signal.pause()
"""
ACCELERATE = """\
import sys, torch, study
from accelerate import Accelerator
accelerator = Accelerator(cpu=True)
total = accelerator.reduce(torch.tensor(accelerator.process_index + 1.0))
study.tell(loss=float(total) * float(sys.argv[1]) + int(sys.argv[2]))
accelerator.end_training()
"""


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.slow
def test_two_torchruns_at_once_have_ports_of_their_own(study, tmp_path, monkeypatch):
    text = FILE.replace("metrics: {", "metrics: {port: {better: lower}, ")
    monkeypatch.setattr("tests.tasks.program.test_frameworks.FILE", text)
    flags = ("--on", "local", "--workers", "2", "--devices", "2")
    words = 'torchrun, --nproc-per-node, "{devices}"'
    ended = results(study, tmp_path, PORTS, words=words, flags=flags)
    assert sorted(result.metrics["loss"] for result in ended) == pytest.approx([0.03, 0.3])
    assert len({result.metrics["port"] for result in ended}) == 2


@pytest.mark.slow
def test_a_torchrun_that_is_stopped_leaves_no_process(attempt, tmp_path):
    work = tmp_path / "results" / "trials" / "t-3" / "work"
    words = ["torchrun", "--nproc-per-node", "2", "train.py"]
    callbacks = Callbacks(stop=lambda: len([*work.glob("*.pid")]) == 2)
    metrics = {"x": {"reader": "tell", "source": "", "key": "x", "last": 1}}
    with pytest.raises(Stopped):
        attempt(RUN, callbacks, program={"run": words, "metrics": metrics}, notice=1.0)
    pids = [int(path.read_text()) for path in work.glob("*.pid")]
    assert len(pids) == 2
    assert not any(map(alive, pids))


@pytest.mark.slow
@pytest.mark.skipif(find_spec("accelerate") is None, reason="accelerate is not installed")
def test_accelerate_starts_a_process_for_every_device(study, tmp_path):
    words = 'accelerate, launch, --multi_gpu, --num_processes, "{devices}", --num_machines, 1, '
    words += '--mixed_precision, "no", --dynamo_backend, "no", --main_process_port, "{port}"'
    flags = ("--on", "local", "--devices", "2")
    ended = results(study, tmp_path, ACCELERATE, words=words, flags=flags)
    assert sorted(result.metrics["loss"] for result in ended) == pytest.approx([0.03, 0.3])

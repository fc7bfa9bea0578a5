"""A small program, and studies of it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from study.store.records import TrialRecord
from study.store.store import Store
from study.tasks.program import code
from study.tasks.program.trial.run import run
from study.trial.callbacks import NOBODY, Callbacks
from study.trial.group import Alone
from study.trial.running import Finished, RunningTrial

PROGRAM = """\
import argparse
import random

parser = argparse.ArgumentParser()
parser.add_argument("--rate", type=float)
parser.add_argument("--seed", type=int)
args = parser.parse_args()
random.seed(args.seed)
loss = 3.0
for step in range(1, 6):
    loss *= args.rate + 0.1 * random.random()
    print(f"step:{step} loss:{loss:.6f}")
"""

FILE = """\
task: program
question: Does a lower rate help?
baseline:
  run: [python, train.py, --rate, "{rate}", --seed, "{seed}"]
  code: [train.py]
  args: {rate: 0.5}
factors:
  args.rate: {half: 0.5, fifth: 0.2}
metrics:
  loss: {better: lower, digits: 4, from: {stdout: 'loss:([\\d.]+)'}}
seeds: 3
columns: [loss, seconds, peak_memory]
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """The study file, beside the program."""
    (tmp_path / "train.py").write_text(PROGRAM)
    path = tmp_path / "rates.yaml"
    path.write_text(FILE)
    return path


@pytest.fixture
def attempt(tmp_path: Path) -> Callable[..., Finished]:
    """Runs one attempt at a trial of a script, as a worker does; the same trial every time."""
    root, store = tmp_path / "source", Store(tmp_path / "results")
    root.mkdir()
    store.trial("t-3").mkdir(parents=True)

    def run_once(script: str = "", callbacks: Callbacks = NOBODY, **keys: object) -> Finished:
        files = {"train.py": script, **keys.pop("files", {})}
        for name, text in files.items():
            (root / name).write_text(text)
        copied = keys.pop("copied", files)
        digests = code.digests(root, copied)
        record = {
            "task": "program",
            "seed": 3,
            "root": str(root),
            "notice": keys.pop("notice", 20.0),
            "inputs": keys.pop("inputs", []),
            "resumes": keys.pop("resumes", False),
            "config": {
                "program": {"run": ["python", "train.py"], "metrics": {"x": REPORTED}}
                | keys.pop("program", {}),
                "code": digests,
                "args": keys.pop("args", {}),
                "env": keys.pop("env", {}),
            },
        }
        assert not keys
        code.keep(root, digests, tmp_path)
        device = "cpu"
        trial = RunningTrial(
            *(store, "t-3", TrialRecord.checked(record), device, callbacks, Alone(), 1),
            jobs=[tmp_path],
        )
        return run(trial, threads=2)

    return run_once


REPORTED = {"reader": "tell", "source": "", "key": "x", "last": 1}

"""A small program, and studies of it."""

from pathlib import Path

import pytest

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

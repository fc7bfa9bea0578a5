"""study run --twice: one trial repeated in a folder of its own."""

import pytest

from tests.tasks.program.conftest import PROGRAM

RANDOM = (
    "import random, study\nstudy.tell(step=1, loss=1)\nstudy.tell(step=2, loss=random.random())\n"
)


@pytest.mark.heavy
def test_a_trial_that_comes_out_the_same(inside, program, tmp_path):
    done = inside("run", program, "--twice", "--on", "inline")
    assert done.returncode == 0, done.stderr
    assert "half, seed 0" in done.stdout
    assert "came out the same to the last bit: Loss" in done.stdout
    # It counts once: the other trials are still to run, and the repeat is none of them.
    assert len([*(tmp_path / "results" / "trials").iterdir()]) == 1
    assert "completed 1  pending 5" in inside("status", program).stdout


@pytest.mark.heavy
def test_by_how_much_a_trial_differs(inside, program, tmp_path):
    (tmp_path / "train.py").write_text(RANDOM)
    program.write_text(program.read_text().replace(", from: {stdout: 'loss:([\\d.]+)'}", ""))
    done = inside("run", program, "--twice", "--on", "inline")
    assert done.returncode == 0, done.stderr
    assert "half, seed 0" in done.stdout
    assert "did not come out the same\n  Loss: 0." in done.stdout
    assert ", by " in done.stdout
    assert "learning curves differ from row 2 on" in done.stdout
    first = (tmp_path / "results").glob("trials/*/result.json")
    before = next(first).read_text()
    inside("run", program, "--twice", "--on", "inline")  # again, of another chance
    assert [p.read_text() for p in (tmp_path / "results").glob("trials/*/result.json")] == [before]


@pytest.mark.heavy
def test_a_trial_that_fails_is_said(inside, program, tmp_path):
    (tmp_path / "train.py").write_text(PROGRAM + "1 / 0\n")
    done = inside("run", program, "--twice", "--on", "inline")
    assert done.returncode == 2
    assert "half, seed 0 failed: TrialError: exit status 1: ZeroDivisionError" in done.stderr

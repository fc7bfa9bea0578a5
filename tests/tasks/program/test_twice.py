"""study run --twice: one trial repeated in a folder of its own."""

from pathlib import Path

import pytest

from study.api.request import StudyRequest
from study.api.twice import Repeated
from study.cli.twice import lines
from study.store.records import Environment, Result, TrialConfig
from tests.plan.measured.conftest import METRICS, ROWS, STUDY
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
    assert done.returncode == 1, done.stderr
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
    assert "half, seed 0 failed: exit status 1: ZeroDivisionError" in done.stderr


@pytest.mark.parametrize(
    ("flags", "refused"),
    [
        (["--budget", "1h"], "leave --budget out"),
        (["--track", "tensorboard"], "leave --track out"),
        (["--no-speed"], "leave --no-speed out"),
        (["--dry-run"], "leave --dry-run out"),
    ],
)
def test_an_option_that_would_do_nothing_is_refused(inside, program, tmp_path, flags, refused):
    done = inside("run", program, "--twice", "--on", "inline", *flags)
    assert done.returncode == 2
    assert refused in done.stderr
    assert not (tmp_path / "results").exists()


def test_a_result_that_is_read_from_a_file_is_not_run(inside, tmp_path):
    (tmp_path / "runs.csv").write_text(ROWS)
    (tmp_path / "x.yaml").write_text(STUDY.format(measured="runs.csv", metrics=METRICS, more=""))
    done = inside("run", "x.yaml", "--twice", "--on", "inline")
    assert done.returncode == 2
    assert "are read from runs.csv: no trial is run" in done.stderr
    assert not [*tmp_path.glob("results/trials/*")]


def test_circumstances_that_differ_are_said_of_results_that_do_not(program):
    same, other = (result("a", 1.0), result("b", 1.0)), (result("a", 1.0), result("b", 2.0))
    plan, _ = StudyRequest(program, None, (), program.parent / "results").plan()
    texts = [
        lines(plan, Repeated("half", 0, "t-0", Path("x"), *pair, ["loss"]))
        for pair in (same, other)
    ]
    assert "  the two runs differed in machine" in texts[0]
    assert "  the two runs differed in machine as well" in texts[1]


def result(machine: str, loss: float) -> Result:
    environment = Environment(machine=machine)
    return Result(
        format=1,
        trial="t-0",
        state="completed",
        config=TrialConfig(),
        metrics={"loss": loss},
        environment=environment,
    )

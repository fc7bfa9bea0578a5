"""Programs that exit with "saved, call me again": called again while they advance."""

import pytest

from study.tasks.program.trial import advance
from study.trial.running import TrialError
from tests.tasks.program.test_run import reading

IDLE = {
    "prints": ("import time\nprint('saved', time.time())", reading("tell")),
    "prints an old value": ("print('x 1')", reading("stdout", r"x (\S+)")),
    "prints an old step": (
        "print('step 5 x 1')",
        reading("stdout", r"step (?P<step>\d+) x (?P<value>\S+)"),
    ),
    "reports an old value": ("import study\nstudy.tell(step=1, x=1)", reading("tell")),
}


@pytest.mark.parametrize(("script", "program"), IDLE.values(), ids=IDLE)
def test_output_without_a_new_value_is_no_advance(attempt, script, program):
    program = {"run": ["python", "train.py"]} | program
    with pytest.raises(TrialError, match="4 times in a row without a new value"):
        attempt(f"{script}\nraise SystemExit(75)", resumes=True, program=program)


def test_a_new_file_of_every_attempt_is_no_advance_for_ever(attempt, monkeypatch):
    monkeypatch.setattr(advance, "SHORT_CALLS", 6)
    script = "import uuid\nopen(f'log-{uuid.uuid4()}', 'w').close()\nraise SystemExit(75)"
    with pytest.raises(TrialError, match="6 times in a row within 5 s, without a new value"):
        attempt(script, resumes=True)


def test_new_values_are_an_advance_however_short_the_attempts_are(attempt, monkeypatch):
    monkeypatch.setattr(advance, "SHORT_CALLS", 2)
    script = (
        "import os, study\nn = len(os.listdir('.'))\nopen(f'state{n}', 'w').close()\n"
        "study.tell(step=n, x=n)\nraise SystemExit(75 if n < 8 else 0)"
    )
    assert attempt(script, resumes=True).metrics["x"] == 8

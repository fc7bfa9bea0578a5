"""study run: the sentences at the end of a run that was interrupted."""

from pathlib import Path

import pytest

from study.api.request import StudyRequest
from study.cli import INTERRUPTED
from study.cli.endings import interrupted
from study.launch.machine import Machine


@pytest.mark.parametrize(
    ("on", "sentence"),
    [
        ("local", "stopped at once; continue with: study run x.yaml"),
        ("slurm", "no longer waiting; to stop the workers: study cancel x.yaml"),
        ("command", "workers on other machines stop after their step; continue with"),
    ],
)
def test_what_has_stopped_at_a_second_interruption_is_said(capsys, monkeypatch, on, sentence):
    monkeypatch.setenv("COLUMNS", "200")
    request = StudyRequest(Path("x.yaml"), None, (), Path("results"))
    machine = Machine(on=on, workers=1, device="cpu", threads=1)
    assert interrupted(request, machine, "study run x.yaml") == INTERRUPTED
    assert sentence in capsys.readouterr().err

"""The status of a study: its trials, how far they are, and the time to come."""

import io
import re

import pytest
from rich.console import Console

from study.api.request import StudyRequest
from study.cli.progress import LiveDisplay
from study.cli.status_table import status_table, time_left, trial_rows
from study.launch import Event
from study.store.records import EpochRow
from tests.cli.terminals import shown

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture
def planned(tiny, inside):
    assert inside("plan", tiny, "--on", "inline").returncode == 0
    return StudyRequest(tiny, None, (), tiny.parent / "results").plan()


def test_the_status_says_how_many_epochs_are_done(inside, tiny):
    done = inside("status", tiny)
    assert "0 % of 8 epochs" in done.stdout
    assert "━" not in done.stdout.splitlines()[-1]


@pytest.mark.heavy
@pytest.mark.parametrize("columns", [40, 80, 120])
def test_every_column_of_the_status_is_shown(tiny, planned, columns):
    text = ESCAPE.sub("", shown(["status", "tiny.yaml"], tiny.parent, columns))
    assert max(map(len, text.splitlines())) <= columns
    assert {"arm", "seed", "trial", "state", "where", "epoch", "updated"} <= {*text.split()}


def test_the_time_that_is_left_is_unknown_before_a_result(planned):
    assert time_left(*planned, trial_rows(*planned)) == ""


def test_a_bar_is_drawn_on_a_terminal(planned):
    console = Console(file=io.StringIO(), width=80, force_terminal=True)
    rows = trial_rows(*planned)
    console.print(status_table(planned[0], rows, "none", "about 5 min left", bar=True))
    assert "━" in console.file.getvalue().splitlines()[-1]
    assert "0 % of 8 epochs, about 5 min left" in console.file.getvalue()


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_the_display_of_a_run_fits_its_terminal(planned, columns):
    display = LiveDisplay(*planned, clock=lambda: 0.0)
    trial = planned[0].missing[0].name
    row = EpochRow(epoch=0, loss=1.5, top1=0.25)
    display.update([Event("start", trial), Event("epoch", trial, row=row)])
    console = Console(file=io.StringIO(), width=columns, force_terminal=True, color_system=None)
    console.print(display)
    text = console.file.getvalue()
    assert max(map(len, text.splitlines())) <= columns
    assert "…" not in text
    assert {"epoch", "1/2", "0/4", "25.00"} <= {*text.split()}
    assert display.title.startswith("0/4 tiny")

"""The time that a timing session will take is announced, and is right once rounds have ended."""

from collections.abc import Iterator

import pytest

from study.api.request import StudyRequest
from study.cli.bench_time import TimeToTake


@pytest.fixture
def plan(tiny, inside):
    assert inside("plan", tiny, "--on", "inline").returncode == 0
    return StudyRequest(tiny, None, (), tiny.parent / "results").plan()[0]


def rounds(plan, times: Iterator[float], total: int) -> None:
    announced = TimeToTake(plan, clock=lambda: next(times))
    for done in range(total):
        announced.round(done, total)


def test_a_session_that_takes_longer_is_announced(plan, capsys):
    rounds(plan, iter(range(0, 400, 4)), 10)
    text = capsys.readouterr().err
    assert "timing 2 models for about 15 s" in text
    assert text.count("10 rounds take about 40 s, more than --seconds 15") == 1


def test_a_session_that_keeps_its_time_is_not(plan, capsys):
    rounds(plan, iter(range(400)), 10)
    assert "more than" not in capsys.readouterr().err

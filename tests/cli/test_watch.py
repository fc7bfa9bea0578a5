"""Watching a report: `study report --watch`."""

import signal
from contextlib import suppress
from pathlib import Path

import pytest

from study.cli import report


def test_an_interrupt_that_a_library_swallows_ends_the_watching_all_the_same():
    before = signal.getsignal(signal.SIGINT)
    interrupted = report._interruption()
    with suppress(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    signal.signal(signal.SIGINT, before)
    with pytest.raises(KeyboardInterrupt):
        report._watch([], [], Path("reports"), html=False, interrupted=interrupted)

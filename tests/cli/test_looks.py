"""Commands that look again and again end with Ctrl-C."""

import signal
from contextlib import suppress

import pytest

from study.cli.looks import looks


@pytest.fixture(autouse=True)
def _handler():
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


def test_looks_go_on_until_an_interrupt():
    again = looks(0.0)
    next(again)
    next(again)
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_an_interrupt_that_a_library_swallows_ends_the_looks_all_the_same():
    again = looks(0.0)
    with suppress(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        next(again)

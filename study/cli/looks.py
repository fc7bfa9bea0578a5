"""Repeated looks at results, until Ctrl-C."""

import signal
import threading
from collections.abc import Iterator


def looks(seconds: float) -> Iterator[None]:
    """An iterator that waits before every item. Ctrl-C ends it, even if it came before the first.

    Each look plans the study again and imports as it goes. A bare `except` of a library may swallow
    the interrupt there; it is remembered, and raised at the next wait.
    """
    interrupted = threading.Event()

    def interrupt(number: int, frame: object) -> None:
        interrupted.set()
        raise KeyboardInterrupt

    # At once, not at the first wait: an iterator that has not begun would run nothing.
    signal.signal(signal.SIGINT, interrupt)
    return _waits(interrupted, seconds)


def _waits(interrupted: threading.Event, seconds: float) -> Iterator[None]:
    while not interrupted.wait(seconds):
        yield
    raise KeyboardInterrupt

"""The title of a terminal's tab: progress of the work, while it goes on."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from study.text import printable

SAVE, RESTORE = "\x1b[22;2t", "\x1b[23;2t"
"""Escapes of xterm that put the title on a stack and take it back; other terminals ignore them."""
UNTITLED = ("", "dumb", "linux")
"""Values of TERM of terminals that have no title, of which some would print the escape."""


@contextmanager
def tab_title() -> Iterator[Callable[[str], None]]:
    """A function that sets the title; without effect where stderr is no terminal."""
    if not sys.stderr.isatty() or os.environ.get("TERM", "") in UNTITLED:
        yield lambda text: None
        return
    # Taken now, since a live display puts its own stream there; the guarded one escapes escapes.
    stream = getattr(sys.stderr, "outlet", sys.stderr)

    def write(escape: str) -> None:
        stream.write(escape)
        stream.flush()

    write(SAVE)
    try:
        yield lambda text: write(_titled(text))
    finally:
        # Empty first: a terminal without that stack shows its own default again.
        write(_titled("") + RESTORE)


def _titled(text: str) -> str:
    # OSC 2, ended by BEL; a name with a control character would end it early.
    return f"\x1b]2;{printable(text)}\x07"

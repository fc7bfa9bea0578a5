"""The edge at which text leaves: what a terminal may not obey, cannot show, or does not take."""

import codecs
import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from study.text import visible

PLAIN = {
    "−": "-",
    "–": "-",
    "—": "-",
    "─": "-",
    "━": "=",
    "│": "|",
    "±": "+-",
    "×": "x",
    "≈": "~",
    "Δ": "D",
    "●": "*",
    "▸": ">",
    "·": "-",
    "…": "...",
    "²": "^2",
    "→": "->",
}
"""Substitutes for our characters that an encoding lacks; other characters become escapes."""


# Neither is an OSError: at a broken pipe click and rich end the process with their own status.
class UnreadError(Exception):
    """The reader of the output has ended, as the next command of a pipe may."""


class UnwrittenError(Exception):
    """The output cannot be written, for a reason that the user should know."""


class Outlet(io.TextIOBase):
    """A stream whose failures are errors of this module, which no library takes for its own.

    Messages (`strict` is False) are dropped where nobody can read them: work never ends for them.
    """

    def __init__(self, stream: TextIO | None, *, strict: bool) -> None:
        self.stream, self.strict = stream, strict

    @property
    def encoding(self) -> str:  # type: ignore[override]
        # A StringIO, as in tests, has the encoding None.
        return getattr(self.stream, "encoding", None) or "utf-8"

    def write(self, text: str) -> int:
        try:
            if self.stream is None:
                raise OSError(errno.EBADF, "it is closed")
            if text:  # click tries a stream with nothing, and hides what comes of it
                self.stream.write(text)
        except OSError as error:
            self._lost(error)
        return len(text)

    def flush(self) -> None:
        try:
            if self.stream is not None:
                self.stream.flush()
        except OSError as error:
            self._lost(error)

    def _lost(self, error: OSError) -> None:
        if self.stream is not None:  # what is left in the buffer is not tried again at the end
            with open(os.devnull, "w") as nowhere:
                os.dup2(nowhere.fileno(), self.stream.fileno())
        if self.strict and error.errno == errno.EPIPE:
            # A pipe whose reader has ended, as behind `| head`.
            raise UnreadError from None
        if self.strict:
            raise UnwrittenError(f"cannot write to stdout: {error.strerror or error}") from None

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return self.stream is not None and self.stream.isatty()

    def fileno(self) -> int:
        if self.stream is None:
            # The error of Python's own streams without a number, which libraries expect.
            raise io.UnsupportedOperation("fileno")
        return self.stream.fileno()


class EscapedText(Outlet):
    """A stream for text that is not known to be harmless: control characters come out as escapes.

    A carriage return at the start of a write is let through: progress of downloads begins so.
    """

    encoding = "utf-8"  # click would look for another stream else

    @property
    def outlet(self) -> Outlet:
        """The same for rich, which writes escapes of its own."""
        return Outlet(self.stream, strict=self.strict)

    def write(self, text: str | bytes) -> int:
        text = text.decode() if isinstance(text, bytes) else text  # completions, by click
        begins = "\r" if text.startswith("\r") else ""
        super().write(begins + visible(text[len(begins) :]))
        return len(text)


@contextmanager
def checked_streams() -> Iterator[None]:
    """Inside, whatever is printed on stdout and stderr is safe for a terminal."""
    _opened()
    # Replaces only what the encoding of the stream lacks; UTF-8 passes unchanged.
    codecs.register_error("plain", _plain)
    # Messages on stderr are not strict: work goes on without a reader.
    before = sys.stdout, sys.stderr
    for stream in before:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="plain")
    sys.stdout, sys.stderr = (
        EscapedText(before[0], strict=True),
        EscapedText(before[1], strict=False),
    )
    try:
        yield
        # Buffered text meets a full disk only now, where it can still be reported.
        sys.stdout.flush()
    finally:
        sys.stdout, sys.stderr = before


def _opened() -> None:
    """Take the places of closed standard streams: the next file would get the number of one."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number, which is this one


def _plain(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    texts = (PLAIN.get(c) or c.encode("unicode_escape").decode() for c in lacking)
    return "".join(texts), error.end

"""Commands on a terminal of a given width."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path

from tests.conftest import environment


def shown(words: list[object], folder: Path, columns: int = 80, **variables: str) -> str:
    """The output of `study ...` on a terminal, stdout and stderr together, with its escapes."""
    return output(["-m", "study", *map(str, words)], folder, columns, **variables)


def output(words: list[str], folder: Path, columns: int = 80, **variables: str) -> str:
    """The output of `python ...` on a terminal."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    # Without those of the process that tests, which rich would believe rather than the terminal.
    settings = {"TERM": "xterm-256color", "COLUMNS": "", "LINES": "", **variables}
    process = subprocess.Popen(
        [sys.executable, *words],
        cwd=folder,
        env={k: v for k, v in environment(**settings).items() if v},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    output = b""
    while chunk := _read(ours):
        output += chunk
    os.close(ours)
    process.wait()
    return output.decode("utf-8").replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # how Linux says that no process has it open any more
        return b""

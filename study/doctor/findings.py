"""The scope of a check and the findings it yields."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from study.spec.vocabulary import Vocabulary
from study.store.store import Store

TIMEOUT = 15.0  # seconds for another program to answer


@dataclass(frozen=True)
class Scope:
    """Study files, the names that they may use, and the store of their results."""

    files: tuple[Path, ...]
    vocabulary: Vocabulary
    store: Store
    check_images: bool = False
    """Decode every image."""
    tick: Callable[[int, int], object] = lambda done, total: None
    """Called with the number of images decoded and their total."""

    @property
    def existing(self) -> Path:
        """The store, or its nearest parent folder that exists."""
        root = self.store.root.absolute()
        # The root of the file system always exists, so there is a first one.
        return next(path for path in (root, *root.parents) if path.exists())


@dataclass(frozen=True)
class Finding:
    """One result of a check.

    Levels: ok; note (unusual but harmless); miss (something is absent that only some studies need);
    fail.
    """

    level: Literal["ok", "note", "miss", "fail"]
    message: str
    step: str = ""
    """The next step for the user."""


def ok(message: str) -> Finding:
    return Finding("ok", message)


def note(message: str, step: str = "") -> Finding:
    return Finding("note", message, step)


def miss(message: str, step: str) -> Finding:
    return Finding("miss", message, step)


def fail(message: str, step: str) -> Finding:
    return Finding("fail", message, step)


def answer(*command: str) -> tuple[bool, str]:
    """Runs another program: (it succeeded, its output or its error)."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT)
    except (OSError, subprocess.TimeoutExpired) as error:
        return False, str(error)
    return done.returncode == 0, (done.stdout if done.returncode == 0 else done.stderr).strip()

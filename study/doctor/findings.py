"""What a check looks at, and what it may find."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from study.parse import Vocabulary
from study.store import Store

ANSWER = 15.0  # seconds that another program has to answer in


@dataclass(frozen=True)
class Case:
    """Study files, the words that they may use, and where their results would go."""

    files: tuple[Path, ...]
    vocabulary: Vocabulary
    store: Store
    check_images: bool = False
    """Decode every image."""
    tick: Callable[[int, int], object] = lambda done, total: None
    """Given the images done, and how many there are."""

    @property
    def place(self) -> Path:
        """The store, or the nearest folder above it that is there."""
        root = self.store.root.absolute()
        return next(path for path in (root, *root.parents) if path.exists())


@dataclass(frozen=True)
class Finding:
    """ok; note (odd, and harmless); miss (something is absent that not all need); fail."""

    level: Literal["ok", "note", "miss", "fail"]
    said: str
    step: str = ""
    """What to do next."""


def ok(said: str) -> Finding:
    return Finding("ok", said)


def note(said: str, step: str = "") -> Finding:
    return Finding("note", said, step)


def miss(said: str, step: str) -> Finding:
    return Finding("miss", said, step)


def fail(said: str, step: str) -> Finding:
    return Finding("fail", said, step)


def answer(*words: str) -> tuple[bool, str]:
    """Whether another program did what it was asked, and what it said."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=ANSWER)
    except (OSError, subprocess.TimeoutExpired) as error:
        return False, str(error)
    return done.returncode == 0, (done.stdout if done.returncode == 0 else done.stderr).strip()

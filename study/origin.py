"""Whose code this is: its commit, what differs from it, and a digest of all of it."""

import subprocess
from functools import cache
from pathlib import Path

from study import imports
from study.files import Record, read

PACKAGE = Path(__file__).parent
ORIGIN = "origin.json"
"""Beside a copy of the package: what was known when it was made."""


@cache
def origin() -> Record:
    """`commit` and whether the package is `dirty`, both null outside a repository; its `digest`."""
    if (copied := read(PACKAGE.parent / ORIGIN)) is not None:
        return copied
    tracked = git("ls-files", "--error-unmatch", "__init__.py") is not None
    commit = git("rev-parse", "HEAD") if tracked else None
    changed = git("status", "--porcelain", "--", ".") if tracked else None
    return {
        "commit": commit.strip() if commit else None,
        "dirty": bool(changed.strip()) if changed is not None else None,
        "digest": imports.digest(PACKAGE),
    }


def git(*words: str) -> str | None:
    """What git says of the package; none where there is no git, or no repository."""
    try:
        done = subprocess.run(
            ["git", "-C", str(PACKAGE), *words], capture_output=True, text=True, errors="replace"
        )
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None

"""Whose code this is: its commit, what differs from it, and digests of it."""

import hashlib
import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

from study.files import Record, read

PACKAGE = Path(__file__).parent
ORIGIN = "origin.json"
"""Beside a copy of the package: what was known when it was made."""

COMPUTING = ("data", "given.py", "models", "run.py", "schema", "seeding.py", "train")
"""What the numbers of a result come from."""


@cache
def origin() -> Record:
    """`commit` and whether the package is `dirty`, both null outside a repository; `digest` of all
    of it, and `computing` of what results come from."""
    if (copied := read(PACKAGE.parent / ORIGIN)) is not None:
        return copied
    tracked = git("ls-files", "--error-unmatch", "__init__.py") is not None
    commit = git("rev-parse", "HEAD") if tracked else None
    changed = git("status", "--porcelain", "--", ".") if tracked else None
    return {
        "commit": commit.strip() if commit else None,
        "dirty": bool(changed.strip()) if changed is not None else None,
        "digest": code(".")[:16],
        "computing": code(*COMPUTING)[:16],
    }


def digest(value: Any) -> str:
    """Sixteen hex characters that name a JSON value, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def code(*parts: str) -> str:
    """A digest of files and folders of this package."""
    sources = [file for part in parts for file in _sources(PACKAGE / part)]
    return hashlib.sha256(b"".join(file.read_bytes() for file in sources)).hexdigest()


def _sources(path: Path) -> list[Path]:
    return sorted(path.rglob("*.py")) if path.is_dir() else [path]


def git(*words: str) -> str | None:
    """What git says of the package; none where there is no git, or no repository."""
    try:
        done = subprocess.run(
            ["git", "-C", str(PACKAGE), *words], capture_output=True, text=True, errors="replace"
        )
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None

"""Provenance of the code: its commit, uncommitted changes, and digests of its files."""

import hashlib
import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

from study.files import Record, read

PACKAGE = Path(__file__).parent
ORIGIN = "origin.json"
"""The file beside a copy of the package that has the provenance of the original."""

COMPUTING = ("data", "given.py", "models", "run.py", "schema", "seeding.py", "train")
"""The files and folders of this package that decide the numbers of a result."""


@cache
def origin() -> Record:
    """The provenance of this package.

    `commit`, and `dirty` if files differ from it, are null outside a repository. `digest` covers
    all files of the package, `computing` those that decide results.
    """
    # A worker runs from a copy outside the repository, of which git knows nothing.
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
    """The digest of a JSON value, 16 hex characters; the order of its keys does not matter."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def code(*parts: str) -> str:
    """The digest of files and folders of this package."""
    sources = [file for part in parts for file in _sources(PACKAGE / part)]
    return hashlib.sha256(b"".join(file.read_bytes() for file in sources)).hexdigest()


def _sources(path: Path) -> list[Path]:
    return sorted(path.rglob("*.py")) if path.is_dir() else [path]


def git(*words: str) -> str | None:
    """The output of a git command in the package; None without git or outside a repository."""
    try:
        done = subprocess.run(
            ["git", "-C", str(PACKAGE), *words], capture_output=True, text=True, errors="replace"
        )
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None

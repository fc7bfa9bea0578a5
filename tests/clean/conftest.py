"""Stores with something to remove."""

import os

import pytest

from study import clean
from study.clean import Needs
from study.store.records import TrialRecord
from study.store.store import Store
from tests.launch.conftest import CONFIG


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "results")
    for name in ("a-0", "b-0"):
        store.enter(name, TrialRecord(config=CONFIG))
    return store


def aged(path, days: float = 30):
    """A path whose files were last written days ago."""
    for entry in [path, *(path.iterdir() if path.is_dir() else ())]:
        then = entry.stat().st_mtime - days * 86_400
        os.utime(entry, (then, then), follow_symlinks=False)
    return path


def removable(stored: Store, group: str, **needs: set) -> list[str]:
    jobs = clean.jobs(stored)
    return [
        entry.path.name for entry in clean.removable(stored, [group], Needs(jobs, **needs))[group]
    ]


def item(stored: Store, group: str, **needs: set) -> clean.Item:
    return clean.removable(stored, [group], Needs(clean.jobs(stored), **needs))[group][0]

"""Folders that are hard to remove."""

import os
import tempfile
from pathlib import Path

import pytest

from study import clean
from study.clean import Needs
from study.errors import StoreError
from study.store.records import TrialRecord
from study.store.store import Store
from tests.clean.conftest import item
from tests.launch.conftest import CONFIG


def nested(folder, count, name="n"):
    """A folder in a folder, so many times, whose path is too long to be opened."""
    folder.mkdir()
    before = os.open(".", os.O_RDONLY)
    try:
        os.chdir(folder)
        for _ in range(count):
            os.mkdir(name)
            os.chdir(name)
        open("file", "w").close()
    finally:
        os.fchdir(before)
        os.close(before)


@pytest.mark.parametrize(("count", "name"), [(600, "n"), (1500, "a" * 200)])
def test_a_folder_of_any_depth_is_removed(store, count, name):
    nested(store.trial("a-0") / "deep", count, name)
    assert clean.remove("trials", item(store, "trials"))
    assert [path.name for path in (store.root / "trials").iterdir()] == ["b-0"]


@pytest.fixture
def ordinary():
    """A folder of a user whom permissions hold for."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        before = os.geteuid()
        if not before:
            os.seteuid(65_534)
        try:
            yield Path(folder)
        finally:
            os.seteuid(before)


def test_what_can_be_removed_is_and_what_cannot_is_named(ordinary):
    stored = Store(ordinary / "results")
    for name in ("a-0", "b-0"):
        stored.enter(name, TrialRecord(config=CONFIG))
    closed = stored.trial("a-0") / "closed"
    (closed / "inner").mkdir(parents=True)
    closed.chmod(0o000)
    (stored.trial("a-0") / "log.txt").touch()
    done, left = [], []
    for entry in clean.removable(stored, ["trials"], Needs(clean.jobs(stored)))["trials"]:
        try:
            done.append(clean.remove("trials", entry))
        except StoreError as error:
            left.append(str(error))
    [half] = (stored.root / "trials").iterdir()
    assert done == [True]
    assert len(left) == 1
    assert f"a-0 cannot be removed: Permission denied (left: {half}/closed" in left[0]
    assert [path.name for path in half.iterdir()] == ["closed"]
    closed = half / "closed"
    closed.chmod(0o700)
    assert clean.remove("leftovers", item(stored, "leftovers"))
    assert not half.exists()


def test_jobs_that_cannot_be_listed_are_not_taken_for_none(ordinary):
    stored = Store(ordinary / "results")
    (stored.root / "jobs").mkdir(parents=True)
    (stored.root / "jobs").chmod(0o000)
    with pytest.raises(StoreError, match="jobs cannot be listed: Permission denied"):
        clean.jobs(stored)
    (stored.root / "jobs").chmod(0o700)

"""The index of results: a cache that is never trusted more than the files."""

import os
import shutil
import sqlite3
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from study.errors import StoreError
from study.store import atomic, endings, file_systems, index
from study.store.records import TrialRecord
from study.store.store import Store

CONFIG = {"model": {"name": "m", "arguments": {}}, "data": {}, "recipe": {}}
NAMES = ["a-0", "a-1", "b-0"]


@pytest.fixture(autouse=True)
def eager(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An index also of a few files that were written just now."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(index, "SMALLEST", 1)
    monkeypatch.setattr(index, "FEWEST", 1)
    monkeypatch.setattr(endings, "SETTLED", -60)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "results")
    for number, name in enumerate(NAMES):
        store.enter(name, TrialRecord(config=CONFIG))
        put(store, name, number)
    return store


def put(store: Store, name: str, value: float, **more: object) -> None:
    result = {"format": 1, "trial": name, "state": "completed", "config": CONFIG, **more}
    environment = {"machine": "here", "computing": "c"}
    atomic.write(
        store.folder(name).result,
        {**result, "metrics": {"top1": value}, "environment": environment, "history": []},
    )


def values(store: Store) -> dict[str, float | None]:
    return {name: ending.metrics["top1"] for name, ending in store.endings(NAMES).items()}


def in_index(store: Store) -> set[str]:
    """The trials that the index has."""
    with index.opened(store.root, len(NAMES)) as known:
        return {*known.rows(NAMES)}


def file_of(tmp_path: Path) -> Path:
    [file] = (tmp_path / "cache").rglob("*.sqlite")
    return file


def test_an_ending_is_the_same_from_a_result_and_from_the_index(store):
    put(store, "a-0", 0.5, seconds=3, error="e", images={"train": {"files": 3, "digest": "d"}})
    first, again = store.endings(NAMES), store.endings(NAMES)
    assert in_index(store) == {*NAMES}
    assert first == again
    result, ending = store.result("a-0"), again["a-0"]
    for field in ("trial", "state", "config", "environment", "metrics", "seconds", "error"):
        assert getattr(ending, field) == getattr(result, field)
    assert ending.images == result.images


def test_a_deleted_index_is_made_again(store, tmp_path):
    before = values(store)
    file_of(tmp_path).unlink()
    assert values(store) == before
    assert in_index(store) == {*NAMES}


@pytest.mark.parametrize("damage", ["text", "cut", "other tables", "a flipped byte"])
def test_a_damaged_index_is_made_again(store, tmp_path, damage):
    before, file = values(store), file_of(tmp_path)
    content = file.read_bytes()
    if damage == "text":
        file.write_bytes(b"no database")
    elif damage == "cut":
        file.write_bytes(content[: len(content) // 2])
    elif damage == "other tables":
        file.unlink()
        sqlite3.connect(file).execute("create table endings (x)").connection.close()
    else:
        place = content.index(b'"top1": 2')
        file.write_bytes(content[: place + 8] + b"9" + content[place + 9 :])
    assert values(store) == before
    assert values(store) == before
    assert in_index(store) == {*NAMES}


def test_a_locked_index_is_not_waited_for(store, tmp_path, monkeypatch):
    monkeypatch.setattr(index, "WAIT", 0)
    before = values(store)
    lock = sqlite3.connect(file_of(tmp_path))
    lock.execute("begin exclusive")
    put(store, "a-1", 7)
    assert values(store) == {**before, "a-1": 7}
    lock.close()
    assert file_of(tmp_path).exists()


def test_without_a_folder_for_caches_results_are_read(store, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "file"))
    assert values(store) == {"a-0": 0, "a-1": 1, "b-0": 2}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_an_index_that_cannot_be_written_is_ignored(store, tmp_path):
    values(store)
    file_of(tmp_path).chmod(0o400)
    put(store, "a-1", 7)
    assert values(store)["a-1"] == 7


def test_the_folder_of_the_index_is_the_users_own_and_local(tmp_path):
    folder = file_systems.local_cache()
    assert folder is not None
    assert folder.is_relative_to(tmp_path)
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_others_can_write_to_has_no_index(store, tmp_path, monkeypatch):
    shared = tmp_path / "shared" / "study-harness"
    shared.mkdir(parents=True)
    shared.chmod(0o777)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "shared"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    values(store)
    assert not [*shared.iterdir()]
    assert [*tmp_path.glob("study-harness-*/*.sqlite")]


def test_a_result_of_the_same_size_is_seen_at_once(store):
    values(store)
    path = store.folder("a-1").result
    size, times = path.stat().st_size, (path.stat().st_atime_ns, path.stat().st_mtime_ns)
    put(store, "a-1", 8)
    os.utime(path, ns=times)
    assert path.stat().st_size == size
    assert values(store)["a-1"] == 8


def test_a_result_that_was_changed_in_place_is_seen_at_once(store):
    values(store)
    path, other = store.folder("a-1").result, store.folder("b-0").result
    put(store, "b-0", 6)
    path.write_bytes(other.read_bytes().replace(b"b-0", b"a-1"))
    assert "a-1" not in values(store)  # its digest is of other bytes
    assert store.strays(["a-1"])


def test_new_and_removed_results_are_seen_at_once(store):
    values(store)
    store.folder("a-0").result.unlink()
    shutil.rmtree(store.trial("a-1"))
    assert values(store) == {"b-0": 2}
    put(store, "a-0", 5)
    assert values(store) == {"a-0": 5, "b-0": 2}


def test_two_readers_at_once_get_the_same(store):
    with ProcessPoolExecutor(2) as pool:
        first, second = pool.map(values, [store, store])
    assert first == second == {"a-0": 0, "a-1": 1, "b-0": 2}
    assert values(store) == first


def test_a_file_that_was_written_just_now_is_not_kept(store, monkeypatch):
    monkeypatch.setattr(endings, "SETTLED", 60)
    values(store)
    assert in_index(store) == set()


def test_results_of_early_versions_are_read_as_before(store):
    text = atomic.read(store.folder("a-0").result)
    store.folder("a-0").result.write_text(str(text).replace("'", '"'))
    assert values(store)["a-0"] == 0


def test_the_result_of_another_trial_is_set_aside(store):
    shutil.copy(store.folder("a-1").result, store.folder("a-0").result)
    assert [*values(store)] == ["a-1", "b-0"]
    assert "foreign" in store.strays(NAMES)[0].name


def test_a_result_of_a_later_format_is_refused(store):
    put(store, "a-0", 1, format=2)
    with pytest.raises(StoreError, match="has format 2"):
        store.endings(NAMES)


def test_configurations_have_the_trials_of_all_studies(store):
    for _ in range(2):  # from files, and from the index
        [(config, names)] = store.configurations()
        assert config.plain == CONFIG
        assert sorted(names) == NAMES


def test_a_small_store_has_no_index(store, tmp_path, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    values(store)
    assert not [*tmp_path.rglob("*.sqlite")]

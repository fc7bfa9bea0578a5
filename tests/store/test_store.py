"""The store: whole writes, names that agree, and nothing foreign trusted or deleted."""

import json

import pytest

from study.errors import StoreError
from study.store import atomic, leases
from study.store.atomic import read, replace, write
from study.store.records import EpochRow, Outcome, TrialConfig, TrialRecord, finite
from study.store.store import Store, agree

CONFIG = {
    "model": {"name": "m", "arguments": {"a": 1}},
    "data": {"name": "digits"},
    "recipe": {"lr": 0.1},
}


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path)
    store.enter("abc-0", TrialRecord(config=CONFIG, seed=0))
    return store


def save(store: Store, state: str = "completed", **metrics: float) -> None:
    outcome = Outcome(state=state, config=CONFIG, metrics=finite(metrics))
    with leases.claim(store.trial("abc-0")) as lease:
        assert store.save("abc-0", outcome, lease)


def test_a_result_comes_back_as_it_was_saved(store):
    save(store, top1=0.5)
    assert store.result("abc-0").metrics == {"top1": 0.5}
    assert store.state("abc-0") == "completed"


def test_what_is_not_finite_is_stored_as_null(store):
    save(store, "diverged", top1=float("nan"))
    assert store.result("abc-0").metrics == {"top1": None}


HOLLOW = '{"format": 1, "trial": "abc-0", "state": "completed", "config": null, "metrics": {}}'


@pytest.mark.parametrize("text", ["", '{"format": 1', "[]", '{"format": 1}', "\x00", HOLLOW])
def test_a_file_that_is_no_result_is_set_aside_and_kept(store, text):
    path = store.trial("abc-0") / "result.json"
    path.write_text(text)
    assert store.result("abc-0") is None
    assert not path.exists()
    assert [stray.read_text() for stray in store.strays()] == [text]


def test_a_result_of_another_trial_is_set_aside(store):
    save(store)
    foreign = store.trial("xyz-0")
    foreign.mkdir()
    (store.trial("abc-0") / "result.json").rename(foreign / "result.json")
    assert store.result("xyz-0") is None
    assert len(store.strays()) == 1


def test_a_result_of_a_later_format_is_refused_and_left_alone(store):
    save(store)
    path = store.trial("abc-0") / "result.json"
    path.write_text(json.dumps({**read(path), "format": 99}))
    with pytest.raises(StoreError, match="format 99"):
        store.result("abc-0")
    assert path.exists()


def test_a_worker_that_lost_its_lease_saves_nothing(store):
    with leases.claim(store.trial("abc-0")) as lease:
        (store.trial("abc-0") / "lease.9").write_text("{}")
        assert not store.save("abc-0", Outcome(state="completed", config=CONFIG, metrics={}), lease)
    assert store.result("abc-0") is None


def test_a_result_that_came_in_meanwhile_is_not_set_aside(store):
    save(store, top1=0.5)
    store.retry("abc-0")
    assert store.state("abc-0") == "completed"


def test_a_failed_trial_makes_room_and_is_kept(store):
    save(store, "failed")
    assert store.state("abc-0") == "failed"
    store.retry("abc-0")
    assert store.state("abc-0") == "pending"
    assert list(store.trial("abc-0").glob("result.json.failed-*"))


def test_the_state_of_a_trial_follows_its_files(store):
    assert store.state("abc-0") == "pending"
    with leases.claim(store.trial("abc-0")):
        assert store.state("abc-0") == "running"
    (store.trial("abc-0") / "history.jsonl").write_text('{"epoch": 0}\n')
    assert store.state("abc-0") == "paused"


def test_a_trial_that_was_claimed_and_saved_nothing_is_pending(store):
    with leases.claim(store.trial("abc-0")):
        pass
    assert store.state("abc-0") == "pending"


def test_a_trial_with_a_checkpoint_and_no_history_is_paused(store):
    store.folder("abc-0").checkpoint.touch()
    assert store.state("abc-0") == "paused"


def test_half_a_line_of_history_is_passed_over(store):
    (store.trial("abc-0") / "history.jsonl").write_text('{"epoch": 0}\n{"epo')
    assert store.history("abc-0") == [EpochRow(epoch=0)]


def test_a_place_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be written"):
        write(tmp_path / "file" / "x.json", {})


def test_a_write_is_whole_or_absent(tmp_path):
    path = tmp_path / "a" / "b.json"
    write(path, {"x": 1})
    with pytest.raises(TypeError):
        write(path, {"x": object()})
    assert read(path) == {"x": 1}
    replace(path, b"{}")
    assert [p.name for p in path.parent.iterdir()] == ["b.json"]


def test_the_same_name_from_another_configuration_is_refused(tmp_path):
    then = TrialConfig(**CONFIG)
    agree("abc-0", then, then, tmp_path)
    now = TrialConfig(**{**CONFIG, "recipe": {"lr": 0.2}})
    with pytest.raises(StoreError, match=r"recipe\.lr: 0\.1 then, 0\.2 now"):
        agree("abc-0", then, now, tmp_path)


def test_a_warning_with_half_a_character_of_a_file_can_be_written(caplog, tmp_path):
    atomic.warn_once(f"{tmp_path}: it is the result of \udcff")
    assert r"it is the result of \udcff" in caplog.text
    caplog.text.encode()

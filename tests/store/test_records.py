"""Stored files in whatever state: what each reader makes of them, thousands of times."""

import json
import logging
import os
import random
import socket
from io import BytesIO

import numpy as np
import pytest

from study.analysis.measurements import _arrays
from study.clean import jobs
from study.errors import DamagedError, StoreError
from study.launch import job as job_folder
from study.launch import slurm
from study.store import archives, atomic, holders, leases, records
from study.store.cost_records import Alike, ArmCost
from study.store.job_records import Delivered, Job, Manifest, Submitted
from study.store.store import Store
from study.store.timing_records import StepTimes, TimingSession
from tests.launch.conftest import CONFIG, ordered

ENVIRONMENT = {"machine": "m", "device": "cpu", "threads": 1, "commit": None, "dirty": False}
SAMPLES = {
    records.TrialRecord: {
        "study": "s",
        "label": "A",
        "seed": 0,
        "config": CONFIG,
        "sources": [["a.py", "0"]],
        "shape": {"num_classes": 10, "in_chans": 3, "img_size": 64},
        "where": {"root": None},
    },
    records.Result: {
        "format": 1,
        "trial": "a-0",
        "state": "completed",
        "config": CONFIG,
        "metrics": {"top1": 0.5, "loss": None},
        "environment": ENVIRONMENT,
        "seconds": 1.5,
        "history": [{"epoch": 0, "top1": 0.5, "seconds": 1.5}],
        "predictions": "predictions-1.npz",
    },
    records.Evaluation: {"metrics": {"top1": 0.5}, "environment": ENVIRONMENT},
    records.WorkerDeath: {
        "why": "killed",
        "epochs": 0,
        "time": 1.0,
        "where": "m-1",
        "log": ["last"],
    },
    ArmCost: {
        "model": "m",
        "shape": {"num_classes": 10, "in_chans": 3, "img_size": 64},
        "arguments": {"stem": "rest"},
        "defaults": {"stem": "rest"},
        "slots": {"stem": ["rest"]},
        "code": {},
        "cost": {"params": 10, "macs": 10},
        "counts": {"torch": {"conv": 10}},
        "stages": {"4": {"conv": 10}},
        "unreached": [],
    },
    Alike: {"alike": True},
    TimingSession: {
        "device": "cpu",
        "trials_running": 0,
        "environment": ENVIRONMENT,
        "arms": {
            "a": {
                "throughput": {
                    "value": 2.0,
                    "low": 1.0,
                    "high": 3.0,
                    "ratio": {"value": 1.0, "low": 0.9, "high": 1.1},
                }
            }
        },
        "refused": {"a": {"energy": "no counter"}},
        "how": {"rounds": 3, "disturbed": 0.0},
    },
    StepTimes: {
        "steps": 3,
        "train": 64,
        "val": 40,
        "train_image_seconds": 0.1,
        "image_seconds": 0.1,
    },
    Job: {
        "store": "results",
        "tasks": ["trials"],
        "trials": ["a-0"],
        "on": "local",
        "device": "cpu",
        "threads": 1,
        "devices": 1,
        "nodes": 1,
        "share": 1,
        "retries": 3,
        "timeout": 1800.0,
        "resources": {},
        "study": "s",
        "words": ["x.yaml"],
        "folder": "/tmp",
    },
    Submitted: {"ids": ["1_0"]},
    Delivered: {"epochs": 2, "state": "completed"},
    Manifest: {"files": ["table.md", "figures/a.png"], "made_of": "0"},
}

VALUES = (
    *(
        None,
        True,
        "",
        "text",
        "\0",
        [],
        ["."],
        {},
        [[]],
        {"a": None},
        -1,
        0,
        5,
        10**400,
        -(10**400),
    ),
    *(1e308, -1e308, 5e-324, 2**63, "../x", "/etc/passwd", "\udcff", "1" * 10_000),
    json.loads("[" * 300 + "]" * 300),
)


def plain(content, kind):
    """A record as JSON has it, read as its kind."""
    return kind.parsed(content).plain


def places(value, path=()):
    """The path of every value in a record."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        yield (*path, key)
        if isinstance(inner, dict | list):
            yield from places(inner, (*path, key))


def changed(record, draw):
    """A record with one value removed, or replaced by one of another kind."""
    copy = json.loads(json.dumps(record))
    *path, key = draw.choice(list(places(copy)))
    inner = copy
    for step in path:
        inner = inner[step]
    if draw.random() < 0.15:
        del inner[key]
    elif draw.random() < 0.1 and isinstance(inner, dict):
        inner[draw.choice(["", "x", "\0", "a" * 999])] = inner.pop(key)
    else:
        inner[key] = draw.choice(VALUES)
    return copy


def mangled(content, draw):
    """Bytes that were flipped, zeroed, cut, repeated or put in."""
    at, count = draw.randrange(len(content) + 1), draw.choice([1, 1, 1, 8, 64, 512])
    head, middle, tail = content[:at], content[at : at + count], content[at + count :]
    ways = [
        lambda: head + bytes(byte ^ 1 << draw.randrange(8) for byte in middle) + tail,
        lambda: head + bytes(len(middle)) + tail,
        lambda: head,
        lambda: head + tail,
        lambda: head + middle + middle + tail,
        lambda: head + draw.choice([b"[" * 200_000, b"1e999", b"NaN", b"\xff", b"9" * 5000]) + tail,
    ]
    return draw.choice(ways)()


@pytest.mark.parametrize("kind", SAMPLES, ids=lambda kind: kind.__name__)
def test_a_damaged_record_is_never_another_record(kind):
    draw, sample = random.Random(27), SAMPLES[kind]
    content = atomic.encoded(sample)
    assert plain(content, kind) == sample
    for _ in range(3000):
        damaged = mangled(content, draw)
        try:
            record = plain(damaged, kind)
        except DamagedError:
            continue
        assert record == sample  # with other spaces


@pytest.mark.parametrize("kind", SAMPLES, ids=lambda kind: kind.__name__)
def test_a_record_without_a_digest_is_of_its_kind_or_damaged(kind):
    draw, sample = random.Random(28), SAMPLES[kind]
    for _ in range(2000):
        record = changed(sample, draw)
        for _ in range(draw.randrange(3)):
            record = changed(record, draw) if record else record
        try:
            again = plain(json.dumps(record).encode(), kind)
        except DamagedError:
            continue
        assert again == record
        kind.model_validate(again)
        json.dumps(again, allow_nan=False)


@pytest.mark.parametrize("value", ["text", [0.5], 1e308, 10**400, True, {"a": 1}])
def test_a_metric_that_is_no_number_is_damage(value):
    record = SAMPLES[records.Result] | {"metrics": {"top1": value}}
    with pytest.raises(DamagedError, match=r"metrics\.top1"):
        records.Result.checked(record)


@pytest.mark.parametrize(
    "name", [".", "..", "../x", "/etc/passwd", "a/../../x", "a/b/c", "", ".hidden", "a/", "a\0"]
)
def test_a_manifest_names_files_of_its_folder_alone(name):
    with pytest.raises(DamagedError):
        Manifest.checked({"files": [name]})


def test_history_with_a_damaged_byte_is_no_history():
    rows = [{"epoch": n, "loss": 0.5 * n, "top1": None} for n in range(3)]
    content = atomic.encoded_lines(rows)
    assert [row.plain for row in records.history(content)] == rows
    assert records.history(atomic.encoded_lines([])) == []
    draw = random.Random(29)
    for _ in range(3000):
        try:
            found = records.history(mangled(content, draw))
        except DamagedError:
            continue
        assert all(row.plain in rows for row in found)


def test_predictions_in_whatever_state_are_what_was_written_or_damaged():
    file = BytesIO()
    target, top = np.arange(20), np.arange(100).reshape(20, 5)
    np.savez_compressed(file, target=target, top=top)
    plain = file.getvalue()
    sealed, draw = archives.sealed(file), random.Random(30)
    for content in (sealed, plain):
        assert np.array_equal(_arrays(content)["top"], top)
        for _ in range(1500):
            try:
                found = _arrays(mangled(content, draw))
            except DamagedError:
                continue
            assert np.array_equal(found["target"], target)
            assert np.array_equal(found["top"], top)


@pytest.mark.parametrize(
    "arrays",
    [
        {"top": np.zeros((2, 5), int)},
        {"target": np.zeros(2, int), "top": np.zeros((3, 5), int)},
        {"target": np.zeros(2, int), "top": np.zeros(2, int)},
        {"target": np.zeros(2), "top": np.zeros((2, 5))},
        {"target": np.array([{}, 1], object), "top": np.zeros((2, 5), int)},
    ],
)
def test_arrays_that_are_no_predictions_are_damage(arrays):
    file = BytesIO()
    np.savez_compressed(file, **arrays)
    with pytest.raises(DamagedError):
        _arrays(archives.sealed(file))


# ---- what is no file ----


def pipe(path):
    os.mkfifo(path)


def bound(path):
    where = os.getcwd()
    os.chdir(path.parent)  # the address of a socket has 108 bytes at most
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path.name)
    os.chdir(where)


OBSTACLES = {
    "pipe": pipe,
    "socket": bound,
    "folder": lambda path: path.mkdir(),
    "full folder": lambda path: (path / "inside").mkdir(parents=True),
    "circle": lambda path: path.symlink_to(path.name),
    "device": lambda path: path.symlink_to("/dev/zero"),
    "terminal": lambda path: path.symlink_to("/dev/tty"),
    "binary": lambda path: path.write_bytes(random.Random(0).randbytes(4000)),
    "brackets": lambda path: path.write_text("[" * 200_000),
}


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "results")
    store.enter("a-0", records.TrialRecord(config=CONFIG))
    return store


READERS = {
    "trials/a-0/result.json": lambda store: store.result("a-0"),
    "trials/a-0/history.jsonl": lambda store: store.history("a-0"),
    "trials/a-0/at-48.json": lambda store: store.evaluation("a-0", 48),
    "trials/a-0/died-1.json": lambda store: store.deaths("a-0"),
    "trials/a-0/predictions.npz": lambda store: atomic.read_checked(
        store.predictions("a-0"), _arrays
    ),
    "arms/x.json": lambda store: store.record("arms", "x", ArmCost),
    "timings/x.json": lambda store: store.record("timings", "x", TimingSession),
}


@pytest.mark.parametrize("obstacle", OBSTACLES)
@pytest.mark.parametrize("name", READERS)
def test_what_is_no_file_is_set_aside_and_told(name, obstacle, store, caplog):
    path = store.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    OBSTACLES[obstacle](path)
    with caplog.at_level(logging.WARNING):
        assert not READERS[name](store)
    if name == "trials/a-0/history.jsonl" and obstacle in ("binary", "brackets"):
        return  # lines that can be read count, and there is none
    assert not os.path.lexists(path)
    [aside] = store.strays()
    assert aside.name.startswith(path.name)
    assert str(path) in caplog.text


@pytest.mark.parametrize("obstacle", OBSTACLES)
def test_a_trial_is_entered_again_in_place_of_what_is_no_record(obstacle, store):
    path = store.trial("a-0") / "trial.json"
    path.unlink()
    OBSTACLES[obstacle](path)
    with pytest.raises(StoreError, match="study run puts it there again"):
        store.entered("a-0")
    OBSTACLES[obstacle](path)
    store.enter("a-0", records.TrialRecord(config=CONFIG))
    assert store.entered("a-0").plain == {"config": CONFIG}


@pytest.mark.parametrize("obstacle", OBSTACLES)
def test_a_lease_that_is_no_file_holds_nothing(obstacle, store):
    OBSTACLES[obstacle](store.trial("a-0") / "lease.1")
    if obstacle in ("binary", "brackets"):  # as while it is being written
        assert leases.holder(store.trial("a-0")) == holders.UNKNOWN
        return
    assert leases.holder(store.trial("a-0")) is None
    with leases.claim(store.trial("a-0")) as lease:
        assert lease.number == 2


@pytest.mark.parametrize("obstacle", OBSTACLES)
def test_a_job_that_cannot_be_read_is_told_and_left(obstacle, store, caplog):
    job = ordered(store, ["a-0"])
    for name in ("job.json", "slurm.json", "error.x", "worker.x"):
        (job / name).unlink(missing_ok=True)
        OBSTACLES[obstacle](job / name)
    assert list(job_folder.jobs(store)) == []
    assert f"{job / 'job.json'} is damaged" in caplog.text
    assert slurm.submitted(job) == []
    assert job_folder.workers(job) == []
    assert [one.order for one in jobs(store)] == [None]


@pytest.mark.parametrize(
    "more",
    [{"pid": 0}, {"pid": -5}, {"pid": 10**400}, {"pid": "1"}, {"host": None}, {"pid": 2**22 + 1}],
)
def test_a_worker_that_is_no_process_is_not_stopped(more, store):
    job = ordered(store, ["a-0"])
    told = {**vars(holders.here()), "born": "", **more}
    (job / "worker.x").write_text(json.dumps(told))
    assert job_folder.workers(job) == []


def test_a_file_that_cannot_be_set_aside_is_told_and_passed_over(store, monkeypatch, caplog):
    path = store.trial("a-0") / "result.json"
    path.write_text("[]")

    def refuse(*paths):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "replace", refuse)
    assert store.result("a-0") is None
    assert store.blocked("a-0")
    assert "cannot be renamed: Read-only file system" in caplog.text
    assert path.exists()


def test_what_another_has_put_in_place_meanwhile_is_not_set_aside(store):
    path, seen = store.trial("a-0") / "x.json", []
    path.write_text("[]")

    def check(content):
        if not seen:
            seen.append(content)
            atomic.write(path, {"a": 1})
        return atomic.record(content)

    assert atomic.read_checked(path, check) == {"a": 1}
    assert store.strays() == []


def test_a_file_that_vanishes_is_none(store):
    assert atomic.read_checked(store.root / "gone.json", records.TrialRecord.parsed) is None


def test_a_copy_takes_only_fields_that_the_class_has():
    how = TimingSession().how.model_copy(update={"way": "float32, eager"})
    assert how.plain == {"way": "float32, eager"}
    with pytest.raises(TypeError, match="How has no field mode"):
        how.model_copy(update={"mode": "float32, eager"})

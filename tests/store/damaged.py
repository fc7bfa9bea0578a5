"""Records of every kind, damage to them, and things in their place that are no files."""

import json
import os
import random
import socket

from study.store import records
from study.store.job_records import Delivered, Job, Manifest, Submitted
from study.store.timing_records import StepTimes, TimingSession
from study.tasks.classification.records import Alike, ModelCost
from tests.launch.conftest import CONFIG

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
    ModelCost: {
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
        "phases": ["trials"],
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
        "request": {
            "file": "x.yaml",
            "folder": "/tmp",
            "profile": None,
            "settings": ["seeds=1"],
            "imports": [],
            "text": None,
        },
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

"""Stores and job folders made by hand, without torch."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from study.launch import job
from study.launch.machine import Machine
from study.store import holders
from study.store.atomic import write
from study.store.job_records import Work
from study.store.records import TrialRecord
from study.store.store import Store

CONFIG = {"model": {"name": "m", "arguments": {}}, "data": {}, "recipe": {}}
INLINE = Machine(on="inline", workers=1, device="cpu", threads=1)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "results")
    for name in ("a-0", "b-0"):
        store.enter(name, TrialRecord(config=CONFIG))
    return store


def ordered(store: Store, names: list[str], **more: object) -> Path:
    """A job folder that asks for these trials."""
    flags = {key: more.pop(key) for key in INLINE.order.keys() & more.keys()}
    work = Work.checked({"phases": ["trials"], "study": "s", "trials": names, **more})
    computed = {name: TrialRecord(config=CONFIG) for name in names}
    return job.create_job(store, work, replace(INLINE, **flags), computed)


def finish(store: Store, name: str, state: str = "completed") -> None:
    config = store.entered(name).config.plain
    result = {"format": 1, "trial": name, "state": state, "config": config, "metrics": {}}
    write(store.trial(name) / "result.json", result)


def dead() -> holders.Holder:
    """A process of this machine that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    who = holders.process(process.pid)
    process.wait()
    return who


def leave(store: Store, name: str, number: int = 1, who: holders.Holder | None = None) -> None:
    """The lease of somebody who died, or of `who`."""
    (store.trial(name) / f"lease.{number}").write_text(json.dumps(vars(who or dead())))

"""What nobody needs: one function a group, which finds it."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from study import leases
from study.clean.disk import DAY, WEEK, age, folders, lacks, listed, real, size
from study.clean.needs import Needs
from study.launch import orders
from study.records import TrialRecord
from study.store import DONE, Store
from study.trial_folder import CHECKPOINT

PARTIAL = re.compile(r"\.[\w.-]+\.([0-9a-f]{8}|\d+)|\.clock-.+")
"""What a writer, or a clock that was read, leaves behind when it is killed."""
ASIDE = re.compile(rf".+\.(foreign|failed|damaged)-[0-9a-f]{{6}}|{re.escape(CHECKPOINT)}\.broken")
"""What was set aside because it is no result, or one of an attempt that failed."""
REQUEST = ("job.json", "trials.json", "stop")


@dataclass(frozen=True)
class Item:
    """Something that nobody needs."""

    path: Path
    size: int
    """In bytes."""
    said: str = ""
    seconds: float = 0.0
    """That its result took."""
    device: str = ""
    keep: tuple[str, ...] = ()
    """Names in the folder that stay."""


def trials(store: Store, needs: Needs) -> Iterator[Item]:
    """Trials that no study and no request refers to, and nobody works on."""
    for path in folders(store, "trials"):
        record, result = store.peek(path.name)
        if path.name in needs.trials or not (record or result) or leases.holder(path):
            continue
        text = f"{_named(record)}, {result.state if result else 'without a result'}"
        seconds = (result.seconds if result else None) or 0.0
        device = (result.environment.device if result else None) or "unknown"
        yield Item(path, size(path), text, seconds=seconds, device=device)


def _named(record: TrialRecord | None) -> str:
    """A trial by its arm, seed and study."""
    if record is None:
        return "a trial without a record"
    return f"{record.label}/s{record.seed} of {record.study}"


def checkpoints(store: Store, needs: Needs) -> Iterator[Item]:
    """Weights of trials that are done and evaluated at every size that a study asks for."""
    for path in folders(store, "trials"):
        _, result = store.peek(path.name)
        if result is None or result.state not in DONE or leases.holder(path):
            continue
        folder = store.folder(path.name)
        for file in folder.checkpoints:
            needed = file == folder.checkpoint and path.name in needs.weights
            if not needed and file.is_file() and not file.is_symlink():
                yield Item(file, size(file))


def spent(store: Store, needs: Needs) -> Iterator[Item]:
    """Job folders that nobody works on and nothing waits for; their orders stay where they say
    what was asked for."""
    studies = {orders.whose(job.order) for job in needs.jobs if job.busy and job.order}
    for job in needs.jobs:
        if job.busy or not job.own:
            continue
        open_ = [n for n in job.trials if not store.folder(n).result.is_file()]
        young = age(job.path) < (WEEK if open_ else DAY)
        if young and (open_ or not job.trials):
            continue
        if open_ and job.order and orders.whose(job.order) in studies:
            continue  # workers of another job may come to them
        keep = REQUEST if job.path in needs.requests else ()
        if bytes_ := size(job.path, keep):
            said = (job.order.study or ", ".join(job.order.tasks)) if job.order else ""
            but = "; its order stays, which says what was asked for" if keep else ""
            yield Item(job.path, bytes_, f"{said}{but}", keep=keep)
    for path in folders(store, "jobs"):
        ours = path.lstat().st_uid == os.geteuid()
        if ours and lacks(path / "job.json") and age(path) >= DAY:
            yield Item(path, size(path), "without an order")


def leftovers(store: Store, needs: Needs) -> Iterator[Item]:
    """What killed writers left, and results that were set aside, of yesterday or earlier."""
    shelves = [store.root / name for name in ("arms", "timings", "jobs", "trials")]
    for place in [*filter(real, shelves), *folders(store, "trials")]:
        for path in listed(place):
            if place == shelves[-1] and real(path) and PARTIAL.fullmatch(path.name):
                yield Item(path, size(path), "half removed")
            elif path.is_symlink() or age(path) < DAY:
                continue
            elif PARTIAL.fullmatch(path.name) and not path.is_dir():
                yield Item(path, size(path), "half written")
            elif ASIDE.fullmatch(path.name):
                yield Item(path, size(path), "set aside")

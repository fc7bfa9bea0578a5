"""How trials ended: their results without the epochs, which few readers need.

A result that the store wrote has one layout, which its digest vouches for. Its configuration and
its environment are the same text in many trials, so each text is parsed once, and the history is
not parsed at all: 40 µs a trial instead of 130. What was read is kept in an index; see `index`.
"""

import json
import os
import stat
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Self

from study.errors import DamagedError
from study.store import atomic, index
from study.store.records import Environment, ImageFingerprint, Result, TrialConfig
from study.store.trial_folder import FORMAT, RESULT

Reader = Callable[[str], Result | None]
"""Reads the result of a trial of any form, and sets aside a file that is none."""

SETTLED = 2.0  # seconds since the last write: a file written twice in one tick has one time stamp
KEYS = ("format", "trial", "state", "metrics", "seconds", "error", "images")
"""The keys of a result, beside its configuration and environment, that an ending has."""
DEFAULTS: Mapping[str, object] = {"history": [], "images": {}}
DECODER = json.JSONDecoder()
"""Its `raw_decode` lacks the checks of `json.loads`, which short texts feel."""


@dataclass(frozen=True, slots=True)
class Ending:
    """The result of a trial without its epochs, log and predictions."""

    trial: str
    state: str
    config: TrialConfig
    environment: Environment
    metrics: Mapping[str, float | None]
    seconds: float | None = None
    error: str | None = None
    images: Mapping[str, ImageFingerprint] | None = None

    @classmethod
    def of(cls, row: index.IndexedResult) -> Self:
        """The ending in a row of the index."""
        values = DECODER.raw_decode(row.body)[0]
        images = values.get("images") or {}
        splits = {split: ImageFingerprint.checked(value) for split, value in images.items()}
        return cls(
            row.name,
            values["state"],
            _config(row.config),
            _environment(row.environment),
            values["metrics"],
            values.get("seconds"),
            values.get("error"),
            splits or None,
        )


def endings(root: Path, names: Iterable[str], read: Reader) -> dict[str, Ending]:
    """The endings of those trials that have a result, by name.

    A file that is not the result of its trial is set aside, as by `Store.result`.

    Raises:
        StoreError: a later version has written one of them.
    """
    return {row.name: Ending.of(row) for row in _rows(root, list(dict.fromkeys(names)), read)}


def configurations(root: Path, read: Reader) -> list[tuple[TrialConfig, list[str]]]:
    """The configurations of all results in a store, each with the names of its trials.

    A trial's name says what it computes, so a file that the index knows is not looked at again:
    some of these trials may have lost their result since.
    """
    every = names(root)
    with index.opened(root, len(every)) as known:
        grouped = known.by_configuration(every)
    seen = {name for group in grouped.values() for name in group}
    for row in _rows(root, [name for name in every if name not in seen], read):
        grouped.setdefault(row.config, []).append(row.name)
    return [(_config(text), group) for text, group in grouped.items()]


def names(root: Path) -> list[str]:
    """The folders of all trials; a hidden one is being removed."""
    try:
        return [name for name in os.listdir(root / "trials") if not name.startswith(".")]
    except OSError:
        return []


def _rows(root: Path, names: Sequence[str], read: Reader) -> list[index.IndexedResult]:
    """A row for each of the trials that has a result: of the index, or else of its file."""
    trials = f"{root}/trials/"
    rows, new = list[index.IndexedResult](), list[index.IndexedResult]()
    with index.opened(root, len(names)) as known:
        stored, before = known.rows(names), time.time() - SETTLED
        for name in names:
            path = f"{trials}{name}/{RESULT}"
            try:
                status = os.stat(path)
            except OSError:
                row = None if os.path.lexists(path) else ABSENT
            else:
                row = stored.get(name)
                if row is not None and row.stamp != _stamp(status):
                    row = None
            if row is None:
                row = _read(name, path, read)
                if row.stamp and row.written < before:
                    new.append(row)
            if row is not ABSENT:
                rows.append(row)
        known.add(new)
    return rows


ABSENT = index.IndexedResult("", "", "", "", "")


def _stamp(status: os.stat_result) -> str:
    """Facts that change with a file: also those of a content of the same size."""
    return f"{status.st_ino} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"


def _read(name: str, path: str, read: Reader) -> index.IndexedResult:
    """The row of a trial from its result; `ABSENT` where none can be read."""
    try:
        status, content = _content(path)
    except OSError:
        status, content = None, b""
    row = _row(name, content)
    if row is not None and status is not None:
        return row._replace(stamp=_stamp(status), written=status.st_ctime)
    # Of an early version, damaged or foreign; read by itself, its time stamp is not known.
    result = read(name)
    return ABSENT if result is None else _of_result(result)


def _content(path: str) -> tuple[os.stat_result, bytes]:
    """A regular file and its status; without content if it changes meanwhile."""
    number = os.open(path, atomic.READING)
    try:
        status = os.fstat(number)
        content = os.read(number, status.st_size + 1) if stat.S_ISREG(status.st_mode) else b""
    finally:
        os.close(number)
    return status, content if len(content) == status.st_size else b""


def _row(name: str, content: bytes) -> index.IndexedResult | None:
    """The row of a result as the store writes it; None for any other content."""
    texts = atomic.members(content)
    if texts is None:
        return None
    config, environment = texts.get("config", ""), texts.get("environment", "{}")
    body = "{" + ",".join([f'"{key}": {texts[key]}' for key in KEYS if key in texts]) + "}"
    try:
        # Both are parsed now, so that a row in the index holds none that is not valid.
        parts = {"config": _config(config), "environment": _environment(environment)}
        # With all keys, since pydantic copies defaults: that would take as long as the check.
        result = Result.checked({**DEFAULTS, **DECODER.raw_decode(body)[0], **parts})
    except (ValueError, DamagedError):
        return None
    if result.trial != name or result.format > FORMAT:
        return None
    return index.IndexedResult(name, "", config, environment, body)


def _of_result(result: Result) -> index.IndexedResult:
    plain = result.plain
    parts = (plain.get("config", {}), plain.get("environment", {}))
    config, environment = (json.dumps(part, sort_keys=True) for part in parts)
    # Tables have metrics in the order of the file.
    return index.IndexedResult(result.trial, "", config, environment, json.dumps(plain))


@lru_cache(maxsize=1 << 16)
def _config(text: str) -> TrialConfig:
    return TrialConfig.checked(json.loads(text))


@lru_cache(maxsize=1 << 10)
def _environment(text: str) -> Environment:
    return Environment.checked(json.loads(text))

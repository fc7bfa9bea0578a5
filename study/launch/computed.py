"""The files of a job folder that say what each of its trials computes."""

import json
from functools import lru_cache
from pathlib import Path

from study.errors import DamagedError
from study.store import job_folder
from study.store.atomic import content, members
from study.store.job_records import Computed
from study.store.records import TrialRecord


def computed(file: Path) -> Computed | None:
    """The trials in a file; None while it cannot be read."""
    try:
        return _read(file)
    except (OSError, DamagedError):
        return None


def record(file: Path, trial: str) -> TrialRecord | None:
    """The record of a trial in a file; None if the file has none, or cannot be read."""
    try:
        texts = _texts(file)
        if texts is None:  # of an early version, without a digest
            return _read(file).trials.get(trial)
        # One record of them all: a worker needs no other until its next claim.
        return TrialRecord.checked(json.loads(texts[trial])) if trial in texts else None
    except (OSError, DamagedError):
        return None


def growth(job: Path) -> list[Path]:
    """The files of trials that results called for later."""
    return sorted(job.glob(job_folder.GROWTH))


# Such a file is written whole and never again, and workers ask for its trials at every claim.
@lru_cache(maxsize=4096)
def _read(file: Path) -> Computed:
    return Computed.parsed(content(file))


@lru_cache(maxsize=16)
def _texts(file: Path) -> dict[str, str] | None:
    return members(content(file))

"""Summaries of image folders: listed once per plan, and cached in the store for large folders.

Files are listed by the same code as for training. A cached summary stays valid as long as no folder
in it has changed.
"""

import hashlib
import os
import time
from collections.abc import Sequence
from dataclasses import asdict
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from study.store.frozen import Frozen
from study.store.provenance import CHANGE_NO_NUMBER, code_behind, digest
from study.store.records import ImageFingerprint
from study.store.store import Store
from study.tasks.classification.data.image_files import Rules, Summary
from study.tasks.classification.data.listing import place_and_rules
from study.tasks.classification.data.listing import summary as scanned
from study.tasks.classification.schema import Data

SPLITS = ("train", "validation")
LARGE = 10_000  # pictures; listing fewer takes less than a second on a local disk
SETTLED = 2.0  # seconds; a folder changed later than this may change again in the same time stamp
OUTSIDE_LISTING = (
    *CHANGE_NO_NUMBER,
    "study.spec.schema",
    "study.tasks.classification.schema",  # what it says of a data set is part of the key
)
"""Modules whose change leaves the summary of a folder as it is."""


def forget() -> None:
    """Drop cached summaries, as before every plan."""
    _summary.cache_clear()


def summaries(data: Data, store: Store) -> list[Summary]:
    """The summaries of both splits of an image folder, in the order of `SPLITS`.

    Raises:
        DataError: a split is absent or cannot be read.
    """
    return [summary(data, split, store) for split in (data.train_split, data.val_split)]


def summary(data: Data, split: str, store: Store) -> Summary:
    """The summary of a split of an image folder, listed once per plan.

    Raises:
        DataError: the split is absent or cannot be read.
    """
    return _summary(*place_and_rules(data, split), store)


def fingerprints(data: Data, store: Store) -> dict[str, ImageFingerprint]:
    """Present fingerprints of an image folder, by split.

    Raises:
        DataError: a split is absent or cannot be read.
    """
    return fingerprints_by_split(summaries(data, store))


def fingerprints_by_split(splits: Sequence[Summary]) -> dict[str, ImageFingerprint]:
    """The fingerprints of summaries in the order of `SPLITS`; none for no summaries."""
    each = zip(SPLITS, splits, strict=bool(splits))
    return {name: ImageFingerprint(**split.fingerprint) for name, split in each}


class Images(Frozen):
    """`arms/KEY.json` of a split: its content, and a stamp that changes with its folders."""

    images: Summary
    stamp: str


@lru_cache(maxsize=64)
def _summary(place: Path, how: Rules, store: Store) -> Summary:
    """The summary of a split, from the store if no folder has changed since.

    Overwriting a file in place changes no folder; that is noticed when the split is next listed.
    """
    # Other code may list other files, so its summaries do not count.
    code = code_behind("study.tasks.classification.data.listing", ignoring=OUTSIDE_LISTING)
    parts = [str(place.absolute()), asdict(how), code, version("pillow")]
    key = digest(["images", *parts])
    record = store.record("arms", key, Images)
    if record and record.stamp == _stamps(place, record.images.folders)[0]:
        return record.images
    present, listed_at = scanned(place, how), time.time()
    stamp, changed_at = _stamps(place, present.folders)
    if present.files > LARGE and changed_at < listed_at - SETTLED:
        store.keep("arms", key, Images(images=present, stamp=stamp))
    return present


def _stamps(place: Path, folders: Sequence[str]) -> tuple[str, float]:
    """A digest of the change times of the folders or the tar, and the latest change time."""
    whole, latest = hashlib.sha256(), 0.0
    for folder in folders or ("",):
        try:
            status = os.stat(os.path.join(place, folder) if folder else place)
        except OSError:
            # Gone: no stored stamp is empty, and this time keeps the summary out of the store.
            return "", time.time()
        # ctime, since programs such as tar set the time of the last change back.
        whole.update(
            f"{status.st_dev} {status.st_ino} {status.st_ctime_ns} {status.st_size}\n".encode()
        )
        latest = max(latest, status.st_ctime)
    return whole.hexdigest()[:16], latest

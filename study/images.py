"""The images of a plan before anything is read: their classes, what is wrong with them, and
whether results are of other images than are there today.

Files are listed by the code that lists them for training. What a large folder holds is remembered
in the store, and holds as long as no folder in it has changed.
"""

import hashlib
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from study.data.faults import Fault, faults, oddities
from study.data.listing import Rules, Summary, rules
from study.data.listing import summary as taken
from study.data.places import class_map, place_of, root_of, unread_splits
from study.errors import DataError, SpecError
from study.frozen import Frozen
from study.marks import Problem, Tree
from study.origin import code
from study.records import ImageFingerprint
from study.schema import CLASSES, Data
from study.store import Store

LARGE = 10_000  # pictures; listing fewer takes less than a second on a local disk
SETTLED = 2.0  # seconds; a folder that changed later may change again within its time stamp
PACKAGES = {"hfds": "datasets", "wds": "webdataset"}


def forget() -> None:
    """Look at folders anew, as before every plan."""
    _summary.cache_clear()


def classes(data: Data, store: Store) -> int:
    """How many classes the data has, without reading an image.

    Raises:
        SpecError: only the images could tell.
        DataError: they are not there, or nothing in them is certain to be a class.
    """
    known = data.num_classes or CLASSES.get(data.name.lower())
    if known:
        return known
    if data.name != "folder":
        raise SpecError(
            f"num_classes of {data.name} is not known before it is read: say num_classes"
        )
    names = class_map(data)
    train = summary(data, data.train_split, store)
    uncertain = not train.counts or (train.nested and data.class_folder is None)
    if uncertain and (wrong := faults(data, [train], names)):
        raise DataError(wrong[0].message)
    return len(names) or len(train.counts)


def wrong(data: Data, store: Store) -> list[Fault]:
    """All that would stop every trial on these images, as far as their files tell."""
    kind = data.name.partition("/")[0]
    if kind == "digits":
        return []
    package = PACKAGES.get(kind)
    if package and find_spec(package) is None:
        message = f'data {data.name} needs {package}: pip install -e ".[hub]"'
        return [Fault("name", message, absent=True)]
    if kind == "hfds":  # its root is a cache, which is made where it is absent
        return []
    try:
        root = root_of(data)
    except DataError as error:
        return [Fault("root", str(error), absent=True)]
    if kind == "folder":
        return _of_folder(data, store)
    return [Fault(key, message) for key, message in unread_splits(data, root)]


def problems(asked: Iterable[tuple[Data, Tree]], store: Store, *, absent: bool) -> list[Problem]:
    """The same at its places in the study, which `asked` has beside each of its data.

    A plan can be made without images: that they are not here is no problem unless `absent`.
    """
    return [
        Problem(fault.message, tree.at([fault.key]).mark)
        for data, tree in asked
        for fault in wrong(data, store)
        if absent or not fault.absent
    ]


def notes(asked: Iterable[Data], store: Store) -> list[str]:
    """Images that are not here, and files of folders that are not read and are no mistake."""
    said = list[str]()
    for data in asked:
        said += [f"no images: {fault.message}" for fault in wrong(data, store) if fault.absent]
        said += odd(data, store)
    return list(dict.fromkeys(said))


def odd(data: Data, store: Store) -> list[str]:
    """What of a folder is not read, and is no mistake."""
    if data.name != "folder":
        return []
    try:
        return list(oddities(_splits(data, store), class_map(data)))
    except DataError:
        return []


def fingerprints(data: Data, store: Store) -> dict[str, ImageFingerprint]:
    """Today's, by split, of a folder.

    Raises:
        DataError: a split is not there, or cannot be read.
    """
    return _fingerprints(_splits(data, store))


def _fingerprints(splits: Sequence[Summary]) -> dict[str, ImageFingerprint]:
    each = zip(SPLITS, splits, strict=bool(splits))
    return {name: ImageFingerprint(**split.fingerprint) for name, split in each}


# ---- results of other images ----

SPLITS = ("train", "validation")


class Result(NamedTuple):
    """A finished trial, and the fingerprints of its images, by split, where they were kept."""

    name: str
    label: str
    data: Data
    images: Mapping[str, ImageFingerprint] | None


def changes(results: Iterable[Result], store: Store) -> Iterator[str]:
    """Results of other images than their folder has today, or of different states of it."""
    groups = dict[str, list[Result]]()
    for result in results:
        if result.data.name == "folder":
            groups.setdefault(result.data.model_dump_json(), []).append(result)
    for group in groups.values():
        yield from _changes(group, store)


def _changes(results: Sequence[Result], store: Store) -> Iterator[str]:
    data, groups = results[0].data, dict[str, list[Result]]()
    try:
        today = _splits(data, store)
    except DataError:
        today = []
    now = _fingerprints(today)
    for result in results:
        if said := difference(result.images or {}, now):
            groups.setdefault(said, []).append(result)
    for said, those in groups.items():
        yield f"the images in {data.root} changed since ({said}): {_again(those, store)}"
    states = {_state(result.images) for result in results if result.images}
    if len(states) > 1 and not groups:
        yield f"results are of {len(states)} different states of the images in {data.root}"
    old = [result for result in results if result.images is None]
    ways = sorted({way for split in today for way in split.earlier})
    if old and ways:
        yield f"in {data.root} an earlier version {', '.join(ways)}: {_again(old, store)}"


def interrupted(trials: Iterable[Result], store: Store) -> Iterator[str]:
    """Unfinished trials that began on other images than their folder has today."""
    for trial in trials:
        if trial.data.name != "folder" or not trial.images:
            continue
        try:
            change = difference(trial.images, fingerprints(trial.data, store))
        except DataError:  # told where the images themselves are checked
            continue
        if change:
            yield (
                f"a trial of {trial.label} began on other images of {trial.data.root} ({change}) "
                f"and cannot go on: put them back, or move {store.trial(trial.name)} away"
            )


def _state(images: Mapping[str, ImageFingerprint]) -> str:
    """A text that is the same for the same images."""
    return json.dumps({split: one.plain for split, one in images.items()}, sort_keys=True)


def difference(then: Mapping[str, ImageFingerprint], now: Mapping[str, ImageFingerprint]) -> str:
    """In what two fingerprints differ, in the splits that both have."""
    both = [name for name in SPLITS if name in then and name in now]
    return "; ".join(_change(n, then[n], now[n]) for n in both if then[n] != now[n])


def _change(name: str, then: ImageFingerprint, now: ImageFingerprint) -> str:
    if then.files != now.files:
        return f"{name}: {then.files} pictures then, {now.files} now"
    return f"{name}: other names or sizes of {now.files} pictures"


def _again(results: Sequence[Result], store: Store) -> str:
    """Which results are meant, and how to take them anew."""
    labels = ", ".join(dict.fromkeys(result.label for result in results))
    count = "1 result is" if len(results) == 1 else f"{len(results)} results are"
    folders = str(store.trial(results[0].name))
    more = f" and {len(results) - 1} more" if len(results) > 1 else ""
    return f"{count} of others, of {labels}; to train on these, move {folders}{more} away"


# ---- folders ----


def _of_folder(data: Data, store: Store) -> list[Fault]:
    found = list[Fault]()
    splits = list[Summary]()
    for key in ("train_split", "val_split"):
        try:
            splits.append(summary(data, getattr(data, key), store))
        except DataError as error:
            found.append(Fault(key, str(error)))
    try:
        names = class_map(data)
    except DataError as error:
        return [*found, Fault("class_map", str(error))]
    return found or faults(data, splits, names)


def _splits(data: Data, store: Store) -> list[Summary]:
    return [summary(data, split, store) for split in (data.train_split, data.val_split)]


def summary(data: Data, split: str, store: Store) -> Summary:
    """What a split of a folder holds, listed once for a plan.

    Raises:
        DataError: it is not there, or cannot be read.
    """
    place = place_of(root_of(data), split)
    return _summary(place, rules(data, class_map(data)), store)


class Images(Frozen):
    """`arms/KEY.json` of a split: its content, and a stamp that changes with its folders."""

    images: Summary
    stamp: str


@lru_cache(maxsize=64)
def _summary(place: Path, how: Rules, store: Store) -> Summary:
    """From the store, if no folder has changed since; a file that was written over in its place
    changes none, which is noticed when it is next listed whole."""
    parts = [str(place.absolute()), asdict(how), code("data"), version("pillow")]
    key = hashlib.sha256(json.dumps(["images", *parts]).encode()).hexdigest()[:16]
    record = store.kept("arms", key, Images)
    found = _remembered(place, record) if record else None
    if found is None:
        found, began = taken(place, how), time.time()
        stamp, changed = _stamps(place, found.folders)
        if found.files > LARGE and changed < began - SETTLED:
            store.keep("arms", key, Images(images=found, stamp=stamp))
    return found


def _remembered(place: Path, record: Images) -> Summary | None:
    unchanged = record.stamp == _stamps(place, record.images.folders)[0]
    return record.images if unchanged else None


def _stamps(place: Path, folders: Sequence[str]) -> tuple[str, float]:
    """A digest of when the folders, or the tar, last changed; and the latest of these times."""
    whole, latest = hashlib.sha256(), 0.0
    for folder in folders or ("",):
        try:
            seen = os.stat(os.path.join(place, folder) if folder else place)
        except OSError:
            return "", time.time()
        whole.update(f"{seen.st_dev} {seen.st_ino} {seen.st_ctime_ns} {seen.st_size}\n".encode())
        latest = max(latest, seen.st_ctime)
    return whole.hexdigest()[:16], latest

"""Image folders at plan time: number of classes, problems, and changes since earlier results.

Files are listed by the same code as for training. The summary of a large folder is cached in the
store, and stays valid as long as no folder in it has changed.
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

from study.data.class_map import class_map
from study.data.image_files import Rules, Summary, rules
from study.data.listing import summary as scanned
from study.data.locations import place_of, root_of, unread_splits
from study.data.problems import ImageProblem, data_problems, oddities
from study.errors import DataError, SpecError
from study.spec.schema import CLASSES, Data
from study.spec.yaml import Problem, Tree
from study.store.frozen import Frozen
from study.store.provenance import CHANGE_NO_NUMBER, code_behind, digest
from study.store.records import ImageFingerprint
from study.store.store import Store

LARGE = 10_000  # pictures; listing fewer takes less than a second on a local disk
SETTLED = 2.0  # seconds; a folder changed later than this may change again in the same time stamp
OUTSIDE_LISTING = (
    *CHANGE_NO_NUMBER,
    "study.spec.schema",  # what it says of a data set is part of the key
)
"""Modules whose change leaves the summary of a folder as it is."""
PACKAGES = {"hfds": "datasets", "wds": "webdataset"}


def forget() -> None:
    """Drop cached summaries, as before every plan."""
    _summary.cache_clear()


def classes(data: Data, store: Store) -> int:
    """The number of classes of the data, without reading an image.

    Raises:
        SpecError: the number is unknown before images are read.
        DataError: the images are absent, or their class folders are ambiguous.
    """
    if count := data.num_classes or CLASSES.get(data.name.lower()):
        return count
    if data.name != "folder":
        raise SpecError(
            f"num_classes of {data.name} is not known before it is read: say num_classes"
        )
    names = class_map(data)
    train = summary(data, data.train_split, store)
    uncertain = not train.counts or (train.nested and data.class_folder is None)
    if uncertain and (wrong := data_problems(data, [train], names)):
        raise DataError(wrong[0].message)
    return len(names) or len(train.counts)


def image_problems(data: Data, store: Store) -> list[ImageProblem]:
    """Problems with the files of a data set that would stop every trial."""
    kind = data.name.partition("/")[0]
    if kind == "digits":
        return []
    package = PACKAGES.get(kind)
    if package and find_spec(package) is None:
        message = f'data {data.name} needs {package}: pip install -e ".[hub]"'
        return [ImageProblem("name", message, absent=True)]
    if kind == "hfds":  # its root is a cache, which is created if absent
        return []
    try:
        root = root_of(data)
    except DataError as error:
        return [ImageProblem("root", str(error), absent=True)]
    if kind == "folder":
        return _of_folder(data, store)
    return [ImageProblem(key, message) for key, message in unread_splits(data, root)]


def problems(
    data_sets: Iterable[tuple[Data, Tree]], store: Store, *, absent: bool
) -> list[Problem]:
    """Problems with data sets, at their positions in the study file.

    A plan can be made without images, so absent images are a problem only if `absent` is true.
    """
    return [
        Problem(fault.message, tree.at([fault.key]).location)
        for data, tree in data_sets
        for fault in image_problems(data, store)
        if absent or not fault.absent
    ]


def notes(data_sets: Iterable[Data], store: Store) -> list[str]:
    """Notes on absent images and on files that are not read, neither of which is a mistake."""
    texts = list[str]()
    for data in data_sets:
        texts += [
            f"no images: {fault.message}" for fault in image_problems(data, store) if fault.absent
        ]
        texts += odd(data, store)
    return list(dict.fromkeys(texts))


def odd(data: Data, store: Store) -> list[str]:
    """Notes on files of an image folder that are not read."""
    if data.name != "folder":
        return []
    try:
        return list(oddities(_splits(data, store), class_map(data)))
    except DataError:
        return []


def fingerprints(data: Data, store: Store) -> dict[str, ImageFingerprint]:
    """Present fingerprints of an image folder, by split.

    Raises:
        DataError: a split is absent or cannot be read.
    """
    return _fingerprints(_splits(data, store))


def _fingerprints(splits: Sequence[Summary]) -> dict[str, ImageFingerprint]:
    each = zip(SPLITS, splits, strict=bool(splits))
    return {name: ImageFingerprint(**split.fingerprint) for name, split in each}


# ---- images that changed since earlier results ----

SPLITS = ("train", "validation")


class ImagesOfTrial(NamedTuple):
    """A trial, and the fingerprints of its images by split (None in old results)."""

    name: str
    label: str
    data: Data
    images: Mapping[str, ImageFingerprint] | None


def changes(results: Iterable[ImagesOfTrial], store: Store) -> Iterator[str]:
    """Messages about results whose images differ from the present folder or from each other."""
    groups = dict[str, list[ImagesOfTrial]]()
    for result in results:
        if result.data.name == "folder":
            groups.setdefault(result.data.model_dump_json(), []).append(result)
    for group in groups.values():
        yield from _changes(group, store)


def _changes(results: Sequence[ImagesOfTrial], store: Store) -> Iterator[str]:
    data, groups = results[0].data, dict[str, list[ImagesOfTrial]]()
    try:
        today = _splits(data, store)
    except DataError:
        today = []
    now = _fingerprints(today)
    for result in results:
        if change := difference(result.images or {}, now):
            groups.setdefault(change, []).append(result)
    for change, those in groups.items():
        yield f"the images in {data.root} changed since ({change}): {_again(those, store)}"
    states = {_state(result.images) for result in results if result.images}
    if len(states) > 1 and not groups:
        yield f"results are of {len(states)} different states of the images in {data.root}"
    old = [result for result in results if result.images is None]
    differences = sorted({text for split in today for text in split.earlier})
    if old and differences:
        changes = ", ".join(differences)
        yield f"in {data.root} an earlier version {changes}: {_again(old, store)}"


def interrupted(trials: Iterable[ImagesOfTrial], store: Store) -> Iterator[str]:
    """Messages about unfinished trials whose images differ from the present folder."""
    for trial in trials:
        if trial.data.name != "folder" or not trial.images:
            continue
        try:
            change = difference(trial.images, fingerprints(trial.data, store))
        except DataError:  # `wrong` reports it
            continue
        if change:
            yield (
                f"a trial of {trial.label} began on other images of {trial.data.root} ({change}) "
                f"and cannot continue: restore them, or move {store.trial(trial.name)} away"
            )


def _state(images: Mapping[str, ImageFingerprint]) -> str:
    """A text that is equal for equal images."""
    return json.dumps({split: print_.plain for split, print_ in images.items()}, sort_keys=True)


def difference(then: Mapping[str, ImageFingerprint], now: Mapping[str, ImageFingerprint]) -> str:
    """The difference between fingerprints as text, for the splits that both have."""
    both = [name for name in SPLITS if name in then and name in now]
    return "; ".join(_change(n, then[n], now[n]) for n in both if then[n] != now[n])


def _change(name: str, then: ImageFingerprint, now: ImageFingerprint) -> str:
    if then.files != now.files:
        return f"{name}: {then.files} pictures then, {now.files} now"
    return f"{name}: other names or sizes of {now.files} pictures"


def _again(results: Sequence[ImagesOfTrial], store: Store) -> str:
    """The results in question, and how to repeat them."""
    labels = ", ".join(dict.fromkeys(result.label for result in results))
    count = "1 result is" if len(results) == 1 else f"{len(results)} results are"
    folders = str(store.trial(results[0].name))
    more = f" and {len(results) - 1} more" if len(results) > 1 else ""
    return (
        f"{count} of other images ({labels}); to train on the present ones, "
        f"move {folders}{more} away"
    )


# ---- folders ----


def _of_folder(data: Data, store: Store) -> list[ImageProblem]:
    faults_found = list[ImageProblem]()
    splits = list[Summary]()
    for key in ("train_split", "val_split"):
        try:
            splits.append(summary(data, getattr(data, key), store))
        except DataError as error:
            faults_found.append(ImageProblem(key, str(error)))
    try:
        names = class_map(data)
    except DataError as error:
        return [*faults_found, ImageProblem("class_map", str(error))]
    return faults_found or data_problems(data, splits, names)


def _splits(data: Data, store: Store) -> list[Summary]:
    return [summary(data, split, store) for split in (data.train_split, data.val_split)]


def summary(data: Data, split: str, store: Store) -> Summary:
    """The summary of a split of an image folder, listed once per plan.

    Raises:
        DataError: the split is absent or cannot be read.
    """
    place = place_of(root_of(data), split)
    return _summary(place, rules(data, class_map(data)), store)


class Images(Frozen):
    """`arms/KEY.json` of a split: its content, and a stamp that changes with its folders."""

    images: Summary
    stamp: str


@lru_cache(maxsize=64)
def _summary(place: Path, how: Rules, store: Store) -> Summary:
    """The summary of a split, from the store if no folder has changed since.

    Overwriting a file in place changes no folder; that is noticed when the split is next listed.
    """
    code = code_behind("study.data.listing", ignoring=OUTSIDE_LISTING)
    parts = [str(place.absolute()), asdict(how), code, version("pillow")]
    key = digest(["images", *parts])
    record = store.record("arms", key, Images)
    summary_now = _remembered(place, record) if record else None
    if summary_now is None:
        summary_now, began = scanned(place, how), time.time()
        stamp, changed = _stamps(place, summary_now.folders)
        if summary_now.files > LARGE and changed < began - SETTLED:
            store.keep("arms", key, Images(images=summary_now, stamp=stamp))
    return summary_now


def _remembered(place: Path, record: Images) -> Summary | None:
    unchanged = record.stamp == _stamps(place, record.images.folders)[0]
    return record.images if unchanged else None


def _stamps(place: Path, folders: Sequence[str]) -> tuple[str, float]:
    """A digest of the change times of the folders or the tar, and the latest change time."""
    whole, latest = hashlib.sha256(), 0.0
    for folder in folders or ("",):
        try:
            status = os.stat(os.path.join(place, folder) if folder else place)
        except OSError:
            return "", time.time()
        whole.update(
            f"{status.st_dev} {status.st_ino} {status.st_ctime_ns} {status.st_size}\n".encode()
        )
        latest = max(latest, status.st_ctime)
    return whole.hexdigest()[:16], latest

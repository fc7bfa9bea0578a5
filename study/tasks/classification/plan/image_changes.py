"""Images that changed since earlier results, and since unfinished trials began."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from study.errors import DataError
from study.store.records import ImageFingerprint
from study.store.store import Store
from study.tasks.classification.plan.image_summaries import (
    SPLITS,
    fingerprints,
    fingerprints_by_split,
    summaries,
)
from study.tasks.classification.schema import LISTED, Data


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
        if result.data.name in LISTED:
            # Arms usually share their images, which are then listed and compared once.
            groups.setdefault(result.data.model_dump_json(), []).append(result)
    for group in groups.values():
        yield from _changes(group, store)


def _changes(results: Sequence[ImagesOfTrial], store: Store) -> Iterator[str]:
    data, groups = results[0].data, dict[str, list[ImagesOfTrial]]()
    try:
        today = summaries(data, store)
    except DataError:
        today = []
    now = fingerprints_by_split(today)
    for result in results:
        if change := difference(result.images or {}, now, kind=data.name):
            groups.setdefault(change, []).append(result)
    for change, those in groups.items():
        yield f"the images in {data.root} changed since ({change}): {_remedy(those, store)}"
    # Those that differ from the present folder are named above already.
    states = {_state(result.images) for result in results if result.images}
    if len(states) > 1 and not groups:
        yield f"results are of {len(states)} different states of the images in {data.root}"
    # Results without fingerprints are of versions that may have read the folder otherwise.
    old = [result for result in results if result.images is None]
    differences = sorted({text for split in today for text in split.earlier})
    if old and differences:
        changes = ", ".join(differences)
        yield f"in {data.root} an earlier version {changes}: {_remedy(old, store)}"


def interrupted(trials: Iterable[ImagesOfTrial], store: Store) -> Iterator[str]:
    """Messages about unfinished trials whose images differ from the present folder."""
    for trial in trials:
        if trial.data.name not in LISTED or not trial.images:
            continue
        try:
            change = difference(trial.images, fingerprints(trial.data, store), kind=trial.data.name)
        except DataError:  # `images.problems` reports it
            continue
        if change:
            yield (
                f"a trial of {trial.label} began on other images of {trial.data.root} ({change}) "
                f"and cannot continue: restore them, or move {store.trial(trial.name)} away"
            )


def _state(images: Mapping[str, ImageFingerprint]) -> str:
    """A text that is equal for equal images."""
    return json.dumps(
        {split: fingerprint.plain for split, fingerprint in images.items()}, sort_keys=True
    )


def difference(
    then: Mapping[str, ImageFingerprint],
    now: Mapping[str, ImageFingerprint],
    *,
    kind: str = "folder",
) -> str:
    """The difference between fingerprints as text, for the splits that both have."""
    both = [name for name in SPLITS if name in then and name in now]
    return "; ".join(_change(n, then[n], now[n], kind) for n in both if then[n] != now[n])


def _change(name: str, then: ImageFingerprint, now: ImageFingerprint, kind: str) -> str:
    if then.files != now.files:
        return f"{name}: {then.files} pictures then, {now.files} now"
    return f"{name}: other {DIGESTED[kind]} of {now.files} pictures"


DIGESTED = {
    "folder": "names or sizes",
    "csv": "names, labels or sizes",
    "npz": "pixels or labels",
    "hf": "labels or sizes",
}
"""The content of a fingerprint's digest, by kind of data."""


def _remedy(results: Sequence[ImagesOfTrial], store: Store) -> str:
    """The results in question, and how to repeat them."""
    labels = ", ".join(dict.fromkeys(result.label for result in results))
    count = "1 result is" if len(results) == 1 else f"{len(results)} results are"
    folders = str(store.trial(results[0].name))
    more = f" and {len(results) - 1} more" if len(results) > 1 else ""
    return (
        f"{count} of other images ({labels}); to train on the present ones, "
        f"move {folders}{more} away"
    )

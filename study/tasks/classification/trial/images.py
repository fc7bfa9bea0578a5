"""Fingerprints of the images that a trial begins and ends with."""

from collections.abc import Mapping

from study.errors import DataError
from study.store.records import ImageFingerprint
from study.store.store import Store
from study.tasks.classification import data
from study.tasks.classification.records import ClassifierRecord


def fingerprints(images: data.ValidationData) -> dict[str, ImageFingerprint]:
    return {split: ImageFingerprint(**values) for split, values in images.fingerprints.items()}


def images_of_result(
    store: Store, name: str, record: ClassifierRecord
) -> dict[str, ImageFingerprint]:
    """The fingerprints of the images by split, for a result; empty for images without files.

    Raises:
        DataError: the images are not those that the trial began with.
    """
    # Once more at the end, since images may have changed during training.
    today = fingerprints(data.load(record.data))
    if today:
        begin_on_images(store, name, today)
    return today


def begin_on_images(store: Store, name: str, today: Mapping[str, ImageFingerprint]) -> None:
    """Record the images that a trial begins with; it resumes with these alone.

    Raises:
        DataError: names or sizes of images changed since.
    """
    folder = store.folder(name)
    # Without a checkpoint the trial starts anew, on today's images alone.
    resumes = any(path.exists() for path in folder.checkpoints)
    before = store.begun_on(name) if resumes else None
    if before is not None and before != today:
        changed = [split for split in today if before.get(split) != today[split]]
        raise DataError(
            f"the images changed since this trial began ({', '.join(changed)}): restore them, "
            f"or move {folder.path} away to start again"
        )
    if today:
        store.begin(name, today)

"""Fingerprints of the images that a trial begins and ends with."""

from study.store.records import ImageFingerprint
from study.store.store import Store
from study.tasks.classification import data
from study.tasks.classification.records import ClassifierRecord
from study.tasks.training.images import begin_on_images


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

"""The images that a trial begins with, by their fingerprints."""

from collections.abc import Mapping

from study.errors import DataError
from study.store.records import ImageFingerprint
from study.store.store import Store


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

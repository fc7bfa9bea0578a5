"""The number of classes of a data set, as its annotations list them."""

import os

from study.errors import DataError
from study.store.fields import Few
from study.store.frozen import Frozen
from study.store.provenance import digest
from study.store.store import Store
from study.tasks.detection.schema import CocoData

DIGITS = 10
COCO = 80
"""The categories of COCO, for files that are not on this machine."""


class ClassCount(Frozen):
    """The number of categories of an annotation file."""

    classes: Few


def classes(data: CocoData, store: Store) -> int:
    """The number of classes, without the background.

    Counted once for every state of a file, since that of COCO takes long to read. Where the file is
    absent or broken, which is reported beside, it is that of COCO.
    """
    if data.name == "digits_coco":
        return DIGITS
    # Imported here, as a command line that reads no annotations starts without numpy.
    from study.tasks.detection.data.loading import locations

    # Of the images that are evaluated: its file is the smaller one.
    path, _ = locations(data, "val")
    try:
        status = path.stat()
    except OSError:
        return COCO
    key = digest(["classes", os.fspath(path.resolve()), status.st_size, status.st_mtime_ns])
    known = store.record("arms", key, ClassCount)
    if known is None:
        known = ClassCount(classes=_counted(data))
        store.keep("arms", key, known)
    return known.classes


def _counted(data: CocoData) -> int:
    from study.tasks.detection.data.loading import validation

    try:
        return len(validation(data).categories)
    except DataError:
        return COCO

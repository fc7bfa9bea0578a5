"""Decode every image of a data set once, to list those that cannot be read."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from study.errors import DataError
from study.store.processes import cores
from study.tasks.classification.data.dataset import load
from study.tasks.classification.data.loader import NumberedImages
from study.tasks.classification.data.webdataset import ShardStream
from study.tasks.classification.schema import Data, Recipe

Tick = Callable[[int, int], object]
CHUNK = 1024  # images queued at a time; a queue of a whole set would hold millions


def unreadable(data: Data, tick: Tick) -> list[str]:
    """One message for each image that cannot be read; empty if all can.

    Runs one thread per core, since Pillow decodes without Python's lock. `tick` is called with the
    number of images done and of all images. A set that cannot be opened gives its own messages.
    """
    try:
        images = load(data, workers=0)
    except DataError as error:
        return str(error).splitlines()
    total, done, wrong = images.train_size + images.val_size, 0, list[str]()
    with ThreadPoolExecutor(cores()) as pool:
        for split in (images.train, images.val):
            messages = (
                _streamed(split, data) if isinstance(split, ShardStream) else _each(split, pool)
            )
            for message in messages:
                wrong += [message] if message else []
                done += 1
                tick(done, total)
    return wrong


def _each(split: Any, pool: ThreadPoolExecutor) -> Iterator[str]:
    for first in range(0, len(split), CHUNK):
        chunk = range(first, min(first + CHUNK, len(split)))
        yield from pool.map(lambda index: _wrong(split, index), chunk)


def _wrong(split: NumberedImages, index: int) -> str:
    try:
        split.picture(index)
    except DataError as error:
        return str(error)
    return ""


def _streamed(split: ShardStream, data: Data) -> Iterable[str]:
    """One message for a stream, about its number: timm skips broken images with a warning."""
    try:
        # Any recipe decodes every image.
        for images, _ in split.evaluation(Recipe(), "cpu"):
            yield from [""] * len(images)
    except DataError as error:
        yield str(error)

"""Reader of COCO's JSON: every entry goes into arrays as soon as it is parsed.

Parsed whole, the annotations of 100,000 images are several GB of Python objects. `object_hook` of
the standard parser is given each entry as it ends, so that only the text and the arrays are held.
"""

import json
import mmap
import struct
from array import array
from collections.abc import Iterator, Sequence
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

import numpy as np

from study.tasks.detection.data.annotations import ROW, Annotations, Category, Packed
from study.tasks.detection.data.segmentations import SegmentationError, compressed

Entry = dict[str, object]

IMAGE_KEYS = ("id", "file_name", "height", "width")
OBJECT_KEYS = ("id", "image_id", "category_id", "bbox", "area")
PACK = struct.Struct("<qqqdddddB").pack
"""Writes a row of `ROW`, and refuses values of other types."""

image_values, object_values = itemgetter(*IMAGE_KEYS), itemgetter(*OBJECT_KEYS)


class Stored:
    """A place in the parsed file whose entry lies in the arrays."""


IMAGE, OBJECT = Stored(), Stored()


class ReadFile(NamedTuple):
    """What a file has, as far as it can be read, and what is wrong with single entries."""

    annotations: Annotations
    problems: list[str]


class UnreadableError(Exception):
    """A file that has no annotations at all; the message is the end of a sentence about it."""


def read(path: Path, *, masks: bool = True) -> ReadFile:
    """The annotations of a file.

    Raises:
        UnreadableError: it is not JSON, or not in COCO's form.
        OSError: it cannot be opened.
    """
    with path.open("rb") as file:
        if not path.stat().st_size:
            raise UnreadableError("is empty")
        # Decoded from mapped memory, as the bytes and the text together would need twice as much.
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            try:
                text = str(mapped, "utf-8-sig")
            except UnicodeDecodeError as error:
                raise UnreadableError(f"is no text in UTF-8: {error.reason}") from None
    return parsed(text, masks=masks)


def parsed(text: str, *, masks: bool = True) -> ReadFile:
    """The annotations of a text; see `read`."""
    reader = Reader(masks)
    try:
        # Read from its start: raw_decode would accept a file that goes on behind the last brace.
        tree = json.loads(text, object_hook=reader.entry)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        cut = " (cut off)" if error.pos >= len(text.rstrip()) else ""
        raise UnreadableError(f"is not JSON: {error.msg} at {where}{cut}") from None
    except RecursionError:
        raise UnreadableError("is nested too deeply to be COCO's JSON") from None
    if not isinstance(tree, dict):
        raise UnreadableError("is not in COCO's form: it has no images, annotations and categories")
    lists = [tree.get(key) for key in ("images", "annotations", "categories")]
    return reader.result(tree, lists)


class Reader:
    """Arrays that grow with every entry."""

    def __init__(self, masks: bool) -> None:
        self.with_masks = masks
        self.rows, self.masks, self.names = bytearray(), bytearray(), bytearray()
        self.starts, self.ends, self.name_ends = array("q"), array("q"), array("q")
        self.sizes: dict[int, tuple[int, int]] = {}
        self.later: list[tuple[int, int, int, object]] = []
        self.problems: list[str] = []

    def entry(self, entry: Entry) -> object:
        """What the parsed file has in place of an entry: the entry itself where it is none."""
        if "category_id" in entry or "image_id" in entry:
            return self.add_object(entry)
        return self.add_image(entry) if "file_name" in entry else entry

    def add_image(self, entry: Entry) -> object:
        values = image_values(entry) if all(key in entry for key in IMAGE_KEYS) else ()
        match values:
            case (int(id), str(name), int(height), int(width)) if height > 0 and width > 0:
                pass
            case _:
                return entry
        if id in self.sizes:
            self.problems.append(f"image {id} is in the file twice")
            return IMAGE
        self.sizes[id] = (height, width)
        self.names += name.encode("utf-8", "surrogateescape")
        self.name_ends.append(len(self.names))
        return IMAGE

    def add_object(self, entry: Entry) -> object:
        try:
            id, image, category, box, area = object_values(entry)
            x, y, width, height = box
            crowd = entry.get("iscrowd", 0)
            self.rows += PACK(id, image, category, x, y, width, height, area, crowd)
        except (KeyError, TypeError, ValueError, struct.error):
            return entry
        self.starts.append(len(self.masks))
        segmentation = entry.get("segmentation")
        if self.with_masks and segmentation is not None:
            # Usual files have the images first; sizes of others are known at the end.
            if image in self.sizes:
                self.add_mask(id, image, segmentation)
            else:
                self.later.append((len(self.ends), id, image, segmentation))
        self.ends.append(len(self.masks))
        return OBJECT

    def add_mask(self, id: int, image: int, segmentation: object) -> None:
        try:
            self.masks += compressed(segmentation, *self.sizes[image])
        except SegmentationError as error:
            self.problems.append(f"annotation {id}: {error}")

    def result(self, tree: Entry, lists: Sequence[object]) -> ReadFile:
        """The arrays in the order of the images, and all that is wrong with single entries."""
        images, objects, categories = lists
        for index, id, image, segmentation in self.later:
            if image in self.sizes:
                self.starts[index] = len(self.masks)
                self.add_mask(id, image, segmentation)
                self.ends[index] = len(self.masks)
        classes, wrong = _categories(categories)
        listed = (
            ("images", "image", images, IMAGE),
            ("annotations", "annotation", objects, OBJECT),
        )
        for key, noun, entries, stored in listed:
            self.problems += _odd(entries, stored, key, noun)
        return ReadFile(self._arrays(classes), [*self.problems, *wrong])

    def _arrays(self, classes: tuple[Category, ...]) -> Annotations:
        ids = np.fromiter(self.sizes, np.int64, len(self.sizes))
        sizes = np.array(list(self.sizes.values()), np.int32).reshape(-1, 2)
        rows = np.frombuffer(self.rows, ROW)
        # Objects of images that the file does not have go to the end, where no image reads them.
        by_id = np.argsort(ids, kind="stable")
        at = np.searchsorted(ids[by_id], rows["image"]).clip(max=max(0, len(ids) - 1))
        index = by_id[at] if len(ids) else np.zeros(len(rows), np.int64)
        known = ids[index] == rows["image"] if len(ids) else np.zeros(len(rows), bool)
        index = np.where(known, index, len(ids))
        order = np.argsort(index, kind="stable")
        first = np.searchsorted(index[order], np.arange(len(ids) + 1))
        ends = np.frombuffer(self.name_ends, np.int64) if self.name_ends else np.zeros(0, np.int64)
        names = Packed(np.frombuffer(self.names, np.uint8), np.concatenate([[0], ends])[:-1], ends)
        starts, stops = (np.array(a, np.int64)[order] for a in (self.starts, self.ends))
        masks = Packed(np.frombuffer(self.masks, np.uint8), starts, stops)
        return Annotations(classes, ids, names, sizes, first, rows[order], masks)


def _categories(entries: object) -> tuple[tuple[Category, ...], list[str]]:
    """The categories in the order of their ids, and what is wrong with them."""
    if not isinstance(entries, list) or not entries:
        return (), ["has no categories"]
    classes: dict[int, Category] = {}
    wrong = []
    for number, entry in enumerate(entries, 1):
        match entry:
            case {"id": int(id), "name": str()} if id in classes:
                wrong.append(f"category {id} is in the file twice")
            case {"id": int(id), "name": str(name)}:
                classes[id] = Category(id, name)
            case _:
                wrong.append(f"category number {number} has no id (a whole number) or no name")
    return tuple(classes[id] for id in sorted(classes)), wrong


def _odd(entries: object, stored: Stored, key: str, noun: str) -> Iterator[str]:
    """Messages about entries that are not in the arrays."""
    if not isinstance(entries, list):
        yield f"has no list of {key}"
        return
    for number, entry in enumerate(entries, 1):
        if entry is stored:
            continue
        if not isinstance(entry, dict):
            yield f"{noun} number {number} is in the wrong list, or no object of keys"
            continue
        keys = IMAGE_KEYS if stored is IMAGE else OBJECT_KEYS
        name = f"{noun} {entry.get('id')}" if "id" in entry else f"{noun} number {number}"
        if lost := [k for k in keys if k not in entry]:
            yield f"{name} has no {', '.join(lost)}"
        else:
            yield f"{name}: {_mistyped(entry, keys)}"


def _mistyped(entry: Entry, keys: Sequence[str]) -> str:
    """The first value that is not what its key needs."""
    for key in keys:
        value = entry[key]
        if key in ("id", "image_id", "category_id") and type(value) is not int:
            return f"{key} is {value!r}, and not a whole number"
        if key in ("height", "width") and not (type(value) is int and value > 0):
            return f"{key} is {value!r}, and not a number of pixels"
        if key == "file_name" and not isinstance(value, str):
            return f"file_name is {value!r}, and not a text"
    box = entry.get("bbox")
    if box is not None and not (isinstance(box, list) and len(box) == 4):
        return f"bbox is {box!r}, and not [x, y, width, height]"
    return "bbox, area or iscrowd are not numbers"

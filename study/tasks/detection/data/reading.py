"""Reader of COCO's JSON: every entry goes into arrays as soon as it is read."""

import io
import struct
from array import array
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple, TextIO

import numpy as np

from study.tasks.detection.data.annotations import ROW, Annotations, Category, Ints, Packed, Rows
from study.tasks.detection.data.json_stream import JsonStream, UnreadableError
from study.tasks.detection.data.segmentations import SegmentationError, compressed

Entry = dict[str, object]

IMAGE_KEYS = ("id", "file_name", "height", "width")
CATEGORY_KEYS = ("id", "name")
OBJECT_KEYS = ("id", "image_id", "category_id", "bbox", "area")
# Little-endian without gaps, as ROW.
PACK = struct.Struct("<qqqdddddB").pack
"""Writes a row of `ROW`, and refuses values of other types."""

object_values = itemgetter(*OBJECT_KEYS)


class ReadFile(NamedTuple):
    """The annotations of a file, as far as they can be read, and its broken entries."""

    annotations: Annotations
    problems: list[str]


def read(path: Path, *, masks: bool = True) -> ReadFile:
    """The annotations of a file.

    Raises:
        UnreadableError: it is not JSON, or not in COCO's form.
        OSError: it cannot be opened.
    """
    # A byte-order mark is accepted, as editors of Windows write it.
    with path.open(encoding="utf-8-sig", newline="") as file:
        return _read(file, masks)


def parsed(text: str, *, masks: bool = True) -> ReadFile:
    """The annotations of a text; see `read`."""
    return _read(io.StringIO(text), masks)


def _read(file: TextIO, masks: bool) -> ReadFile:
    stream, reader = JsonStream(file), Reader(masks)
    seen: set[str] = set()
    for key in stream.names():
        if key in seen:
            # Which of the two counts would depend on the reader.
            raise UnreadableError(f"has the key {key} twice")
        seen.add(key)
        if key not in reader.lists:
            stream.value()  # info and licenses
        elif stream.next() != "[":
            raise UnreadableError(f"has {key} that are no list")
        else:
            add = reader.lists[key]
            for number, entry in enumerate(stream.entries(), 1):
                add(number, entry)
    if lost := [key for key in reader.lists if key not in seen]:
        raise UnreadableError(f"has no {' and no '.join(lost)}")
    return reader.result()


class Reader:
    """Arrays that grow with every entry, and messages about entries that are wrong."""

    def __init__(self, masks: bool) -> None:
        self.with_masks = masks
        self.rows, self.masks, self.names = bytearray(), bytearray(), bytearray()
        self.starts, self.ends, self.name_ends = array("q"), array("q"), array("q")
        # Image ids with height and width, in the order of the file.
        self.sizes: dict[int, tuple[int, int]] = {}
        self.classes: dict[int, Category] = {}
        self.later: list[tuple[int, int, int, object]] = []
        self.problems: list[str] = []
        self.lists: Mapping[str, Callable[[int, object], None]] = {
            "images": self.add_image,
            "annotations": self.add_object,
            "categories": self.add_category,
        }

    def add_image(self, number: int, entry: object) -> None:
        match entry:
            case {"id": int(id), "file_name": str()} if id in self.sizes:
                self.problems.append(f"image {id} is in the file twice")
            case {
                "id": int(id),
                "file_name": str(name),
                "height": int(height),
                "width": int(width),
            }:
                if height < 1 or width < 1:
                    self.problems.append(f"image {id} is {width} × {height} px")
                self.sizes[id] = (height, width)
                self.names += name.encode("utf-8", "surrogateescape")
                self.name_ends.append(len(self.names))
            case _:
                self.problems.append(_odd(entry, number, "image", IMAGE_KEYS))

    def add_object(self, number: int, entry: object) -> None:
        values = entry if isinstance(entry, dict) else {}
        try:
            id, image, category, box, area = object_values(values)
            x, y, width, height = box
            crowd = values.get("iscrowd", 0)
            self.rows += PACK(id, image, category, x, y, width, height, area, crowd)
        # Rows are checked by writing them: a check of each value would take as long as the rest.
        except (KeyError, TypeError, ValueError, struct.error):
            self.problems.append(_odd(entry, number, "annotation", OBJECT_KEYS))
            return
        self.starts.append(len(self.masks))
        segmentation = values.get("segmentation")
        if self.with_masks and segmentation is not None:
            # Usual files have the images first; the sizes of others are known at the end.
            if image in self.sizes:
                self.add_mask(id, image, segmentation)
            else:
                self.later.append((len(self.ends), id, image, segmentation))
        self.ends.append(len(self.masks))

    def add_mask(self, id: int, image: int, segmentation: object) -> None:
        try:
            self.masks += compressed(segmentation, *self.sizes[image])
        except SegmentationError as error:
            self.problems.append(f"annotation {id}: {error}")

    def add_category(self, number: int, entry: object) -> None:
        match entry:
            case {"id": int(id), "name": str()} if id in self.classes:
                self.problems.append(f"category {id} is in the file twice")
            case {"id": int(id), "name": str(name)}:
                self.classes[id] = Category(id, name)
            case _:
                self.problems.append(_odd(entry, number, "category", CATEGORY_KEYS))

    def result(self) -> ReadFile:
        """The arrays in the order of the images, and all that is wrong with single entries."""
        for index, id, image, segmentation in self.later:
            if image in self.sizes:
                self.starts[index] = len(self.masks)
                self.add_mask(id, image, segmentation)
                self.ends[index] = len(self.masks)
        ids = np.fromiter(self.sizes, np.int64, len(self.sizes))
        sizes = np.array(list(self.sizes.values()), np.int32).reshape(-1, 2)
        rows = Rows.of(np.frombuffer(self.rows, ROW))
        places = positions(rows.image, ids)
        # Objects of images that the file does not have come last, where no image reads them.
        order = np.argsort(np.where(places < 0, len(ids), places), kind="stable")
        first = np.searchsorted(np.sort(places[places >= 0]), np.arange(len(ids) + 1))
        ends = np.array(self.name_ends, np.int64)
        starts = np.concatenate([np.zeros(1, np.int64), ends])[: len(ends)]
        names = Packed(np.frombuffer(self.names, np.uint8), starts, ends)
        starts, ends = (np.array(part, np.int64)[order] for part in (self.starts, self.ends))
        masks = Packed(np.frombuffer(self.masks, np.uint8), starts, ends)
        classes = tuple(self.classes[id] for id in sorted(self.classes))
        arrays = Annotations(classes, ids, names, sizes, first, rows.take(order), masks)
        return ReadFile(arrays, self.problems)


def positions(values: Ints, among: Ints) -> Ints:
    """The index of each value among unique numbers; -1 for those that are not there."""
    if not len(among):
        return np.full(len(values), -1)
    order = np.argsort(among, kind="stable")
    at = order[np.searchsorted(among, values, sorter=order).clip(max=len(among) - 1)]
    return np.where(among[at] == values, at, -1)


def _odd(entry: object, number: int, noun: str, keys: Sequence[str]) -> str:
    """A message about an entry that is not what its list holds, by its id or its number from 1."""
    if not isinstance(entry, dict):
        return f"{noun} number {number} is no object with keys"
    name = f"{noun} {entry.get('id')}" if "id" in entry else f"{noun} number {number}"
    if lost := [key for key in keys if key not in entry]:
        return f"{name} has no {', '.join(lost)}"
    wrong = (
        f"{key} {entry[key]!r:.80} is not {what}"
        for key, what, is_right in RULES
        if key in entry and not is_right(entry[key])
    )
    return f"{name}: {next(wrong, 'a value is of the wrong type')}"


def _whole(value: object) -> bool:
    return type(value) is int and -(2**63) <= value < 2**63


def _is_number(value: object) -> bool:
    return type(value) in (int, float)


RULES: tuple[tuple[str, str, Callable[[object], bool]], ...] = (
    *((key, "a whole number", _whole) for key in ("id", "image_id", "category_id")),
    *((key, "a whole number of pixels", _whole) for key in ("height", "width")),
    *((key, "a text", lambda value: isinstance(value, str)) for key in ("file_name", "name")),
    ("iscrowd", "0 or 1", lambda value: value in (0, 1)),
    ("area", "a number", _is_number),
    (
        "bbox",
        "four numbers [x, y, width, height]",
        lambda box: isinstance(box, list) and len(box) == 4 and all(map(_is_number, box)),
    ),
)
"""By key: what its value is, and the check of it."""

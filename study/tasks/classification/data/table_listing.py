"""List the classes of a split that Hugging Face's `save_to_disk` wrote; no network is used."""

import hashlib
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from study.errors import DataError
from study.tasks.classification.data.drawn_split import validation
from study.tasks.classification.data.file_types import first_names
from study.tasks.classification.data.image_files import Rules, Summary, empty
from study.text import path_text

if TYPE_CHECKING:
    from datasets import Dataset

STATE, WHOLE = "state.json", "dataset_dict.json"  # of a split, and beside several of them
INSTALL = 'data hf needs datasets: pip install -e ".[hub]"'
DAMAGED = (AttributeError, LookupError, OSError, RuntimeError, TypeError, ValueError)


@dataclass(frozen=True)
class TableSplit:
    """The images of a split by their rows, with the labels of all rows of the table."""

    place: Path
    how: Rules
    table: "Dataset"
    """Images are undecoded: their bytes, or the path of a file."""
    names: tuple[str, ...]
    """The classes by number."""
    rows: tuple[tuple[int, ...], ...]
    """The classes of each row: of several labels any number, else one."""
    sizes: tuple[int, ...]
    """Bytes of the image of each row; -1 where it has none."""

    @cached_property
    def indices(self) -> list[int]:
        """The rows of this split."""
        every = range(len(self.rows))
        if self.how.share is None:
            return [*every]
        # Sets of labels are often of one image each, so all images are then one class.
        labels = ["" if self.how.several else str(row) for row in self.rows]
        drawn = validation([*zip(map(str, every), labels, strict=True)], self.how.share)
        return [i for i in every if (str(i) in drawn) == (self.how.half == "validation")]

    def summary(self) -> Summary:
        counts = Counter(number for i in self.indices for number in self.rows[i])
        whole = hashlib.sha256()
        for i in self.indices:
            whole.update(f"{i} {self.rows[i]} {self.sizes[i]}\n".encode())
        files = sorted(path.name for path in self.place.iterdir() if path.is_file())
        change: dict[str, object] = {
            "digest": whole.hexdigest()[:16],  # 64 bits
            "counts": {n: counts[i] for i, n in enumerate(self.names) if counts[i]},
            "declared": self.names,
            "broken": tuple(self._faults()),
            # A stored summary is old once one of these changes.
            "folders": ("", *files),
        }
        if self.how.several:
            none = sum(not self.rows[i] for i in self.indices)
            change |= {"images": len(self.indices), "unlabelled": none}
        return empty(str(self.place)).model_copy(update=change)

    def _faults(self) -> Iterator[str]:
        for number, (row, size) in enumerate(zip(self.rows, self.sizes, strict=True)):
            if size < 0:
                yield f"{number}: no image, or its file is gone"
            elif wrong := [i for i in row if not 0 <= i < len(self.names)]:
                yield f"{number}: no class has the number {wrong[0]}"


def walked(place: Path, how: Rules) -> TableSplit:
    """Read the labels, and of the images their sizes.

    Raises:
        DataError: it is no saved split, is damaged, or lacks a column of the right kind.
    """
    table, where = _opened(place), path_text(place)
    image, label = how.columns
    from datasets import ClassLabel, Image

    features = table.features
    if absent := [column for column in how.columns if column not in features]:
        key = "input_key" if absent[0] == image else "target_key"
        raise DataError(
            f"{where} has no column {absent[0]}, only {', '.join(features)}; name it in {key}"
        )
    if not isinstance(features.get(image), Image):
        raise DataError(f"{where}, column {image}: {features.get(image)}, which is no Image")
    kind = features.get(label)
    inner = getattr(kind, "feature", None)
    if isinstance(inner, ClassLabel) != how.several:
        raise DataError(f"{where}, column {label}: {_unlike(kind, how)}")
    classes = inner if how.several else kind
    if not isinstance(classes, ClassLabel):
        raise DataError(
            f'{where}, column {label}: {kind}, which is no ClassLabel; class_encode_column("{label}'
            '") makes it one'
        )
    try:
        rows = tuple(map(_numbers, table.select_columns(label)[:].get(label)))
        images = table.select_columns(image).cast_column(image, Image(decode=False))
        sizes = tuple(_sizes(images, image))
    except DAMAGED as error:
        raise DataError(f"{where} cannot be read: {error}; save it anew") from error
    return TableSplit(place, how, images, tuple(classes.names), rows, sizes)


def _opened(place: Path) -> "Dataset":
    try:
        from datasets import Dataset
    except ImportError as error:
        raise DataError(INSTALL) from error
    where = path_text(place)
    if (place / WHOLE).is_file():
        splits = first_names(sorted(path.parent.name for path in place.glob(f"*/{STATE}")))
        raise DataError(f"{where} has the splits {splits}; leave out split, or set root to one")
    if not (place / STATE).is_file():
        raise DataError(f"{where} has no {STATE}: save_to_disk did not write it; correct root")
    try:
        # A format that was saved with it would turn labels into tensors.
        return Dataset.load_from_disk(str(place)).with_format(None)
    except DAMAGED as error:
        raise DataError(f"{where} cannot be read: {error}; save it anew") from error


def _unlike(kind: object, how: Rules) -> str:
    if how.several:
        return f"{kind}; with multi_label it is a Sequence of ClassLabel"
    return "a list of classes; several labels of an image need multi_label: true"


def _numbers(value: object) -> tuple[int, ...]:
    """The classes of a row; -1, which no class is, where it has none."""
    if isinstance(value, list):
        return tuple(sorted(set(value)))
    return (value if isinstance(value, int) else -1,)


def _sizes(images: "Dataset", column: str) -> Iterator[int]:
    """The bytes of each image, by the lengths that the table has."""
    from pyarrow import compute

    values = images.data.column(column)
    lengths = compute.binary_length(compute.struct_field(values, "bytes")).to_pylist()
    paths = compute.struct_field(values, "path").to_pylist()
    for length, path in zip(lengths, paths, strict=True):
        if length is None:
            length = os.path.getsize(path) if path and os.path.isfile(path) else -1
        yield length

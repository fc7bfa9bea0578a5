"""List the image files of a split with their classes, for plan, doctor and training alike."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from study.errors import DataError
from study.tasks.classification.data import (
    array_listing,
    csv_listing,
    folder_listing,
    table_listing,
    tar_listing,
)
from study.tasks.classification.data.class_map import class_map
from study.tasks.classification.data.image_files import Fingerprint, Listing, Rules, Summary
from study.tasks.classification.data.locations import file_below, place_of, root_of
from study.tasks.classification.schema import Data
from study.text import path_text


def place_and_rules(data: Data, split: str) -> tuple[Path, Rules]:
    """The folder, tar, CSV or arrays of a split, and how to read them.

    Raises:
        DataError: they are absent.
    """
    root, names = root_of(data), tuple(class_map(data))
    half = split if data.split is not None else ""
    if data.name == "npz":
        return root, Rules(kind="npz", half=split, share=data.split, several=data.multi_label)
    if data.name == "hf":
        columns = data.input_key or "image", data.target_key or "label"
        how = Rules(
            kind="hf", half=half, share=data.split, columns=columns, several=data.multi_label
        )
        return (place_of(root, split) if data.split is None else root), how
    if data.name == "csv":
        key = "val" if split == data.val_split and data.split is None else "train"
        how = Rules(
            classes=names,
            kind="csv",
            half=half,
            share=data.split,
            root=str(root),
            several=data.multi_label,
        )
        return file_below(data, key, getattr(data, key)), how
    how = Rules(data.class_folder, tuple(data.ignore), names, half=half, share=data.split)
    return (place_of(root, split) if data.split is None else root), how


def listing(place: Path, how: Rules) -> Listing:
    """List the images in a folder of class folders, in a tar of them, or in a CSV.

    Raises:
        DataError: it cannot be read.
    """
    with _reader(place, how) as reader:
        whole: Listing = reader.listing(place, how)
    return whole


def summary(place: Path, how: Rules) -> Summary:
    """Summarise a split without the names of its images, in half the time of `listing`.

    Raises:
        DataError: it cannot be read.
    """
    with _reader(place, how) as reader:
        whole: Summary = reader.walked(place, how).summary()
    return whole


@contextmanager
def _reader(place: Path, how: Rules) -> Iterator[Any]:
    """The module that lists a place; OSErrors inside become DataErrors."""
    reader = READERS.get(how.kind, folder_listing)
    packed = place.suffix == ".tar" and place.is_file()  # a folder may be called NAME.tar
    if how.kind == "folder" and not packed and not place.is_dir():
        raise DataError(
            f"{path_text(place)} is neither a folder nor a tar; correct root or the split"
        )
    try:
        yield tar_listing if how.kind == "folder" and packed else reader
    except OSError as error:
        message = f"{path_text(place)} cannot be read: {error}"
        raise DataError(f"{message}; repair it, or correct root") from error


def listed(data: Data, splits: Sequence[str]) -> tuple[list[Listing], dict[str, int]]:
    """Listings of the splits of a study's folder or CSV, and its class map (empty if none).

    Raises:
        DataError: a split is absent or cannot be read.
    """
    return [listing(*place_and_rules(data, split)) for split in splits], class_map(data)


def summarised(data: Data, split: str) -> Summary:
    """The summary of a split; raises DataError as `listed` does."""
    return summary(*place_and_rules(data, split))


def fingerprints(data: Data, splits: Sequence[str]) -> list[Fingerprint]:
    """Fingerprints of the splits of listed data; raises DataError as `listed` does."""
    return [summarised(data, split).fingerprint for split in splits]


READERS = {"folder": folder_listing, "csv": csv_listing, "npz": array_listing, "hf": table_listing}

"""List the image files of a split with their classes, for plan, doctor and training alike."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from study.errors import DataError
from study.tasks.classification.data import folder_listing, tar_listing
from study.tasks.classification.data.class_map import class_map
from study.tasks.classification.data.image_files import Fingerprint, Listing, Rules, Summary, rules
from study.tasks.classification.data.locations import place_of, root_of
from study.tasks.classification.schema import Data
from study.text import path_text


def listing(place: Path, how: Rules) -> Listing:
    """List the images in a folder of class folders, or in a tar of them.

    Raises:
        DataError: it cannot be read.
    """
    with _reader(place) as reader:
        whole: Listing = reader.listing(place, how)
    return whole


def summary(place: Path, how: Rules) -> Summary:
    """Summarise a split without the names of its images, in half the time of `listing`.

    Raises:
        DataError: it cannot be read.
    """
    with _reader(place) as reader:
        whole: Summary = reader.walked(place, how).summary()
    return whole


@contextmanager
def _reader(place: Path) -> Iterator[Any]:
    """The module that lists a folder or tar; OSErrors inside become DataErrors."""
    packed = place.suffix == ".tar" and place.is_file()  # a folder may be called NAME.tar
    if not packed and not place.is_dir():
        raise DataError(
            f"{path_text(place)} is neither a folder nor a tar; correct root or the split"
        )
    try:
        yield tar_listing if packed else folder_listing
    except OSError as error:
        message = f"{path_text(place)} cannot be read: {error}"
        raise DataError(f"{message}; repair it, or correct root") from error


def listed(data: Data, splits: Sequence[str]) -> tuple[list[Listing], dict[str, int]]:
    """Listings of the splits of a study's folder, and its class map (empty if it has none).

    Raises:
        DataError: a split is absent or cannot be read.
    """
    root, names = root_of(data), class_map(data)
    how = rules(data, names)
    return [listing(place_of(root, split), how) for split in splits], names


def fingerprints(data: Data, splits: Sequence[str]) -> list[Fingerprint]:
    """Fingerprints of the splits of a study's folder; raises DataError as `listed` does."""
    root, how = root_of(data), rules(data, class_map(data))
    return [summary(place_of(root, split), how).fingerprint for split in splits]

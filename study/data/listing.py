"""List the image files of a split with their classes, for plan, doctor and training alike."""

import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from study.data.class_map import class_map
from study.data.kinds import natural
from study.data.places import place_of, root_of
from study.errors import DataError
from study.schema import Data
from study.text import path_text

Picture = tuple[str, str, int, int]
"""Path below the split, class, size in bytes, and offset in a tar (0 for a file)."""

Fingerprint = Mapping[str, Any]
"""Identifies the images of a split: `files`, `classes` and `digest` of names and sizes."""


@dataclass(frozen=True)
class Rules:
    """How a study file wants folders read; hashable, because listings are cached by it."""

    class_folder: str | None = None
    ignore: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    """The only classes that are read, where a class map names them."""


@dataclass(frozen=True)
class Summary:
    """Counts and digest of a split, without the names of its images.

    The same whichever way the file system orders its entries. `digest` changes with the name or
    the size of any picture that is read.
    """

    place: str
    digest: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    """Pictures that are read, by class."""
    empty: tuple[str, ...] = ()
    """Class folders without a picture that is read."""
    unmapped: Mapping[str, int] = field(default_factory=dict)
    """Pictures of the class folders that the class map does not name."""
    unread: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Files that are no pictures, by class and extension."""
    ignored: Mapping[str, int] = field(default_factory=dict)
    """Pictures that a pattern of `ignore` would leave out, by pattern."""
    nested: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Folders inside class folders that hold pictures, by class folder."""
    loose: int = 0
    """Pictures beside the class folders."""
    tars: int = 0
    """Tar files beside the class folders."""
    broken: tuple[str, ...] = ()
    """Links that lead nowhere, and folders that cannot be opened."""
    repeated: int = 0
    """Links to files and folders that are read anyway."""
    earlier: tuple[str, ...] = ()
    """In what the reader of study 0.1 saw other pictures here."""
    folders: tuple[str, ...] = ()
    """Every folder that was looked into."""
    real: frozenset[str] = frozenset()
    """The files that links lead to, by device and number."""
    inside: frozenset[str] = frozenset()
    """The folders that were looked into, by device and number."""
    beside: frozenset[str] = frozenset()
    """The folders of the files that links lead to, by device and number."""

    @property
    def files(self) -> int:
        return sum(self.counts.values())

    @property
    def fingerprint(self) -> Fingerprint:
        """The fingerprint that is stored with a result."""
        return {"files": self.files, "classes": len(self.counts), "digest": self.digest}

    def record(self) -> dict[str, Any]:
        """As JSON has it."""
        plain = {f.name: getattr(self, f.name) for f in fields(self)}
        return {k: sorted(v) if isinstance(v, frozenset) else v for k, v in plain.items()}

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Self:
        """Out of a record as above. Raises TypeError or KeyError where it is no such record."""
        sets = {f.name for f in fields(cls) if f.type == frozenset[str]}
        lists = {f.name for f in fields(cls) if f.type == tuple[str, ...]}
        given = dict(record)
        given |= {name: frozenset(given[name]) for name in sets}
        given |= {name: tuple(given[name]) for name in lists}
        return cls(**given | {"nested": {k: tuple(v) for k, v in given["nested"].items()}})


@dataclass(frozen=True)
class Listing:
    """A split with all its pictures, in the order in which timm's readers number them."""

    summary: Summary
    pictures: tuple[Picture, ...]
    packed: bool = False
    """In a tar."""


def rules(data: Data, names: Iterable[str] = ()) -> Rules:
    return Rules(data.class_folder, tuple(data.ignore), tuple(names))


def digest(pictures: Iterable[Picture]) -> str:
    """Digest of the paths and sizes of images, independent of their order."""
    whole = hashlib.sha256()
    for path, _, size, _ in sorted(pictures):
        whole.update(os.fsencode(path) + f"\0{size}\n".encode())
    return whole.hexdigest()[:16]


def ordered(pictures: Iterable[Picture]) -> tuple[Picture, ...]:
    """Images by path, numbers by value; ties by letters."""
    return tuple(sorted(sorted(pictures), key=lambda picture: natural(picture[0])))


def by_class(pictures: Iterable[Picture]) -> dict[str, int]:
    counts = Counter(picture[1] for picture in pictures)
    return {name: counts[name] for name in numbered(counts)}


def numbered(names: Iterable[str]) -> list[str]:
    """Class names in the order of their class numbers."""
    return sorted(sorted(names), key=natural)


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
    from study.data import folders, tars

    packed = place.suffix == ".tar" and place.is_file()
    if not packed and not place.is_dir():
        raise DataError(
            f"{path_text(place)} is neither a folder nor a tar; correct root or the split"
        )
    try:
        yield tars if packed else folders
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

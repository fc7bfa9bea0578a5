"""The image files of a split: how to read them, their summary, and their list."""

import hashlib
import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, TypedDict

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from study.tasks.classification.data.file_types import natural
from study.tasks.classification.data.label_sets import labels_of

Picture = tuple[str, str, int, int]
"""Path below the split, class, size in bytes, and offset in a tar (0 for a file)."""


class Fingerprint(TypedDict):
    """Identifies the images of a split."""

    files: int
    classes: int
    digest: str
    """Digest of the names and sizes."""


@dataclass(frozen=True)
class Rules:
    """How a study file wants folders read; hashable, because listings are cached by it."""

    class_folder: str | None = None
    ignore: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    """The only classes that are read, where a class map names them."""
    kind: str = "folder"
    half: str = ""
    """The split to read, `train` or `validation`, where one place has both."""
    share: float | None = None
    """Share of each class that is drawn for validation, where the split is drawn."""
    root: str = ""
    """Folder that the paths of a CSV start from."""
    columns: tuple[str, ...] = ()
    """The columns of images and labels in a table."""
    several: bool = False
    """True if an image may have several labels, or none."""


Many = Annotated[int, Field(ge=0, le=10**15)]
Names = Annotated[tuple[str, ...], Field(strict=False)]  # JSON has lists
# Sorted, because the order of a set of texts changes from process to process.
Identities = Annotated[frozenset[str], Field(strict=False), PlainSerializer(sorted)]


class Summary(BaseModel):
    """Counts and digest of a split, without the names of its images; the store keeps it as JSON.

    The same whichever way the file system orders its entries. `digest` changes with the name or
    the size of any picture that is read.
    """

    # A later version may have stored more keys; a number that is stored as text is damage.
    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    place: str
    digest: str
    counts: dict[str, Many]
    """Pictures that are read, by class."""
    empty: Names
    """Class folders without a picture that is read."""
    unmapped: dict[str, Many]
    """Pictures of the class folders that the class map does not name."""
    unread: dict[str, dict[str, Many]]
    """Files that are no pictures, by class and extension."""
    ignored: dict[str, Many]
    """Pictures that a pattern of `ignore` would leave out, by pattern."""
    nested: dict[str, Names]
    """Folders inside class folders that hold pictures, by class folder."""
    loose: Many
    """Pictures beside the class folders."""
    tars: Many
    """Tar files beside the class folders."""
    broken: Names
    """Links that lead nowhere, and folders that cannot be opened."""
    repeated: Many
    """Links to files and folders that are read anyway."""
    earlier: Names
    """In what the reader of study 0.1 saw other pictures here."""
    folders: Names
    """Every folder that was looked into."""
    real: Identities
    """The files that links lead to, by device and number."""
    inside: Identities
    """The folders that were looked into, by device and number."""
    beside: Identities
    """The folders of the files that links lead to, by device and number."""
    lines: dict[str, Many] = {}
    """The first line of each class, in a CSV."""
    shape: Annotated[tuple[Many, ...], Field(strict=False)] = ()
    """Height, width and channels of the images, in arrays."""
    images: Many | None = None
    """Number of images, where one may have several labels and counts for each."""
    unlabelled: Many = 0
    """Images without a label, where one may have several."""
    declared: Names = ()
    """The classes by number, where the data lists those without an image too."""

    @property
    def files(self) -> int:
        return sum(self.counts.values()) if self.images is None else self.images

    @property
    def classes(self) -> int:
        return len(self.declared or self.counts)

    @property
    def fingerprint(self) -> Fingerprint:
        """The fingerprint that is stored with a result."""
        return {"files": self.files, "classes": self.classes, "digest": self.digest}


@dataclass(frozen=True)
class Listing:
    """A split with all its pictures, in the order in which timm's readers number them."""

    summary: Summary
    pictures: tuple[Picture, ...]
    packed: bool = False
    """In a tar."""
    folder: str = ""
    """Folder that the paths start from, where it is not the place of the summary."""


def empty(place: str) -> Summary:
    """The summary of a place without images."""
    return Summary(
        place=place,
        digest="",
        counts={},
        empty=(),
        unmapped={},
        unread={},
        ignored={},
        nested={},
        loose=0,
        tars=0,
        broken=(),
        repeated=0,
        earlier=(),
        folders=(),
        real=frozenset(),
        inside=frozenset(),
        beside=frozenset(),
    )


def digest(pictures: Iterable[Picture]) -> str:
    """Digest of the paths and sizes of images, independent of their order."""
    whole = hashlib.sha256()
    for path, _, size, _ in sorted(pictures):
        # As bytes, since the name of a file may be no text.
        # A zero byte, which no path contains, so that no two lists give the same text.
        whole.update(os.fsencode(path) + f"\0{size}\n".encode())
    return whole.hexdigest()[:16]  # 64 bits


def ordered(pictures: Iterable[Picture]) -> tuple[Picture, ...]:
    """Images by path, numbers by value; ties by letters."""
    return tuple(sorted(sorted(pictures), key=lambda picture: natural(picture[0])))


def by_class(pictures: Iterable[Picture], *, several: bool = False) -> dict[str, int]:
    """Images by class; one with `several` labels counts for each of them."""
    if several:
        counts = Counter(label for picture in pictures for label in labels_of(picture[1]))
    else:
        counts = Counter(picture[1] for picture in pictures)
    return {name: counts[name] for name in numbered(counts)}


def numbered(names: Iterable[str]) -> list[str]:
    """Class names in the order of their class numbers."""
    return sorted(sorted(names), key=natural)

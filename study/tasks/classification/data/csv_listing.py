"""List the images of a split that a CSV names, with the columns `path` and `label`."""

import csv
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_ISDIR
from typing import NamedTuple

from study.errors import DataError
from study.tasks.classification.data.drawn_split import half
from study.tasks.classification.data.file_types import is_picture
from study.tasks.classification.data.image_files import (
    Listing,
    Picture,
    Rules,
    Summary,
    by_class,
    digest,
    empty,
    ordered,
)
from study.tasks.classification.data.label_sets import fault, joined, labels_of
from study.tasks.classification.data.scan import identity
from study.text import path_text

COLUMNS = ("path", "label")


class CsvRow(NamedTuple):
    line: int
    path: str
    label: str


@dataclass
class CsvScan:
    """The state of a scan of a CSV; paths are relative to `how.root`."""

    place: Path
    how: Rules
    pictures: list[Picture] = field(default_factory=list)
    unmapped: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)
    # The line that names a file, by the device and number of the file.
    files: dict[str, int] = field(default_factory=dict)

    def note(self, row: CsvRow) -> None:
        """Record a row: an image of a class, one that the class map leaves out, or a problem."""
        # First, since a picture of a class that is left out need not exist.
        if self.how.several:
            row = self._of_class_map(row)
        elif row.label and self.how.classes and row.label not in self.how.classes:
            self.unmapped[row.label] += 1
            return
        path = os.path.join(self.how.root, row.path)
        if problem := _problem(row, several=self.how.several):
            self.broken.append(f"{row.line}: {problem}")
            return
        try:
            status = os.stat(path)
        except (OSError, ValueError) as error:  # ValueError: a NUL in the path
            why = getattr(error, "strerror", None) or error
            self.broken.append(f"{row.line}: {path_text(path)} cannot be read, {why}")
            return
        self._picture(row, status)

    def _of_class_map(self, row: CsvRow) -> CsvRow:
        """A row of several labels without those that the class map leaves out."""
        labels, classes = labels_of(row.label), self.how.classes
        self.unmapped.update(label for label in labels if classes and label not in classes)
        return row._replace(label=joined(x for x in labels if not classes or x in classes))

    def _picture(self, row: CsvRow, status: os.stat_result) -> None:
        # By the file itself, so that two paths or links to one picture are found.
        first = self.files.setdefault(identity(status), row.line)
        if S_ISDIR(status.st_mode):
            self.broken.append(f"{row.line}: {path_text(row.path)} is a folder")
        elif first != row.line:
            self.broken.append(f"{row.line}: {path_text(row.path)} is in line {first} already")
        else:
            self.pictures.append((row.path, row.label, status.st_size, 0))  # 0: in no tar
            for label in labels_of(row.label) if self.how.several else (row.label,):
                self.lines.setdefault(label, row.line)

    def read(self) -> list[Picture]:
        return half(self.pictures, self.how)

    def summary(self) -> Summary:
        pictures = self.read()
        # A picture's class is in the digest: in a folder it is a part of the path.
        labelled = ((f"{path}\0{label}", label, size, 0) for path, label, size, _ in pictures)
        folders = {os.path.join(self.how.root, os.path.dirname(p)) for p, *_ in self.pictures}
        change: dict[str, object] = {
            "digest": digest(labelled),
            "counts": by_class(pictures, several=self.how.several),
            "unmapped": dict(sorted(self.unmapped.items())),
            "broken": tuple(self.broken),
            # A change of the CSV itself, or of a folder of images, makes a stored summary old.
            "folders": ("", *sorted(map(os.path.abspath, folders))),
            "real": frozenset(self.files),
            "lines": self.lines,
        }
        if self.how.several:
            none = sum(not label for _, label, *_ in pictures)
            change |= {"images": len(pictures), "unlabelled": none}
        return empty(str(self.place)).model_copy(update=change)


def listing(place: Path, how: Rules) -> Listing:
    walk = walked(place, how)
    return Listing(walk.summary(), ordered(walk.read()), folder=how.root)


def walked(place: Path, how: Rules) -> CsvScan:
    """Read every row; raises DataError for a file without rows or without the two columns."""
    walk = CsvScan(place, how)
    for row in rows(place):
        walk.note(row)
    return walk


def rows(place: Path) -> Iterator[CsvRow]:
    """The rows of a CSV with their lines.

    Raises:
        DataError: it is no CSV, lacks a column, or has no row.
    """
    name, count = path_text(place), 0
    try:
        # utf-8-sig drops the mark with which Windows editors begin a file.
        with place.open(newline="", encoding="utf-8-sig") as file:
            # Without strict, a quote that is never closed is read as a text to the end of the file.
            reader = csv.DictReader(file, skipinitialspace=True, strict=True)
            _check_columns(reader.fieldnames, name)
            for row in reader:
                count += 1
                # A row that is too short has None in its last columns.
                path, label = ((row[column] or "").strip() for column in COLUMNS)
                yield CsvRow(reader.line_num, path, label)
    except UnicodeDecodeError as error:
        raise DataError(f"{name} is no text in UTF-8: {error}; convert it") from error
    except csv.Error as error:
        # The inner reader has the line at fault; DictReader has that of the last whole row.
        raise DataError(f"{name}:{reader.reader.line_num}: no CSV ({error}); repair it") from error
    if not count:
        raise DataError(f"{name}:2: no rows; write a path and a label in every row")


def _check_columns(columns: object, name: str) -> None:
    # DictReader gives None for a file without a line.
    if not isinstance(columns, list):
        raise DataError(f"{name}:1: the file is empty; its first line is path,label")
    # DictReader would take the last of two columns with one name.
    if twice := [column for column in COLUMNS if columns.count(column) > 1]:
        raise DataError(f"{name}:1: the column {twice[0]} is there twice; rename one of them")
    absent = [column for column in COLUMNS if column not in columns]
    if absent:
        whole = ", ".join(columns)
        # Excel writes semicolons where the comma is the decimal mark.
        other = next((mark for mark in ";\t|" if len(columns) == 1 and mark in whole), "")
        hint = "separate columns by commas" if other else "name the columns path and label"
        raise DataError(
            f"{name}:1: no column {' and no column '.join(absent)}, only {path_text(whole)}; {hint}"
        )


def _problem(row: CsvRow, *, several: bool = False) -> str:
    """The reason why a row names no image of a class, before the file is looked at; or ""."""
    # One of several labels may be none at all.
    if not row.path or not (row.label or several):
        return f"no {'label' if row.path else 'path'}"
    if several and (why := fault(labels_of(row.label))):
        return why
    # os.path.join would drop root before an absolute path.
    if os.path.isabs(row.path):
        return f"{path_text(row.path)} is absolute; paths start from root"
    if os.path.normpath(row.path).startswith(".."):
        return f"{path_text(row.path)} leads out of root; choose a root above all images"
    return "" if is_picture(row.path) else f"{path_text(row.path)} has no ending of a picture"

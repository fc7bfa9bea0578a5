"""Metrics in files of JSON: one document, or a document on every line."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from study.spec.reading import Reading
from study.tasks.program.readers.places import TrialPlaces, numbers
from study.tasks.program.trial.series import ReadingError, StepValue

ABSENT = object()


def json_values(places: TrialPlaces, reading: Reading) -> Iterator[StepValue]:
    """The values at a dotted key; a list there is a series."""
    for path in places.files(reading.source):
        for _, row in rows(path):
            value = at(row, reading.key)
            if value is not ABSENT:
                yield from numbers(value, f"{path.name}: {reading.key}", row.get("step"))


def rows(path: Path) -> Iterator[tuple[int, dict[str, object]]]:
    """The documents of a file, each with its first line.

    Raises:
        ReadingError: the file has something else.
    """
    text = path.read_text("utf-8", errors="replace")
    try:
        whole = json.loads(text)
        # A list of rows, as histories are written.
        for row in whole if isinstance(whole, list) else [whole]:
            yield 1, _row(row, path, 1)
    except json.JSONDecodeError:  # a document on every line
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip():
                yield number, _row(_parsed(line, path, number), path, number)


def at(row: dict[str, object], key: str) -> object:
    """The value at a key, or at a dotted path of keys."""
    if key in row:  # "val/loss.mean" may be one key
        return row[key]
    value: object = row
    for step in key.split("."):
        if not isinstance(value, dict) or step not in value:
            return ABSENT
        value = value[step]
    return value


def _parsed(line: str, path: Path, number: int) -> object:
    try:
        return json.loads(line)
    except json.JSONDecodeError as error:
        raise ReadingError(f"line {number} of {path.name} is no JSON: {error.msg}") from None


def _row(value: object, path: Path, number: int) -> dict[str, object]:
    if not isinstance(value, dict):
        raise ReadingError(f"line {number} of {path.name} is no object of JSON")
    return cast(dict[str, object], value)

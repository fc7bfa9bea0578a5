"""Metrics in files of JSON: one document, or a document on every line."""

import json
import sys
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
    except (ValueError, RecursionError):  # a document on every line
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip():
                where = f"line {number} of {path.name}"
                yield number, mapping(parsed(line, where), where)
        return
    # A list of rows, as histories are written.
    for row in whole if isinstance(whole, list) else [whole]:
        yield 1, mapping(row, f"line 1 of {path.name}")


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


def parsed(text: str | bytes, where: str) -> object:
    """A document of JSON.

    Raises:
        ReadingError: it is none, or has more digits or levels than Python reads.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise ReadingError(f"{where} is no JSON: {error.msg}") from None
    except RecursionError:
        raise ReadingError(f"{where} has too many levels of nesting") from None
    except ValueError:  # of a number; Python names a function of its own
        limit = sys.get_int_max_str_digits()
        raise ReadingError(f"{where} has a number of more than {limit} digits") from None


def mapping(value: object, where: str) -> dict[str, object]:
    """A value that is an object of JSON. Raises ReadingError if it is none."""
    if not isinstance(value, dict):
        raise ReadingError(f"{where} is no object of JSON")
    return cast(dict[str, object], value)

"""Formats of files of results, each read into rows of text.

Contract of an entry of `FORMATS`: reader(path, content) -> one `ResultRow` per row; it raises
SpecError for content that is not of its format.
"""

import csv
import io
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from study.errors import SpecError
from study.text import normal

DELIMITERS = ",\t;"


@dataclass(frozen=True)
class ResultRow:
    """A row of a file: its cells by column, and its place, "runs.csv:7"."""

    cells: Mapping[str, str]
    place: str


def delimited(path: Path, content: bytes) -> Iterator[ResultRow]:
    """CSV with a header; commas, tabs or semicolons separate the cells."""
    try:
        text = content.decode("utf-8-sig")  # spreadsheets begin a file with a BOM
    except UnicodeDecodeError as error:
        raise SpecError(f"{path}: byte {error.start + 1} is not UTF-8; save it as UTF-8") from None
    # Line ends stay as they are: those of old Macs end a line too.
    lines = [*io.StringIO(text, newline="")]
    above = _above(lines)
    reader = csv.reader(iter(lines[above:]), delimiter=_delimiter(lines[above:]))
    rows = _lines(reader, path)
    header = [*_distinct(map(normal, next(rows, [])))]
    place = f"{path}:{above + 1}"
    if twice := [name for name in header if header.count(name) > 1]:
        raise SpecError(f'{place}: two columns are called "{twice[0]}"')
    for cells in rows:
        if not any(cells):
            continue
        place = f"{path}:{above + reader.line_num}"
        if len(cells) != len(header):
            number = f"{len(cells)} cell{'s' * (len(cells) > 1)}"
            raise SpecError(f"{place}: {number} below a header of {len(header)}")
        yield ResultRow(dict(zip(header, map(normal, cells), strict=True)), place)


def _distinct(names: Iterable[str]) -> Iterator[str]:
    """Names of columns, of which one may be empty: that of an index."""
    unnamed = 0
    for number, name in enumerate(names, 1):
        unnamed += not name
        # A comma at the end of every line makes a column, too.
        yield name if name or unnamed < 2 else f"column {number}"


def _above(lines: Sequence[str]) -> int:
    """The number of lines above the header: empty ones, and comments.

    A header may begin with # too, but has as many cells as the line below it.
    """
    there = [number for number, line in enumerate(lines) if line.strip(" \r\n" + DELIMITERS)]
    for number, below in pairwise(there):
        delimiter = _delimiter(lines[below:])
        cells = [_names([lines[n]], delimiter) for n in (number, below)]
        if not lines[number].startswith("#") or cells[0] == cells[1]:
            return number
    return there[-1] if there else 0


def _delimiter(lines: Sequence[str]) -> str:
    """The delimiter that separates most names of a header, whose names may hold others in quotes.

    By the header, whose names hold no numbers: in cells a comma may be a decimal point.
    """
    first = lines[0] if lines else ""
    return max(DELIMITERS, key=lambda sign: (_names(lines, sign), first.count(sign)))


def _names(lines: Sequence[str], delimiter: str) -> int:
    """The number of names of a header; none if text follows a quote, which no delimiter ends."""
    try:
        return len(next(csv.reader(iter(lines), delimiter=delimiter, strict=True), []))
    except csv.Error:
        return 0


def _lines(reader: Iterator[list[str]], path: Path) -> Iterator[list[str]]:
    try:
        yield from reader
    except csv.Error as error:
        raise SpecError(f"{path} is no CSV: {error}") from None


def json_lines(path: Path, content: bytes) -> Iterator[ResultRow]:
    """One JSON object per line."""
    # By ends of lines alone: str.splitlines() takes other characters of texts for one.
    lines = io.StringIO(content.decode("utf-8-sig", "replace"), newline=None)
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield _row(_json(line, f"{path}:{number}"), f"{path}:{number}")


def json_file(path: Path, content: bytes) -> Iterator[ResultRow]:
    """A JSON object, or a list of them."""
    whole = _json(content.decode("utf-8-sig", "replace"), str(path))
    several = whole if isinstance(whole, list) else [whole]
    for number, record in enumerate(several, 1):
        yield _row(record, f"{path}, object {number}" if len(several) > 1 else str(path))


def parquet(path: Path, content: bytes) -> Iterator[ResultRow]:
    try:
        import pyarrow
        from pyarrow.parquet import read_table
    except ImportError:
        message = f'{path}: parquet is read by pyarrow: pip install -e ".[parquet]"'
        raise SpecError(message) from None
    try:
        records = read_table(io.BytesIO(content)).to_pylist()
    except pyarrow.ArrowException as error:
        raise SpecError(f"{path} is no parquet file: {error}") from None
    for number, record in enumerate(records, 1):
        yield _row(record, f"{path}, row {number}")


def _json(text: str, place: str) -> object:
    try:
        value: object = json.loads(text)
    except RecursionError:
        raise SpecError(f"{place}: no JSON: nested too deeply") from None
    except json.JSONDecodeError as error:
        raise SpecError(f"{place}: no JSON: {error}") from None
    except ValueError:  # the digits of a text that int() takes are limited
        raise SpecError(f"{place}: a number has more digits than can be read") from None
    return value


def _row(record: object, place: str) -> ResultRow:
    if not isinstance(record, dict):
        raise SpecError(f"{place}: an object of columns is meant, not {str(record)[:40]}")
    try:
        return ResultRow(dict(_flat(record)), place)
    except RecursionError:  # a level that json reads takes more of the stack here
        raise SpecError(f"{place}: nested too deeply") from None


def _flat(record: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    """The cells of a record; nested keys are joined by dots."""
    for key, value in record.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield normal(f"{prefix}{key}"), cell(value)


def cell(value: object) -> str:
    """A value as the text of a cell; null is an empty one."""
    if value is None:
        return ""
    if isinstance(value, float) and math.isfinite(value):
        # As CSV writes it, so that 1.0 in JSON is the level 1.
        return repr(value).removesuffix(".0")
    return normal(value) if isinstance(value, str) else json.dumps(value, default=str)


def is_number(text: str) -> bool:
    """True if a cell is a number; NaN and infinity are some."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def columns_of(rows: Iterable[ResultRow]) -> tuple[str, ...]:
    """The columns that any row has, in their order."""
    return tuple(dict.fromkeys(name for row in rows for name in row.cells))


FORMATS: dict[str, Callable[[Path, bytes], Iterator[ResultRow]]] = {
    ".csv": delimited,
    ".tsv": delimited,
    ".jsonl": json_lines,
    ".ndjson": json_lines,
    ".json": json_file,
    ".parquet": parquet,
}

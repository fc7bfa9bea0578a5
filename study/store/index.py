"""An index of the results in a store: a cache, of which nothing is lost when it is deleted.

It is an SQLite file on the local disk of whoever reads, never in the store: SQLite's locks do not
hold on every NFS. A row is valid while the inode, size and time stamps of its file are the same. An
index that is damaged is made anew; one that is locked or cannot be written is ignored.
"""

import hashlib
import os
import sqlite3
import zlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from study.store.file_systems import local_cache

VERSION = 1
"""A part of the file's name: raise it when rows come to mean something else."""
SMALLEST = 500  # trials; reading so few takes 20 ms, and most stores never need an index
FEWEST = 50  # trials; so few are read as quickly as an index is opened
WAIT = 0.5  # seconds for another process that writes
CHUNK = 500  # names in one query; SQLite allows 999 in early versions
WHOLE = 5000  # names, from which reading all rows is faster than looking for some
PASSING = (
    *(sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_READONLY),
    *(sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_FULL, sqlite3.SQLITE_PERM),
)
"""Errors of an index that may be right: locked, or in a place that cannot be written."""

TABLES = """
create table if not exists texts (id integer primary key, text text unique, sum integer);
create table if not exists endings (name text primary key, stamp text, config integer,
  environment integer, body text, sum integer) without rowid;
"""


class IndexedResult(NamedTuple):
    """A result of a trial as the index has it."""

    name: str
    stamp: str
    """Facts that change with the file, or "" where they are not known."""
    config: str
    environment: str
    body: str
    """Everything else, as JSON."""
    written: float = 0.0
    """When the file changed last, in seconds since 1970; not stored."""


class Index:
    """The rows of an index; without a file it has none, and keeps none."""

    def __init__(self, path: Path | None) -> None:
        self._path, self._texts = path, dict[int, str]()
        self._file: sqlite3.Connection | None = None
        if path is not None:
            with self._checked():
                self._file = sqlite3.connect(path, timeout=WAIT)
                # Written without waiting for the disk: a file that a crash leaves is made anew.
                self._file.executescript(f"pragma synchronous = off; {TABLES}")

    @contextmanager
    def _checked(self) -> Iterator[None]:
        """Go on without the file after an error of SQLite, and delete it if it is damaged."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            self.close()
            damaged = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
            if self._path is not None and damaged not in PASSING:
                with suppress(OSError):
                    self._path.unlink(missing_ok=True)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = None

    def rows(self, names: Sequence[str]) -> dict[str, IndexedResult]:
        """The rows of some trials by name, whether or not they are valid still."""
        rows = dict[str, IndexedResult]()
        with self._checked():
            for name, stamp, config, environment, body, total in self._stored(names):
                # SQLite has no sums of its own, and a flipped bit would be another number.
                if total == _sum(name, stamp, config, environment, body):
                    texts = self._text(config), self._text(environment)
                    rows[name] = IndexedResult(name, stamp, *texts, body)
        return rows

    def _stored(self, names: Sequence[str]) -> Iterator[tuple[str, str, int, int, str, int]]:
        columns = "select name, stamp, config, environment, body, sum from endings"
        if self._file is None:
            return
        if len(names) >= WHOLE:
            yield from self._file.execute(columns).fetchall()
            return
        for start in range(0, len(names), CHUNK):
            some = names[start : start + CHUNK]
            marks = ",".join("?" * len(some))
            yield from self._file.execute(f"{columns} where name in ({marks})", some)

    def by_configuration(self, names: Collection[str]) -> dict[str, list[str]]:
        """Those of `names` that have a row, grouped by the text of their configuration."""
        grouped, wanted = dict[int, list[str]](), {*names}
        with self._checked():
            query = "select name, config from endings"
            for name, config in self._file.execute(query) if self._file else ():
                if name in wanted:
                    grouped.setdefault(config, []).append(name)
            return {self._text(config): group for config, group in grouped.items()}
        return {}

    def add(self, rows: Sequence[IndexedResult]) -> None:
        """Keep rows, in place of earlier ones of the same trials."""
        texts = {text for row in rows for text in (row.config, row.environment)}
        with self._checked():
            if self._file is None or not rows:
                return
            with self._file:  # one transaction
                self._file.executemany(
                    "insert or ignore into texts (text, sum) values (?, ?)",
                    [(text, zlib.crc32(text.encode())) for text in texts],
                )
                number = {text: self._number(self._file, text) for text in texts}
                values = [
                    (row.name, row.stamp, number[row.config], number[row.environment], row.body)
                    for row in rows
                ]
                self._file.executemany(
                    "insert or replace into endings values (?, ?, ?, ?, ?, ?)",
                    [(*value, _sum(*value)) for value in values],
                )

    @staticmethod
    def _number(file: sqlite3.Connection, text: str) -> int:
        number: int = file.execute("select id from texts where text = ?", (text,)).fetchone()[0]
        return number

    def _text(self, number: int) -> str:
        """The text of this number; raises DatabaseError if it is not what was stored."""
        if number not in self._texts and self._file is not None:
            query = "select text, sum from texts where id = ?"
            text, total = self._file.execute(query, (number,)).fetchone() or ("", -1)
            if zlib.crc32(text.encode()) != total:
                raise sqlite3.DatabaseError(f"text {number} is damaged")
            self._texts[number] = text
        return self._texts[number]


@contextmanager
def opened(root: Path, trials: int = 0) -> Iterator[Index]:
    """The index of a store; one that does not exist is made if so many trials are looked for."""
    path = _path(root)
    useful = path is not None and (trials >= SMALLEST or (trials >= FEWEST and path.exists()))
    with closing(Index(path if useful else None)) as index:
        yield index


def _path(root: Path) -> Path | None:
    """The file of a store's index, or None where there is no local folder for it."""
    folder = local_cache()
    # The path names a store here: another one in its place has other inodes and time stamps.
    name = hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:16]
    return folder and folder / f"index-{VERSION}-{name}.sqlite"


def _sum(name: str, stamp: str, config: int, environment: int, body: str) -> int:
    return zlib.crc32(f"{name} {stamp} {config} {environment} {body}".encode())

"""Mistakes in a file at their positions, printed as a compiler prints them."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from study.text import printable

MAX_PROBLEMS = 30  # problems that are printed
MAX_WIDTH = 160  # characters of a line that are printed


@lru_cache(maxsize=8)
def _lines(text: str) -> list[str]:
    return text.split("\n")


def line_of(text: str, number: int) -> str:
    """The line with a number, counted as editors count: from 0, by newlines alone."""
    lines = _lines(text)
    return lines[number].removesuffix("\r") if number < len(lines) else ""


@dataclass(frozen=True)
class Location:
    """The place of a key or value in a file; lines and columns count from 0."""

    source: str
    text: str
    line: int = 0
    column: int = 0
    length: int = 1
    file: str = ""
    """The study file, where the source is none: a setting of the command line."""

    @property
    def folder(self) -> Path:
        """The folder of the file, from which paths of files beside it begin."""
        return Path(self.file or self.source).parent

    def __str__(self) -> str:
        return f"{self.source}:{self.line + 1}:{self.column + 1}"

    @property
    def written(self) -> str:
        """The text at this place."""
        return line_of(self.text, self.line)[self.column : self.column + self.length]


@dataclass(frozen=True)
class Problem:
    """A mistake in a file, its place, and a hint that says how to correct it."""

    message: str
    location: Location
    hint: str = ""
    variable: str = ""
    """The environment variable that is not set, if that is the problem: "$IMAGENET"."""

    def __str__(self) -> str:
        line, column = line_of(self.location.text, self.location.line), self.location.column
        # A long line is cut so that the caret stays in view.
        begin = max(0, column - MAX_WIDTH // 2) if len(line) > MAX_WIDTH else 0
        excerpt = printable(line[begin : begin + MAX_WIDTH])
        number = str(self.location.line + 1)
        gutter = " " * len(number)
        carets = "^" * max(1, min(self.location.length, len(excerpt) - column + begin))
        return "\n".join(
            [
                f"error: {self.message}",
                f"{gutter} --> {self.location}",
                f"{gutter}  |",
                f"{number}  | {excerpt}".rstrip(),
                f"{gutter}  | {' ' * (column - begin)}{carets} {self.hint}".rstrip(),
            ]
        )


def report(problems: Iterable[Problem]) -> str:
    """The text of the first problems, one per place in the order of the file, and their number."""
    by_place = {str(p.location): p for p in reversed(list(problems))}
    ordered = sorted(
        by_place.values(), key=lambda p: (p.location.source, p.location.line, p.location.column)
    )
    count = f"{len(ordered)} error{'s' if len(ordered) > 1 else ''}"
    first = f" (the first {MAX_PROBLEMS} are above)" if len(ordered) > MAX_PROBLEMS else ""
    return "\n\n".join([*map(str, ordered[:MAX_PROBLEMS]), f"{count}{first}, nothing was run"])

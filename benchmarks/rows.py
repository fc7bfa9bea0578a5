"""What a benchmark measures: one row for each quantity, with its bar."""

import argparse
import json
import os
import statistics
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from study.launch.supervisor import ALLOCATOR


@dataclass(frozen=True)
class Row:
    """One quantity, `low` and `high` of its repeats, and the bar it is held against."""

    group: str
    what: str
    value: float
    low: float
    high: float
    unit: str = "x"
    bar: float | None = None
    higher: bool = True
    """True if a value above the bar reaches it, False if one below it does."""
    cpu: float | None = None
    """Of `value` in seconds, those of a processor: the rest is waiting, for a core or a disk."""
    trials: int | None = None
    """Trials in the store, for growth."""
    taken: str = ""
    """The date and the machine."""

    @property
    def verdict(self) -> str:
        if self.bar is None:
            return ""
        reached = self.value >= self.bar if self.higher else self.value <= self.bar
        return "reached" if reached else "missed"

    @property
    def columns(self) -> tuple[str, ...]:
        """The row as text: what, value, spread, CPU, bar, verdict."""
        sign = "≥" if self.higher else "≤"
        return (
            self.what + (f", {self.trials:,} trials" if self.trials else ""),
            f"{self.value:.3g} {self.unit}",
            f"{self.low:.3g} to {self.high:.3g}",
            "" if self.cpu is None else f"{self.cpu:.2g} s",
            "" if self.bar is None else f"{sign} {self.bar:g} {self.unit}",
            self.verdict,
        )


HEADS = ("what", "value", "range", "CPU", "bar", "")
WIDTHS = (72, 10, 18, 9, 10, 8)


def spread(values: Iterable[float]) -> tuple[float, float, float]:
    """The median of repeats, and their quartiles."""
    low, middle, high = statistics.quantiles(values, method="inclusive")
    return middle, low, high


def command_line(doc: str) -> argparse.ArgumentParser:
    """A command line with the flag by which `python -m benchmarks` asks for the rows."""
    command = argparse.ArgumentParser(description=doc.partition("\n")[0])
    command.add_argument("--rows", type=Path, help="append the rows to this file of JSON lines")
    return command


def report(rows: Iterable[Row], file: Path | None) -> None:
    """Print every row when it is there, and append it to `file`."""
    for row in rows:
        texts = zip(row.columns, WIDTHS, strict=True)
        print(" ".join(f"{text:{width}}" for text, width in texts).rstrip(), flush=True)
        if file:
            with file.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(asdict(row)) + "\n")


def shell() -> dict[str, str]:
    """The variables of a user's shell: no settings of a worker, and Python keeps its bytecode."""
    ours = {*ALLOCATOR, "PYTHONDONTWRITEBYTECODE"}
    return {name: value for name, value in os.environ.items() if name not in ours}


def as_worker(module: str) -> None:
    """Start this module again with the allocator settings of a worker, the same for all arms."""
    # A process reads them at its start only.
    if any(os.environ.get(name) != value for name, value in ALLOCATOR.items()):
        words = [sys.executable, "-m", module, *sys.argv[1:]]
        os.execve(sys.executable, words, os.environ | ALLOCATOR)

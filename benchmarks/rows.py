"""What a benchmark prints: one row for each quantity, with its bar.

`results.py` runs all benchmarks and collects their rows.
"""

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
    """One measured quantity; `low` and `high` are the quartiles of its repeats."""

    group: str
    what: str
    value: float
    low: float
    high: float
    unit: str = "x"
    bar: float | None = None
    higher: bool = True
    """True if a value above the bar reaches it, False if one below it does."""

    @property
    def reached(self) -> bool | None:
        if self.bar is None:
            return None
        return self.value >= self.bar if self.higher else self.value <= self.bar

    @property
    def text(self) -> str:
        sign = "≥" if self.higher else "≤"
        bar = "" if self.bar is None else f"{sign} {self.bar:g}"
        verdict = {None: "", True: "reached", False: "missed"}[self.reached]
        spread = f"[{self.low:.3g}, {self.high:.3g}]"
        return f"{self.what:58}{self.value:>8.3g} {self.unit:4}{spread:16}{bar:8}{verdict}"


def spread(values: Iterable[float]) -> tuple[float, float, float]:
    """The median of repeats, and their quartiles."""
    low, middle, high = statistics.quantiles(values)
    return middle, low, high


def parser(doc: str) -> argparse.ArgumentParser:
    """A command line with the flag by which `results.py` asks for the rows."""
    command = argparse.ArgumentParser(description=doc.partition("\n")[0])
    command.add_argument("--rows", type=Path, help="append the rows to this file of JSON lines")
    return command


def report(rows: Iterable[Row], file: Path | None) -> None:
    """Print every row when it is there, and append it to `file`."""
    for row in rows:
        print(row.text, flush=True)
        if file:
            with file.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(asdict(row)) + "\n")


def as_worker() -> None:
    """Start this program again with the allocator settings of a worker, the same for all arms."""
    # A process reads them at its start only.
    if any(os.environ.get(name) != value for name, value in ALLOCATOR.items()):
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | ALLOCATOR)

"""Run the benchmarks that have bars, and write `RESULTS.md` and its figures beside this file.

    python -m benchmarks [model trial store]

A bar that is missed stays in the table. `REMARKS.md`, written by hand, says where the time goes and
is copied below the tables. No test asserts a time.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from datetime import date
from itertools import groupby
from pathlib import Path

import torch

from benchmarks.draw import growth, ratios
from benchmarks.rows import HEADS, Row

HERE = Path(__file__).resolve().parent
BENCHMARKS = {
    "model": "Ratios of CPU time on one core, taken by turns in one process: the time of the plain "
    "model by that of a path. The range is that of the quartiles.",
    "trial": "Ratios and differences of CPU time; of a whole study and of a worker, wall time. The "
    "range is that of the quartiles. Two instances of one model differ by 1 to 2 %.",
    "store": "Whole commands with their start, on a study of 200 arms; *all* is one of as many "
    "seeds as the store has. Cold is without an index, while files are in the system's memory. "
    "Seconds are the least of three repeats (one of a report, of claims the median), and the range "
    "goes from the least to the largest (of claims from the 5th to the 95th percentile).",
}
"""Benchmarks by the name of their module, and how their numbers were taken."""


def updated(new: Sequence[Row]) -> list[Row]:
    """The rows of all benchmarks: new ones, and those of benchmarks that were run before."""
    file, groups = HERE / "results.jsonl", {row.group for row in new}
    former = read(file) if file.exists() else []
    rows = [*new, *(row for row in former if row.group not in groups)]
    rows.sort(key=lambda row: [*BENCHMARKS].index(row.group))
    file.write_text("".join(f"{json.dumps(asdict(row))}\n" for row in rows), encoding="utf-8")
    return rows


def measured(names: Iterable[str]) -> list[Row]:
    rows = list[Row]()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.jsonl"
        for name in names:
            words, taken = [sys.executable, "-m", f"benchmarks.{name}", "--rows"], machine()
            subprocess.run([*words, str(file)], check=True, cwd=HERE.parent)
            rows += [replace(row, taken=taken) for row in read(file)]
            file.unlink()
        return rows


def read(file: Path) -> list[Row]:
    return [Row(**json.loads(line)) for line in file.read_text("utf-8").splitlines()]


def machine() -> str:
    """The date and the machine, with its load before a benchmark."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text("utf-8").splitlines() if info.exists() else []
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    processor = names[0] if names else platform.processor()
    return (
        f"{date.today():%Y-%m-%d}, {processor}, {os.cpu_count()} cores, "
        f"load {os.getloadavg()[0]:.1f}, {platform.system()}, "
        f"Python {platform.python_version()}, torch {torch.__version__}"
    )


def page(rows: Sequence[Row]) -> str:
    parts = ["# Results of the benchmarks", "Of `python -m benchmarks`."]
    for group, every in groupby(rows, lambda row: row.group):
        own = list(every)
        taken = f"{BENCHMARKS[group]} Taken on {own[0].taken}."
        parts += [f"## {group.capitalize()}", taken, "\n".join(table(own))]
        figure = "growth.svg" if group == "store" else f"{group}.svg"
        parts.append(f"![{group}]({figure})")
    remarks = HERE / "REMARKS.md"
    parts += [remarks.read_text("utf-8").strip()] if remarks.exists() else []
    return "\n\n".join(parts) + "\n"


def table(rows: Sequence[Row]) -> Iterator[str]:
    """The lines of a table in Markdown."""
    yield f"| {' | '.join(HEADS)} |"
    yield "|---|--:|--:|--:|--:|---|"
    for row in rows:
        *texts, verdict = row.columns
        yield f"| {' | '.join(texts)} | {verdict.replace('missed', '**missed**')} |"


if __name__ == "__main__":
    command = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    command.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}  [all]"
    )
    names = command.parse_args().names or [*BENCHMARKS]
    if wrong := {*names} - {*BENCHMARKS}:
        command.error(f"no benchmark {', '.join(sorted(wrong))}: there are {', '.join(BENCHMARKS)}")
    rows = updated(measured(names))
    (HERE / "RESULTS.md").write_text(page(rows), encoding="utf-8")
    for group in ("model", "trial"):
        ratios([row for row in rows if row.group == group], HERE / f"{group}.svg")
    growth([row for row in rows if row.trials], HERE / "growth.svg")

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
from dataclasses import asdict
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
    "trial": "Ratios of CPU time, of a whole study of wall time. The range is that of the "
    "quartiles.",
    "store": "Whole commands with their start, on a study of 200 arms; *all* is one of as many "
    "seeds as the store has. Cold is without an index, while files are in the system's memory. "
    "Seconds are the least of three repeats (of claims the median), and the range goes from the "
    "least to the largest (of claims from the 5th to the 95th percentile).",
}
"""Benchmarks by the name of their module, and how their numbers were taken."""


def updated(new: Sequence[Row]) -> list[Row]:
    """The rows of all benchmarks: new ones, and those of benchmarks that were run before."""
    file, groups = HERE / "results.jsonl", {row.group for row in new}
    lines = file.read_text("utf-8").splitlines() if file.exists() else []
    former = (Row(**json.loads(line)) for line in lines)
    rows = [*new, *(row for row in former if row.group not in groups)]
    rows.sort(key=lambda row: [*BENCHMARKS].index(row.group))
    file.write_text("".join(f"{json.dumps(asdict(row))}\n" for row in rows), encoding="utf-8")
    return rows


def measured(names: Iterable[str]) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.jsonl"
        for name in names:
            words = [sys.executable, "-m", f"benchmarks.{name}", "--rows", str(file)]
            subprocess.run(words, check=True, cwd=HERE.parent)
        return [Row(**json.loads(line)) for line in file.read_text("utf-8").splitlines()]


def machine() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text("utf-8").splitlines() if info.exists() else []
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    processor = names[0] if names else platform.processor()
    return (
        f"{processor}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {platform.system()}, "
        f"Python {platform.python_version()}, torch {torch.__version__}"
    )


def page(rows: Sequence[Row]) -> str:
    parts = [
        "# Results of the benchmarks",
        f"`python -m benchmarks`, {date.today():%Y-%m-%d}: {machine()}.",
    ]
    for group, own in groupby(rows, lambda row: row.group):
        parts += [f"## {group.capitalize()}", BENCHMARKS[group], "\n".join(table(list(own)))]
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
    command.add_argument("names", nargs="*", help=f"of {', '.join(BENCHMARKS)}  [all]")
    rows = updated(measured(command.parse_args().names or BENCHMARKS))
    (HERE / "RESULTS.md").write_text(page(rows), encoding="utf-8")
    for group in ("model", "trial"):
        ratios([row for row in rows if row.group == group], HERE / f"{group}.svg")
    growth([row for row in rows if row.trials], HERE / "growth.svg")

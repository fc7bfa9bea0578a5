"""The rows of a benchmark: printed, drawn, and written with the machine that measured them."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

REPEATS = 3


@dataclass(frozen=True)
class Row:
    """One quantity that was measured a few times."""

    what: str
    size: int
    """Trials in the store."""
    seconds: float
    """The least of the repeats: others share the machine, and only ever add to it."""
    spread: float
    """The largest of the repeats divided by the least."""
    cpu: float | None
    """Seconds of processor time of the least, in which others show less."""
    bar: float | None
    """Seconds that are aimed at; None for a row that shows growth alone."""

    @property
    def ratio(self) -> float | None:
        """Seconds divided by the bar."""
        return None if self.bar is None else self.seconds / self.bar


HEADS = ("what", "trials", "seconds", "CPU s", "spread", "bar", "ratio")


def cells(row: Row) -> tuple[str, ...]:
    bar = "--" if row.bar is None else f"{row.bar:g}"
    ratio = "--" if row.ratio is None else f"{row.ratio:.2f}"
    cpu = "--" if row.cpu is None else _seconds(row.cpu)
    return row.what, f"{row.size:,}", _seconds(row.seconds), cpu, f"{row.spread:.2f}", bar, ratio


def _seconds(value: float) -> str:
    return f"{value:.4f}" if value < 0.1 else f"{value:.2f}"


def printed(row: Row) -> str:
    what, *others = cells(row)
    return f"{what:44}" + "".join(f"{text:>10}" for text in others)


def table(rows: Sequence[Row]) -> str:
    """A table of Markdown."""
    lines = [HEADS, ("---", *["--:"] * (len(HEADS) - 1)), *map(cells, rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def machine() -> str:
    """The machine in one line, with its load."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    load = os.getloadavg()[0]
    return (
        f"{date.today()}, {names[0] if names else platform.processor()}, {os.cpu_count()} cores, "
        f"load {load:.1f}, Python {platform.python_version()}, {platform.system()}"
    )


def draw(rows: Sequence[Row], path: Path) -> None:
    """Seconds against trials on logarithmic axes; told apart by line and marker, not by colour."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
    kinds = dict.fromkeys(row.what for row in rows)
    styles = zip(kinds, "os^vDPX*<>", ["-", "--", ":", "-.", "-"] * 2, strict=False)
    for kind, marker, line in styles:
        own = [row for row in rows if row.what == kind]
        seconds = [row.seconds if row.cpu is None else row.cpu for row in own]
        axes.loglog(
            [row.size for row in own],
            seconds,
            line,
            marker=marker,
            color="black",
            markerfacecolor="white",
            label=kind,
        )
    axes.set_xlabel("finished trials in the store")
    axes.set_ylabel("s (commands: processor time)")
    figure.legend(loc="outside right upper", fontsize=7)
    figure.savefig(path, dpi=110)

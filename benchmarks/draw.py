"""Figures of the benchmarks, told apart by line and marker, not by colour."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl

from benchmarks.rows import Row

mpl.use("Agg")
mpl.rcParams["svg.hashsalt"] = "benchmarks"  # the same rows give the same file
from matplotlib import pyplot as plt  # noqa: E402  once the backend is chosen


def ratios(rows: Sequence[Row], file: Path) -> None:
    """Ratios as points with their quartiles, and bars as strokes."""
    drawn = [row for row in reversed(rows) if row.unit == "x"]
    if not drawn:
        return
    figure, axes = plt.subplots(figsize=(7.5, 0.26 * len(drawn) + 0.9), layout="constrained")
    for place, row in enumerate(drawn):
        axes.plot([row.low, row.high], [place, place], color="0.5", lw=3, solid_capstyle="butt")
        axes.plot(row.value, place, "o", color="black", ms=4, zorder=3)
        if row.bar is not None:
            axes.plot([row.bar] * 2, [place - 0.35, place + 0.35], color="black", lw=1.5)
    axes.set_yticks(range(len(drawn)), [row.what for row in drawn], fontsize=7)
    axes.axvline(1, color="0.7", lw=0.8, ls=":", zorder=0)
    axes.set_xlabel("ratio (point: median, grey: quartiles, stroke: bar)")
    figure.savefig(file, metadata={"Date": None})
    plt.close(figure)


def growth(rows: Sequence[Row], file: Path) -> None:
    """Processor time against the trials in the store, on logarithmic axes."""
    if not rows:
        return
    figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
    kinds = dict.fromkeys(row.what for row in rows)
    styles = zip(kinds, "os^vDPX*<>", ["-", "--", ":", "-.", "-"] * 2, strict=False)
    for kind, marker, line in styles:
        own = [row for row in rows if row.what == kind]
        times = [row.value if row.cpu is None else row.cpu for row in own]
        style = {"color": "black", "markerfacecolor": "white", "label": kind}
        axes.loglog([row.trials for row in own], times, line, marker=marker, **style)
    axes.set_xlabel("finished trials in the store")
    axes.set_ylabel("processor time (s)")
    figure.legend(loc="outside right upper", fontsize=7)
    figure.savefig(file, metadata={"Date": None})
    plt.close(figure)

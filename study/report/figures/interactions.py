"""Figure of interactions of two factors, for studies that measure all combinations of levels."""

from collections.abc import Iterator
from itertools import combinations, product
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from study import format, stats
from study.plan.plan import Plan
from study.report.contents import Report
from study.report.figures.report_figure import ReportFigure, frame, listing
from study.report.figures.states import qualities
from study.report.figures.style import BLACK, COLUMN, GREY, PAGE, SMALL, TINY
from study.report.figures.text_fit import width, wrapped
from study.spec.metric import Metric
from study.spec.study import Factor, file_name

SIDE = 0.72  # inches: the width of a cell with its interval
LABEL_WIDTH = 62  # points
COLOURS = LinearSegmentedColormap.from_list("signed", ["#4a90c4", "#ffffff", "#f0b429"])
"""Blue below zero, orange above; in grey print blue is darker, and every cell has its number."""


class InteractionMark(NamedTuple):
    """A row of the figure's data: the effect of the levels down and across."""

    down: str
    across: str
    value: float
    low: float
    high: float


def interactions(report: Report) -> Iterator[ReportFigure]:
    """A map per quality and pair of factors: main effects at its edges, interactions inside.

    Pairs with an effect that is aliased have none: a cell would show a sum as one effect.
    """
    plan = report.plan
    effects = report.analysis.factorial
    if not effects:
        return
    pairs = _separate(effects, list(combinations(range(len(plan.study.factors)), 2)))
    for name, (down, across) in product(qualities(plan), pairs):
        if len(plan.study.factors[across].levels) > len(plan.study.factors[down].levels):
            down, across = across, down  # the factor with more levels goes down the page
        data = points(plan, effects, name, (down, across))
        if data["value"].notna().any():
            paths = [plan.study.factors[f].path for f in (down, across)] if len(pairs) > 1 else []
            title = "-".join(["interactions", file_name(name), *map(file_name, paths)])
            factors = plan.study.factors[down], plan.study.factors[across]
            figure = _figure(data, factors, plan.catalogue[name])
            yield ReportFigure(title, figure, data, _alt(data, factors, plan.catalogue[name]))


# ---- data ----


def _separate(
    effects: list[stats.FactorialEffect], pairs: list[tuple[int, int]]
) -> list[tuple[int, int]]:
    """The pairs of factors of which no main effect and no interaction is aliased."""
    rows = [[row.term, *(term for term, _ in row.aliases)] for row in effects if row.aliases]
    mixed = {tuple(factor for factor, _ in term) for terms in rows for term in terms}
    return [(a, b) for a, b in pairs if not mixed & {(a,), (b,), (a, b)}]


def points(
    plan: Plan, effects: list[stats.FactorialEffect], name: str, pair: tuple[int, int]
) -> pd.DataFrame:
    """One row per cell; a cell at a factor's first level is the other factor's main effect."""
    terms = {row.term: row for row in effects if row.metric == name}
    labels = [[level.label for level in plan.study.factors[f].levels] for f in pair]
    listed = []
    for down, across in product(*(range(len(own)) for own in labels)):
        # The cell of both first levels is the reference and has no effect.
        if not down and not across:
            continue
        levels = [(f, level) for f, level in zip(pair, (down, across), strict=True) if level]
        # Terms list their factors in the order of the study, whatever goes down the page.
        row = terms.get(tuple(sorted(levels)))
        numbers = {"value": row.mean, "low": row.low, "high": row.high} if row is not None else {}
        listed.append(
            {
                "down": labels[0][down],
                "across": labels[1][across],
                "metric": name,
                "what": "interaction" if down and across else "main effect",
                **numbers,
            }
        )
    return frame(listed, plan.catalogue, "down", "across").drop(columns="seed")


# ---- the figure ----


def _figure(data: pd.DataFrame, factors: tuple[Factor, Factor], metric: Metric) -> Figure:
    down, across = ([level.label for level in factor.levels] for factor in factors)
    needed = 1.25 + SIDE * len(across)
    wide = COLUMN if needed <= COLUMN else PAGE
    # 72 points per inch; 1.25 inches are for the labels at the left.
    slot = 72 * (wide - 1.25) / len(across)
    figure = Figure(figsize=(wide, 1.15 + 0.38 * len(down)))
    axes = figure.subplots()
    axes.grid(False)
    values = np.full((len(down), len(across)), np.nan)
    for row in stats.typed_rows(data, InteractionMark):
        values[down.index(row.down), across.index(row.across)] = row.value
    limit = np.nanmax(np.abs(values)) or 1.0  # symmetric limits, so that white means no effect
    axes.pcolormesh(values, cmap=COLOURS, vmin=-limit, vmax=limit, edgecolors="white", linewidth=1)
    # Inverted limits, so that levels read downwards as in the table.
    axes.set(xlim=(0, len(across)), ylim=(len(down), 0))
    for row in stats.typed_rows(data, InteractionMark):
        place = across.index(row.across), down.index(row.down)
        _cell(axes, row, metric, place=place, slot=slot)
    _axes(axes, factors, slot)
    axes.set_title(_head(metric), fontsize=SMALL)
    return figure


def _cell(
    axes: Axes, row: InteractionMark, metric: Metric, *, place: tuple[int, int], slot: float
) -> None:
    """Write the mean above its interval, if it fits into the cell."""
    mean = format.number(row.value, metric.digits, signed=True)
    span = f"[{format.number(row.low, metric.digits)}, {format.number(row.high, metric.digits)}]"
    fits = row.low == row.low and width(span, TINY) < slot - 2
    axes.text(
        place[0] + 0.5,
        place[1] + 0.5,
        f"{mean}\n{span}" if fits else mean,
        ha="center",
        va="center",
        # 5 points are smaller than any other type, but a map without a number says too little.
        fontsize=TINY if width(mean, TINY) < slot else 5,
        linespacing=1.15,
        color=BLACK if mean != format.ABSENT else GREY,
        parse_math=False,
    )


def _axes(axes: Axes, factors: tuple[Factor, Factor], slot: float) -> None:
    down, across = factors
    main = "main effect"
    texts = [main, *(wrapped(level.label, slot - 4) for level in across.levels[1:])]
    upright = any(width(t, 7.5) > slot for text in texts for t in text.split("\n")) or slot < 20
    axes.set_xticks(
        [place + 0.5 for place in range(len(texts))],
        texts,
        parse_math=False,
        rotation=90 if upright else 0,
    )
    texts = [main, *(wrapped(level.label, LABEL_WIDTH) for level in down.levels[1:])]
    axes.set_yticks([place + 0.5 for place in range(len(texts))], texts, parse_math=False)
    for tick in (axes.get_xticklabels()[0], axes.get_yticklabels()[0]):
        tick.set(fontstyle="italic", color=GREY)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.axhline(1, color=BLACK, linewidth=0.8)
    axes.axvline(1, color=BLACK, linewidth=0.8)
    for label in (axes.set_xlabel(_label(across)), axes.set_ylabel(_label(down))):
        label.set(fontsize=SMALL, fontstyle="italic", color=GREY, parse_math=False)


def _label(factor: Factor) -> str:
    return wrapped(f"{factor.path}, against {factor.levels[0].label}", 150, size=SMALL, lines=2)


def _head(metric: Metric) -> str:
    return f"{format.difference_head(metric)}, mean [95 % interval]"


# ---- alternative text ----


def _alt(data: pd.DataFrame, factors: tuple[Factor, Factor], metric: Metric) -> str:
    down, across = factors
    sentences = [f"{_head(metric)}: {down.path} by {across.path}."]
    for what in ("main effect", "interaction"):
        part = data[data["what"] == what]
        texts = (
            f"{_names(row, down, across)} {format.number(row.value, metric.digits, signed=True)}"
            for row in stats.typed_rows(part, InteractionMark)
        )
        sentences.append(f"{what.capitalize()}s: {listing(texts)}.")
    return " ".join(sentences)


def _names(row: InteractionMark, down: Factor, across: Factor) -> str:
    names = [row.down] * (row.down != down.levels[0].label)
    names += [row.across] * (row.across != across.levels[0].label)
    return " × ".join(names)

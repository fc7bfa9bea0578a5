"""A figure as it is handed on, and the files that it becomes."""

import io
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from html import escape
from typing import Any

import pandas as pd
from matplotlib import style
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager

from study import cells
from study.commas import comma_separated
from study.metrics import METRICS
from study.report.figures.style import SCRIPTS, STYLE
from study.report.tables import plain

UNDATED: dict[str, dict[str, None]] = {
    "pdf": {"CreationDate": None},
    "svg": {"Date": None},
    "png": {},
}
"""The formats, each with what makes the same figure the same bytes."""

NAMED = 6  # arms that an alternative text tells of


@dataclass(frozen=True)
class Drawn:
    name: str
    """Of its files, without their ends."""
    figure: Figure
    data: pd.DataFrame
    """What is drawn, in the units of the table."""
    alt: str
    """For whoever cannot see it: what it shows, and the main numbers."""


@contextmanager
def styled() -> Iterator[None]:
    """Inside, a reader's own settings of matplotlib change nothing.

    A letter that no font here has is drawn as a box; the data and the alternative text have it.
    """
    with warnings.catch_warnings(), style.context(["default", STYLE | {"font.family": families()}]):
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


@cache
def families() -> list[str]:
    """Matplotlib's own font, which comes with it, and what is here for scripts that it lacks."""
    here = {font.name for font in fontManager.ttflist}
    return ["DejaVu Sans", *(name for name in SCRIPTS if name in here)]


def files(one: Drawn) -> dict[str, bytes]:
    """By name: the figure in every format, and its data."""
    made = {f"{one.name}.{end}": _saved(one.figure, end) for end in UNDATED}
    return made | {f"{one.name}.csv": comma_separated(one.data).encode()}


def svg(one: Drawn) -> str:
    """An element to stand in a page beside others: no prologue, and ids of its own."""
    text = _saved(one.figure, "svg").decode()
    body = text[text.index("<svg") :].partition(">")[2]
    own = re.sub(r"\W", "-", one.name)
    body = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{own}-", body)
    width, height = one.figure.get_size_inches() * 72
    alt = escape(one.alt)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="{width:g}pt" height="{height:g}pt" viewBox="0 0 {width:g} {height:g}" '
        f'role="img" aria-label="{alt}">{body}'
    )


def _saved(figure: Figure, end: str) -> bytes:
    file = io.BytesIO()
    with styled():
        figure.savefig(file, format=end, metadata=UNDATED[end], dpi=300)
    return file.getvalue()


# ---- data ----

MARK = ("value", "low", "high")


def frame(rows: Iterable[Mapping[str, Any]], *keys: str) -> pd.DataFrame:
    """Rows with a `metric`, its numbers in base units, as the data of a figure in the table's.

    Columns are `keys`, metric, what (the kind of mark), seed, value, low, high.
    """
    columns = [*keys, "metric", "what", "seed", *MARK]
    found = pd.DataFrame(list(rows), columns=columns).astype({"seed": "Int64"})
    scales = found["metric"].map(_scale).astype(float)
    for column in MARK:
        found[column] = found[column].astype(float) * scales
    return found


def _scale(name: str) -> float:
    return METRICS[name].scale if name in METRICS else 1.0  # of a loss in training


def bare(measured: pd.DataFrame) -> pd.DataFrame:
    """Without what it says beside its rows, which pandas copies into every part of it."""
    found = measured.copy()
    found.attrs = {}
    return found


def each(data: pd.DataFrame) -> Iterator[Any]:
    """The rows one after another, by the names of their columns."""
    yield from data.itertuples()


# ---- names and words ----


def said(row: Any, digits: int, *, signed: bool = False) -> str:
    """The value of a mark, with its interval or range where it has one."""
    text = cells.number(row.value, digits, signed=signed)
    if row.low != row.low:
        return text
    return f"{text} [{cells.number(row.low, digits)}, {cells.number(row.high, digits)}]"


def numbered(name: str, number: int) -> str:
    """Of the second figure of a kind and of those after it: name-2, ..."""
    return name if number == 0 else f"{name}-{number + 1}"


def told(things: Iterable[str], most: int = NAMED) -> str:
    """Things of a list one after another, the first few of many."""
    every = [plain(thing) for thing in things]
    rest = len(every) - most
    return "; ".join(every[:most] + ([f"and {rest} more"] if rest > 0 else []))

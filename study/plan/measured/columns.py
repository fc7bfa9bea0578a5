"""The columns of a file of results: which one has a factor, a metric, or the seed."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isfinite

from study.errors import SpecError, unknown
from study.plan.measured.files import ResultTable
from study.plan.measured.formats import ResultRow, cell
from study.spec.schema.measured import SEED, Cell, Measured, MeasuredColumn
from study.spec.study import Factor, Level, Study

NUMBER = re.compile(r"[-+]?(?:\d{1,30}(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?", re.ASCII | re.IGNORECASE)
BOOLEANS = {"true": True, "false": False}


@dataclass(frozen=True)
class Columns:
    """The columns of a file that a study reads."""

    factors: tuple[Mapping[str, str], ...]
    """By factor: its column under "", or that of every key that its levels set."""
    metrics: Mapping[str, MeasuredColumn]
    seed: str
    """The column of seeds; "" without one."""


def columns(study: Study, measured: Measured, table: ResultTable) -> Columns:
    """The columns of the factors, of the qualities and of the seed.

    Raises:
        SpecError: one that the study needs is not there.
    """
    _refuse_unknown(study, measured, table)
    factors = tuple(_of_factor(factor, measured, table) for factor in study.factors)
    return Columns(factors, _of_metrics(study, measured, table), _of_seed(measured, table))


def _refuse_unknown(study: Study, measured: Measured, table: ResultTable) -> None:
    """Refuse names of `columns` and `where` that the study or the file has not."""
    of_factors = (name for f in study.factors for name in (*_names(f), *_keys(f)))
    names = list(dict.fromkeys([*study.catalogue, *of_factors]))
    for name in measured.columns:
        if name not in names:
            raise SpecError(f"measured.columns: {unknown('metric or factor', name, names)}")
    # A column that the study names must exist; one that it only may have need not.
    given = (measured.column(name) for name in measured.columns)
    for name in (*(column.column for column in given if column), *measured.where):
        _require(name, table)


def _require(name: str, table: ResultTable) -> None:
    if name not in table.columns:
        raise SpecError(f"{table.name}: {unknown('column', name, table.columns)}")


def _names(factor: Factor) -> list[str]:
    """The names that the column of a factor may have."""
    return [factor.path, factor.path.rpartition(".")[2], factor.title]


def _keys(factor: Factor) -> list[str]:
    """The keys that the levels of a factor set, if all of them are mappings."""
    values = [level.value for level in factor.levels]
    keys = dict.fromkeys(key for value in values if isinstance(value, dict) for key in value)
    return [*keys] if all(isinstance(value, dict) for value in values) else []


def _of_factor(factor: Factor, measured: Measured, table: ResultTable) -> dict[str, str]:
    given = (measured.column(name) for name in _names(factor))
    if chosen := next(filter(None, given), None):
        return {"": chosen.column}
    if there := [name for name in _names(factor) if name in table.columns]:
        return {"": there[0]}
    # Levels that set several keys, as a sweep does, have a column for each.
    chosen_keys = {key: measured.column(key) for key in _keys(factor)}
    keys = {key: own.column if own else key for key, own in chosen_keys.items()}
    if keys and {*keys.values()} <= {*table.columns}:
        return keys
    wanted = " or ".join(dict.fromkeys(_names(factor)))
    why = unknown("column", _names(factor)[1], table.columns)
    raise SpecError(f"{table.name} has no column for the factor {factor.path} ({wanted}): {why}")


def _of_metrics(study: Study, measured: Measured, table: ResultTable) -> dict[str, MeasuredColumn]:
    """The columns of the qualities that the file has; those that the study prints must be there."""
    # A report of costs alone would say nothing of the file whose name it has.
    if not any(study.catalogue[name].kind == "quality" for name in study.columns):
        raise SpecError(f"columns prints no quality, and measured takes these from {table.name}")
    metrics = dict[str, MeasuredColumn]()
    for name in dict.fromkeys([*study.columns, *study.catalogue]):
        metric = study.catalogue[name]
        if metric.kind != "quality":
            continue
        # The name goes first: two metrics may have one label.
        there = [column for column in (name, metric.label) if column in table.columns]
        if chosen := measured.column(name):
            metrics[name] = chosen
        elif there:
            metrics[name] = MeasuredColumn(column=there[0])
        elif name in study.columns:
            why = unknown("column", name, table.columns)
            raise SpecError(f"{table.name} has no column for the metric {name}: {why}")
    return metrics


def _of_seed(measured: Measured, table: ResultTable) -> str:
    if "seed" not in measured.model_fields_set:
        # The default is a guess: a file without it has no pairs.
        return seed_column(table.columns)
    if measured.seed:
        _require(measured.seed, table)
    return measured.seed or ""


def seed_column(columns: Iterable[str]) -> str:
    """The column that is called seed, however its name is capitalized; "" for none or several."""
    alike = [column for column in columns if column.lower() == SEED]
    return SEED if SEED in alike else alike[0] if len(alike) == 1 else ""


# ---- levels ----


def level_of(factor: Factor, keys: Mapping[str, str], row: ResultRow) -> int | None:
    """The level that the cells of a row have; None for a value that no level has.

    Raises:
        SpecError: the cells are those of several levels.
    """
    levels = list(enumerate(factor.levels))
    matches = [n for n, level in levels if _is(level, keys, row.cells)]
    if not matches and "" in keys:
        # Values come first: the label of one level may be the value of another.
        matches = [n for n, level in levels if row.cells.get(keys[""], "") == level.label]
    if "" not in keys:
        # {depth: 2, width: 8} says more of a row than {depth: 2} does.
        most = max((_size(factor.levels[n]) for n in matches), default=0)
        matches = [n for n in matches if _size(factor.levels[n]) == most]
    if len(matches) > 1:
        cells = ", ".join(f'{column} "{row.cells.get(column, "")}"' for column in keys.values())
        both = " and ".join(factor.levels[n].label for n in matches[:2])
        raise SpecError(f"{row.place}: {cells} is a cell of two levels of {factor.path}: {both}")
    return matches[0] if matches else None


def _is(level: Level, keys: Mapping[str, str], cells: Mapping[str, str]) -> bool:
    if "" in keys:
        return equal(cells.get(keys[""], ""), level.value)
    values = level.value if isinstance(level.value, dict) else {}
    return all(equal(cells.get(keys[key], ""), value) for key, value in values.items())


def _size(level: Level) -> int:
    return len(level.value) if isinstance(level.value, dict) else 0


def equal(text: str, value: object) -> bool:
    """True if a cell has a value, however it writes a number or a boolean."""
    if isinstance(value, bool) or value is None:
        # Trackers write True, true and None, none.
        return text.lower() in ((cell(value), "none", "null") if value is None else (cell(value),))
    if isinstance(value, int | float):
        try:
            # As texts too: identifiers may have more digits than a float.
            return float(text) == value or text == cell(value)
        except ValueError:
            return False
    return text == cell(value)


def value_of(text: str) -> Cell:
    """The value that a text means: a number, a boolean or null, as in a study file, or itself."""
    if text.lower() in BOOLEANS:
        return BOOLEANS[text.lower()]
    if not NUMBER.fullmatch(text):
        return None if text == "null" else text
    number = float(text)
    return int(text) if text.lstrip("+-").isdigit() else number if isfinite(number) else text

"""Numbers in the cells of a file of results, in the base units of their metrics."""

from collections.abc import Collection, Mapping, Sequence
from math import isfinite

from study.errors import SpecError
from study.plan.measured.columns import Columns
from study.plan.measured.formats import ResultRow
from study.plan.measured.record import Key, Values
from study.spec.metric import Metric
from study.spec.schema.measured import MeasuredColumn
from study.spec.study import Study


def values_of(study: Study, own: Columns, rows: Sequence[ResultRow]) -> Values:
    """The measurements of one arm and seed, whose metrics may be in several rows.

    Raises:
        SpecError: a metric is there twice, or is no number.
    """
    values = dict[str, float | None]()
    for name, column in own.metrics.items():
        # A tracker may write the test in a row of its own, with empty cells for the rest.
        with_value = [row for row in rows if row.cells.get(column.column, "")]
        if len(with_value) > 1:
            raise SpecError(_twice(own, *with_value[:2]))
        for row in with_value:
            number = _number(row, column.column) * column.scale / study.catalogue[name].scale
            # None is what the store has of a diverged trial.
            values[name] = number if isfinite(number) else None
    return values


def _number(row: ResultRow, column: str) -> float:
    """The number in a cell; NaN and infinity are numbers: a run that diverged."""
    text = row.cells[column]
    try:
        # float() takes 1_000 too, which no table means.
        return float(text.replace("_", "?"))
    except ValueError:
        hint = ""
        if "," in text and text.replace(",", "", 1).isdigit():
            hint = "; a decimal point is a point"
        elif text.endswith("%") and text.rstrip("% ").replace(".", "", 1).isdigit():
            hint = "; leave % out: unit of the metric is its unit"
        raise SpecError(f'{row.place}: "{text}" in column {column} is no number{hint}') from None


def _twice(own: Columns, first: ResultRow, second: ResultRow) -> str:
    """A message on two rows of one arm and seed, with the columns that tell them apart."""
    factors = (column for keys in own.factors for column in keys.values())
    read = {own.seed, *factors, *(column.column for column in own.metrics.values())}
    both = f"{first.place} and {second.place} are results of one arm and one seed"
    differing = apart(first, second, read)
    if not differing:
        return f"{both}: delete one of them"
    named = ", ".join(differing[:3])
    return f"{both}; they differ in {named}: choose by where, or add a factor"


def apart(first: ResultRow, second: ResultRow, read: Collection[str]) -> list[str]:
    """The columns that tell two rows apart, without those that are `read`."""
    cells = first.cells.items()
    return [n for n, text in cells if n not in read and text != second.cells.get(n)]


def check_units(study: Study, own: Columns, name: str, values: Mapping[Key, Values]) -> None:
    """Refuse fractions in the place of per cent, and what no percentage can be.

    Raises:
        SpecError: names the column.
    """
    for metric, column in own.metrics.items():
        own_metric = study.catalogue[metric]
        numbers = [v for row in values.values() if (v := row.get(metric)) is not None]
        if not (own_metric.unit == "%" and numbers):
            continue
        # As printed: a metric may be in per cent without a scale.
        low, high = min(numbers) * own_metric.scale, max(numbers) * own_metric.scale
        where = f"{name}: {metric} is in per cent, and column {column.column}"
        # An overhead or a word error rate can be above 100 %; a share cannot.
        if own_metric.is_fraction and (low < 0 or high > 100):
            raise SpecError(f"{where} has {low if low < 0 else high:.6g}")
        _refuse_scaled_twice(where, own_metric, column, high)
        # A column whose scale is given is meant, however small.
        if 0 < max(-low, high) <= 1 and "scale" not in column.model_fields_set:
            columns = f"columns: {{{metric}: {{column: {column.column}, scale: 100}}}}"
            message = f"{where} has nothing above {max(-low, high):.6g}"
            raise SpecError(f"{message}: if these are fractions, say {columns}; if not, scale: 1")


MOST_PERCENT = 1000.0
"""From here on no error rate is meant, but per cent that were scaled as fractions."""


def _refuse_scaled_twice(where: str, metric: Metric, column: MeasuredColumn, high: float) -> None:
    """Refuse per cent above 100 of what is better if higher, such as an accuracy: as a rule such a
    number is a share, and an error rate is not.

    Raises:
        SpecError: says which scale is meant.
    """
    scaled = column.scale > 1
    if high <= 100 or (metric.better == "lower" and not (scaled and high > MOST_PERCENT)):
        return
    if scaled:
        name = f"{high:.6g} with scale {column.scale:g}"
        raise SpecError(f"{where} has {name}: its numbers are in per cent already, so say scale: 1")
    # A scale of 1 that is given is meant, as a speed in per cent of another.
    if "scale" not in column.model_fields_set:
        raise SpecError(f"{where} has {high:.6g}: if more than 100 % is meant, say scale: 1")

"""Levels that no row has: misspelt, or of runs that do not exist yet."""

from collections.abc import Iterator, Mapping, Sequence

from study.errors import SpecError, likely_name
from study.plan.measured.columns import level_of
from study.plan.measured.formats import ResultRow, cell
from study.plan.measured.gaps import listed
from study.spec.study import Factor, Study


def refuse_misspelt(
    study: Study, columns: Sequence[Mapping[str, str]], rows: Sequence[ResultRow], name: str
) -> list[str]:
    """Notes on levels that no row of a file has, beside values that no level has.

    Raises:
        SpecError: such a value is a level in all likelihood.
    """
    pairs = zip(study.factors, columns, strict=True)
    return [note for factor, keys in pairs for note in _unused(factor, keys, rows, name)]


def _unused(
    factor: Factor, keys: Mapping[str, str], rows: Sequence[ResultRow], name: str
) -> Iterator[str]:
    # Levels that set several keys have a column for each, and no value of one.
    column = keys.get("")
    if column is None:
        return
    values, used = dict[str, None](), set[int]()
    for row in rows:
        level = level_of(factor, keys, row)
        if level is None:
            values[row.cells.get(column, "")] = None
        else:
            used.add(level)
    for number, own in enumerate(factor.levels):
        if number in used or not values:
            continue
        what = f'no row of {name} has the level "{own.label}" of {factor.path}'
        text = cell(own.value)
        # A number that is like another is another value, perhaps of runs that are to come.
        near = likely_name(text, values) if isinstance(own.value, str) else None
        if near is not None:
            raise SpecError(f'{what}: {column} is never "{text}"; did you mean "{near}"?')
        yield f"{what}; values of {column} that no level has: {listed([*values])}"

"""The results of a study that trains nothing: rows of a file, as trials of its arms."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from study.errors import SpecError
from study.plan.measured.columns import Columns, columns, equal, level_of
from study.plan.measured.copies import without_seeds
from study.plan.measured.files import ResultTable, result_table
from study.plan.measured.formats import ResultRow
from study.plan.measured.gaps import gaps, guessed_seed, not_finite, unmatched
from study.plan.measured.logs import refuse_steps
from study.plan.measured.misspelt import refuse_misspelt
from study.plan.measured.numbers import check_units, values_of
from study.plan.measured.record import MeasuredResults
from study.spec.reader import ReadStudy
from study.spec.study import Choices, Study


def with_results(file: ReadStudy) -> tuple[ReadStudy, MeasuredResults | None]:
    """A study with the seeds of its file of results, and these; as it is if it names none.

    Raises:
        SpecError: the file cannot be read, or does not fit the study.
    """
    study = file.study
    # Mistakes of the study file come first: the plan reports them.
    if study is None or study.measured is None or file.problems:
        return file, None
    table = result_table(study.measured.file, study.path.parent)
    results = measured_results(study, table)
    return replace(file, study=replace(study, seeds=results.seeds)), results


def measured_results(study: Study, table: ResultTable) -> MeasuredResults:
    """The results of a study from the rows of its file.

    Raises:
        SpecError: a column is missing, a cell is no number, a result is there twice, or no row
            matches an arm.
    """
    if study.measured is None:
        raise ValueError(f"{study.name} names no file of results")
    where, own = study.measured.where, columns(study, study.measured, table)
    if study.seeds and not own.seed:
        why = (
            "measured.seed is null" if study.measured.seed is None else "it has no column of seeds"
        )
        raise SpecError(f"seeds chooses no rows of {table.name}, as {why}: delete seeds")
    chosen = [r for r in table.rows if all(equal(r.cells.get(k, ""), v) for k, v in where.items())]
    by_arm, strays = _by_arm(study, own, chosen)
    unused = refuse_misspelt(study, own.factors, chosen, table.name)
    if not any(by_arm.values()):
        first = f"; {strays[0]} matches none" if strays else ""
        raise SpecError(f"no row of {table.name} matches an arm of the study{first}")
    copies = list[str]()
    if not own.seed:
        _refuse_steps(own, by_arm, where)
        copies = [*without_seeds(study, own, table.name, [*by_arm.values()])]
    every = {(arm, n): rows for arm in by_arm for n, rows in _by_seed(own, by_arm[arm]).items()}
    seeds = study.seeds or tuple(sorted({seed for _, seed in every}))
    known = frozenset(seeds)
    others = [row.place for (_, seed), rows in every.items() if seed not in known for row in rows]
    values = {key: values_of(study, own, rows) for key, rows in every.items() if key[1] in known}
    check_units(study, own, table.name, values)
    diverged = [every[key][0].place for key, row in values.items() if None in row.values()]
    measured = MeasuredResults(
        table.name, table.digest, tuple(own.metrics), seeds, bool(own.seed), values
    )
    seed_notes = guessed_seed(study.measured, own.seed, table.columns)
    notes = [
        *table.notes,
        *seed_notes,
        *unmatched(table.name, strays, others),
        *not_finite(diverged),
    ]
    return replace(measured, notes=(*notes, *copies, *gaps(study, measured), *unused))


def _by_arm(
    study: Study, own: Columns, rows: Sequence[ResultRow]
) -> tuple[dict[Choices, list[ResultRow]], list[str]]:
    """The rows of every arm, and the places of those that match none, with the reason."""
    by_arm: dict[Choices, list[ResultRow]] = {arm.choices: [] for arm in study.arms}
    strays = list[str]()
    for row in rows:
        pairs = zip(study.factors, own.factors, strict=True)
        levels = [level_of(factor, column, row) for factor, column in pairs]
        choices = tuple(level for level in levels if level is not None)
        if len(choices) == len(levels) and choices in by_arm:
            by_arm[choices].append(row)
        else:
            names = [column for keys in own.factors for column in keys.values()]
            values = ", ".join(f"{name}={row.cells.get(name, '')}" for name in names)
            strays.append(f"{row.place} ({values})")
    return by_arm, strays


def _refuse_steps(
    own: Columns, by_arm: Mapping[Choices, Sequence[ResultRow]], where: Iterable[str]
) -> None:
    """Refuse rows of an arm that are the epochs of one run, of which nothing has a seed."""
    factors = (column for keys in own.factors for column in keys.values())
    used = {*where, *factors, *(column.column for column in own.metrics.values())}
    for rows in by_arm.values():
        refuse_steps(rows, used)


def _by_seed(own: Columns, rows: Sequence[ResultRow]) -> dict[int, list[ResultRow]]:
    """The rows of an arm by seed, or by their number where the file has no seeds."""
    if not own.seed:
        return {number: [row] for number, row in enumerate(rows)}
    by_seed = dict[int, list[ResultRow]]()
    for row in rows:
        by_seed.setdefault(_seed(row, own.seed), []).append(row)
    return by_seed


def _seed(row: ResultRow, column: str) -> int:
    text = row.cells.get(column, "").removesuffix(".0")  # of a column with gaps, in pandas
    if not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS):
        given = row.cells.get(column, "")
        why = f"has more than {MOST_DIGITS} digits" if text.isdecimal() else "is no whole number"
        raise SpecError(f'{row.place}: "{given}" in column {column} is no seed: it {why}')
    return int(text)


MOST_DIGITS = 18  # of a seed: a frame has 64 bits for it

"""The table of results that exist, without a study file: a study in memory of a file's columns."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod

from study.api.better import lower_is_better
from study.errors import SpecError, unknown
from study.plan.measured.columns import equal, value_of
from study.plan.measured.files import ResultTable
from study.plan.measured.formats import ResultRow, cell
from study.spec.schema.measured import SEED, Cell
from study.spec.study import BASELINE
from study.spec.yaml import written
from study.text import forbidden_character

BETTER = ("higher", "lower")
MOST_DIGITS = 4  # decimals in print; fewer where the cells have fewer


@dataclass(frozen=True)
class ColumnChoice:
    """The columns of a file of results that make a table."""

    arms: tuple[str, ...]
    metrics: tuple[str, ...]
    seed: str | None = None
    """None: the column `SEED` if there is one; "" pairs nothing."""
    baseline: str = ""
    """The value of the arm that others are compared with; "" for that of the first row."""
    better: tuple[str, ...] = ()
    """higher or lower, for all metrics, or METRIC=lower for one."""
    where: Mapping[str, Cell] = field(default_factory=dict)
    """By column the value of the rows that count."""


@dataclass(frozen=True)
class InMemory:
    """The text of a study file, and what was taken for granted in it."""

    text: str
    notes: tuple[str, ...]


def in_memory(choice: ColumnChoice, table: ResultTable, file: str) -> InMemory:
    """The study of the columns of a table, whose file the study calls `file`.

    Raises:
        SpecError: there is no such column, no such baseline, or nothing to compare.
    """
    for column in (*choice.arms, *choice.metrics, *choice.where, choice.seed):
        if column and column not in table.columns:
            raise SpecError(f"{table.name}: {unknown('column', column, table.columns)}")
    if shared := {*choice.arms} & {*choice.metrics, choice.seed}:
        raise SpecError(f"column {min(shared)} cannot be an arm and a metric or a seed")
    rows = [row for row in table.rows if _is_chosen(row, choice)]
    arms = list(dict.fromkeys(tuple(row.cells.get(c, "") for c in choice.arms) for row in rows))
    if not arms:
        wanted = " and ".join(f"{column}={cell(value)}" for column, value in choice.where.items())
        raise SpecError(f"no row of {table.name} has {wanted}")
    _refuse_texts(choice, rows)
    base = _baseline(choice, arms)
    metrics, notes = _metrics(choice, rows)
    names = _keys([*choice.arms, *choice.metrics])
    study = {
        "question": f"How does {' or '.join(choice.arms)} change {' and '.join(choice.metrics)}?",
        "task": "results",
        "measured": _measured(choice, names, file),
        **_factors(choice, [base, *(arm for arm in arms if arm != base)], names),
        "metrics": {names[column]: keys for column, keys in metrics.items()},
    }
    if not choice.baseline:
        notes.append(f"the baseline is {_label(base)}, the arm of the first row: see --baseline")
    return InMemory(written(study), tuple(notes))


def _is_chosen(row: ResultRow, choice: ColumnChoice) -> bool:
    return all(equal(row.cells.get(key, ""), value) for key, value in choice.where.items())


def _refuse_texts(choice: ColumnChoice, rows: Sequence[ResultRow]) -> None:
    """Refuse values of arms that no table can show, or that are one number or boolean."""
    for column in choice.arms:
        first = dict[str, ResultRow]()
        for row in rows:
            first.setdefault(row.cells.get(column, ""), row)
        same = dict[tuple[bool, float], str]()
        for text, row in first.items():
            if why := forbidden_character(text):
                what = f"{text!r} in column {column} cannot be the label of an arm"
                raise SpecError(f"{row.place}: {what}: {why}")
            value = value_of(text)
            if not isinstance(value, int | float):
                continue  # empty cells and texts are what they are
            # 1 and True are equal in Python.
            if (other := same.setdefault((isinstance(value, bool), value), text)) != text:
                raise SpecError(
                    f'{first[other].place} and {row.place}: "{other}" and "{text}" in column '
                    f"{column} are one value and would be two arms: write them alike"
                )


def _key(column: str) -> str:
    """A column as the name of a metric or a key: `val/acc` gives val_acc."""
    key = re.sub(r"\W+", "_", column).strip("_") or "column"
    return key if key.isidentifier() else f"_{key}"


def _keys(columns: Sequence[str]) -> dict[str, str]:
    """Columns as names of metrics and keys, which differ: two of one name are numbered."""
    names = dict[str, str]()
    # A column that is a name keeps it, whatever others become.
    for column in sorted(dict.fromkeys(columns), key=lambda column: _key(column) != column):
        key, number = _key(column), 2
        while key in names.values():
            key, number = f"{_key(column)}_{number}", number + 1
        names[column] = key
    return {column: names[column] for column in columns}


def _labelled(values: Iterable[Sequence[str]]) -> dict[str, Sequence[str]]:
    """Values of arms by their labels.

    Raises:
        SpecError: two arms have one label, and would be one arm.
    """
    labels = dict[str, Sequence[str]]()
    for own in values:
        if (first := labels.setdefault(_label(own), own)) != own:
            both = f"{_quoted(first)} and {_quoted(own)}"
            raise SpecError(f'{both} would both be called "{_label(own)}": rename one in the file')
    return labels


def _quoted(values: Sequence[str]) -> str:
    return ", ".join(f'"{value}"' for value in values)


def _label(values: Sequence[str]) -> str:
    """The label of an arm."""
    label = ", ".join(value or "(empty)" for value in values)
    # The name is that of any baseline, whatever its level is called.
    return label.capitalize() if label == BASELINE else label


def _baseline(choice: ColumnChoice, arms: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    if not choice.baseline:
        return arms[0]
    labels = {", ".join(arm): arm for arm in arms}
    if len(labels) < len(arms):
        _labelled(arms)  # which of two arms is meant, no text of --baseline says
    given = ", ".join(part.strip() for part in choice.baseline.split(","))
    # A value may hold a comma itself.
    for text in (choice.baseline.strip(), given):
        if text in labels:
            return labels[text]
    raise SpecError(f"--baseline: {unknown(' and '.join(choice.arms), given, labels)}")


# ---- the keys of a study file ----


def _measured(choice: ColumnChoice, names: Mapping[str, str], file: str) -> object:
    """The key `measured`; the name of the file alone where nothing else is said."""
    renamed = {key: column for column, key in names.items() if key != column}
    keys = {
        "file": file,
        **({} if choice.seed in (None, SEED) else {"seed": choice.seed or None}),
        **({"columns": renamed} if renamed else {}),
        **({"where": dict(choice.where)} if choice.where else {}),
    }
    return file if len(keys) == 1 else keys


def _factors(
    choice: ColumnChoice, arms: Sequence[tuple[str, ...]], names: Mapping[str, str]
) -> dict[str, object]:
    """Baseline, factors and design: one factor per column if the arms are all combinations."""
    keys = [names[column] for column in choice.arms]
    base: dict[str, object] = {"setting": dict(zip(keys, arms[0], strict=True))}
    if len(arms) == 1:  # one arm has a mean and no difference
        return {"baseline": base}
    values = [list(dict.fromkeys(own)) for own in zip(*arms, strict=True)]
    crossed = len(arms) == prod(map(len, values)) and all(len(own) > 1 for own in values)
    if len(keys) == 1 or crossed:
        levels = {
            f"setting.{key}": {label: v for label, (v,) in _labelled([v] for v in own).items()}
            for key, own in zip(keys, values, strict=True)
        }
        titles = {f"setting.{k}": c for c, k in names.items() if c in choice.arms and k != c}
        design = {"design": "factorial"} if len(keys) > 1 else {}
        more = {"titles": titles} if titles else {}
        return {"baseline": base, "factors": levels, **more, **design}
    joined = {label: dict(zip(keys, arm, strict=True)) for label, arm in _labelled(arms).items()}
    title = {"setting": ", ".join(choice.arms)}
    return {"baseline": base, "factors": {"setting": joined}, "titles": title}


def _metrics(
    choice: ColumnChoice, rows: Sequence[ResultRow]
) -> tuple[dict[str, dict[str, object]], list[str]]:
    """The keys of every metric, and notes on directions that nobody has said."""
    better = _directions(choice)
    guessed = dict[str, list[str]]()
    metrics = dict[str, dict[str, object]]()
    for column in choice.metrics:
        direction = better.get(column, better.get("", ""))
        if not direction:
            direction = BETTER[lower_is_better(column)]
            guessed.setdefault(direction, []).append(column)
        # A key that was made of the column is not what a table should print.
        label = {} if column == _key(column) else {"label": column}
        digits = _decimals([row.cells.get(column, "") for row in rows])
        metrics[column] = {**label, "better": direction, "digits": digits}
    notes = [
        f"{', '.join(columns)}: {direction} is taken to be better, by the name: see --better"
        for direction, columns in guessed.items()
    ]
    return metrics, notes


def _directions(choice: ColumnChoice) -> dict[str, str]:
    """The directions that the user says by column, "" for all others."""
    better = dict[str, str]()
    for text in choice.better:
        column, _, direction = text.rpartition("=")
        if direction not in BETTER:
            raise SpecError(f"--better: {unknown('direction', direction, BETTER)}")
        if column and column not in choice.metrics:
            raise SpecError(f"--better: {unknown('metric', column, choice.metrics)}")
        better[column] = direction
    return better


def _decimals(cells: Sequence[str]) -> int:
    """The most decimals of the cells, as far as a table prints them."""
    places = (len(cell.partition(".")[2]) for cell in cells if "e" not in cell.lower())
    return min(MOST_DIGITS, max(places, default=0))

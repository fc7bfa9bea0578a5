"""The table of results that exist, without a study file: a study in memory of a file's columns."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod

from study.api.column_choice import Assumption, ColumnChoice
from study.api.doubles import doubled, pooled
from study.api.table_metrics import key_of, metrics_of
from study.errors import SpecError, unknown
from study.plan.measured.columns import equal, seed_column
from study.plan.measured.files import ResultTable
from study.plan.measured.formats import ResultRow, cell
from study.plan.measured.levels import refuse_levels
from study.spec.schema.measured import SEED
from study.spec.study import BASELINE
from study.spec.yaml import written


@dataclass(frozen=True)
class InMemory:
    """The text of a study file, and what was taken for granted in it."""

    text: str
    notes: tuple[Assumption, ...]


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
    rows = chosen_rows(choice, table)
    seed = choice.seed if choice.seed is not None else seed_column(table.columns)
    if seed and (twice := doubled(rows, choice.arms, choice.metrics, seed)):
        raise SpecError(str(twice))
    refuse_levels(choice.arms, rows)
    arms = _arms(choice, rows)
    base = _baseline(choice, arms)
    metrics, notes = metrics_of(choice, rows)
    names = _keys([*choice.arms, *choice.metrics])
    study = {
        "question": f"How does {' or '.join(choice.arms)} change {' and '.join(choice.metrics)}?",
        "task": "results",
        "measured": _measured(choice, names, file),
        **_factors(choice, [base, *(arm for arm in arms if arm != base)], names),
        "metrics": {names[column]: keys for column, keys in metrics.items()},
    }
    notes += baseline_note(choice, rows)
    if not seed:
        notes += _pooled(choice, rows)
    if study.get("design") == "factorial":
        notes.append(_crossed(choice, base))
    return InMemory(written(study), tuple(notes))


def chosen_rows(choice: ColumnChoice, table: ResultTable) -> list[ResultRow]:
    """The rows that count.

    Raises:
        SpecError: there is none.
    """
    where = choice.where.items()
    rows = [r for r in table.rows if all(equal(r.cells.get(key, ""), v) for key, v in where)]
    if not rows:
        wanted = " and ".join(f"{column}={cell(value)}" for column, value in where)
        raise SpecError(f"no row of {table.name} has {wanted}")
    return rows


def baseline_of(choice: ColumnChoice, rows: Sequence[ResultRow]) -> str:
    """The baseline of rows, as `ColumnChoice.baseline` names it."""
    return ", ".join(_baseline(choice, _arms(choice, rows)))


def _arms(choice: ColumnChoice, rows: Sequence[ResultRow]) -> list[tuple[str, ...]]:
    return list(dict.fromkeys(tuple(row.cells.get(c, "") for c in choice.arms) for row in rows))


def baseline_note(choice: ColumnChoice, rows: Sequence[ResultRow]) -> Iterator[Assumption]:
    """A note on the baseline, unless the user has said which it is."""
    if not choice.baseline:
        base = _baseline(choice, _arms(choice, rows))
        why = "by its name" if _is_named_baseline(base) else "the arm of the first row"
        yield Assumption(f'the baseline is "{", ".join(base)}", {why}', "--baseline")


def _pooled(choice: ColumnChoice, rows: Sequence[ResultRow]) -> Iterator[Assumption]:
    """Notes on columns whose values are taken together, as no seed says which rows are a pair."""
    used = {*choice.arms, *choice.metrics, *choice.where, SEED}
    for column in pooled(rows, used, choice.arms):
        text = f"rows of one arm differ in {column}, and are taken as replicates of it"
        yield Assumption(text, f"--group {column}, --where or --arm")


def _crossed(choice: ColumnChoice, base: Sequence[str]) -> Assumption:
    """A note on a second column, which may be a data set and nothing to compare across."""
    *_, last = choice.arms
    text = f'every arm is compared with "{", ".join(base)}", arms of another {last} too'
    return Assumption(text, f"--group {last}, for a table of each with its own baseline")


def _keys(columns: Sequence[str]) -> dict[str, str]:
    """Columns as names of metrics and keys, which differ: two of one name are numbered."""
    names = dict[str, str]()
    # A column that is a name keeps it, whatever others become.
    for column in sorted(dict.fromkeys(columns), key=lambda column: key_of(column) != column):
        key, number = key_of(column), 2
        while key in names.values():
            key, number = f"{key_of(column)}_{number}", number + 1
        names[column] = key
    return {column: names[column] for column in columns}


def _labelled(values: Iterable[Sequence[str]]) -> dict[str, Sequence[str]]:
    """Values of arms by their labels, those of the baseline first.

    Raises:
        SpecError: two arms have one label, and would be one arm.
    """
    labels = dict[str, Sequence[str]]()
    for number, own in enumerate(values):
        label = _label(own)
        # The name is that of any baseline, whatever its level is called.
        if number and label == BASELINE:
            label = label.capitalize()
        if (first := labels.setdefault(label, own)) != own:
            both = f"{_quoted(first)} and {_quoted(own)}"
            raise SpecError(f'{both} would both be called "{label}": rename one in the file')
    return labels


def _quoted(values: Sequence[str]) -> str:
    return ", ".join(f'"{value}"' for value in values)


def _label(values: Sequence[str]) -> str:
    """The label of an arm."""
    return ", ".join(value or "(empty)" for value in values)


def _is_named_baseline(values: Sequence[str]) -> bool:
    return BASELINE in map(str.lower, values)


def _baseline(choice: ColumnChoice, arms: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    if not choice.baseline:
        return next(filter(_is_named_baseline, arms), arms[0])
    labels = {", ".join(arm): arm for arm in arms}
    if len(labels) < len(arms):
        _labelled(arms)  # which of two arms is meant, no text of --baseline says
    # As they are printed, too.
    printed = [(_label(arm), arm) for arm in arms] + [("; ".join(arm), arm) for arm in arms]
    for label, arm in printed + [(BASELINE.capitalize(), a) for a in arms if a == (BASELINE,)]:
        labels.setdefault(label, arm)
    given = ", ".join(part.strip() for part in choice.baseline.split(","))
    # A value may hold a comma itself.
    for text in (choice.baseline.strip(), given):
        if text in labels:
            return labels[text]
    known = [", ".join(arm) for arm in arms]
    raise SpecError(f"--baseline: {unknown(' and '.join(choice.arms), given, known)}")


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

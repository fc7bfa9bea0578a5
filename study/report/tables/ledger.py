"""The table of tuning: spend, choice and conclusion of every arm."""

from study import format
from study.analysis.analysis import Analysis
from study.analysis.ledger import Ledger, LedgerRow
from study.report.table import Cell, Row, Table, TableBlock, plain
from study.report.tables.estimates import effect_cell, mean_cell
from study.report.text import sequential
from study.report.text import tuning as text
from study.spec.metric import Metric
from study.spec.tuning import Values, written

KEYS = (
    "trials",
    "failed",
    "hours",
    "file",
    "best",
    "expected",
    "chosen",
    "tuned-delta",
    "baseline-delta",
    "conclusion",
)


def ledger_table(analysis: Analysis) -> Table | None:
    """The ledger of a study, or None for a study that tunes nothing."""
    ledger = analysis.ledger
    if ledger is None:
        return None
    objective = analysis.catalogue[ledger.tuning.rules.objective]
    tested = analysis.catalogue[ledger.metric]
    delta = format.effect_head(tested, interval=analysis.seeds > 1)
    name, half = format.head(objective), _half(ledger)
    every = (
        "Trials",
        "Failed",
        "Hours",
        f"{name}, file",
        f"{name}, best",
        f"{name}, expected best of {half} [95 % CI]",
        "Chosen",
        f"{delta}, each tuned",
        f"{delta}, values of ●",
        "Conclusion",
    )
    # The last two columns are about the values of the baseline.
    count = len(every) if ledger.tuning.rules.at_baseline else len(every) - 2
    return Table(
        name=plain(f"{analysis.plan.study.title}-tuning"),
        caption=plain(_caption(analysis, ledger)),
        heads=every[:count],
        blocks=(
            TableBlock(
                "",
                tuple(
                    Row(plain(row.label), not number, _cells(analysis, ledger, row, number)[:count])
                    for number, row in enumerate(ledger.rows)
                ),
            ),
        ),
        notes=tuple(plain(note) for note in text.notes(analysis, ledger)),
        keys=KEYS[:count],
    )


def _caption(analysis: Analysis, ledger: Ledger) -> str:
    moved = (
        " Last columns: the difference from ● with the values that each arm chose, and with those "
        f"that ● chose.{_intervals(analysis)}"
        if ledger.tuning.rules.at_baseline
        else ""
    )
    return (
        f"Tuning of {analysis.plan.study.title}: each arm is {text.protocol(ledger.tuning.rules)}. "
        f"File: with the values of the study file, which are the first trial.{moved}"
    )


def _intervals(analysis: Analysis) -> str:
    """The kinds of both intervals, where results decided the seeds of the first alone."""
    if analysis.plan.study.sequential is None:
        return ""
    return f" The first has its {sequential.interval(analysis)}; the second a 95 % t interval."


def _half(ledger: Ledger) -> int:
    """Half of the proposals, by which an arm shows whether more of them would still help."""
    return max(1, ledger.tuning.rules.trials // 2)


def _cells(analysis: Analysis, ledger: Ledger, row: LedgerRow, number: int) -> tuple[Cell, ...]:
    objective = analysis.catalogue[ledger.tuning.rules.objective]
    tested = analysis.catalogue[ledger.metric]
    expected = next((e for e in row.expected if e.k == _half(ledger)), None)
    return (
        _number(len(row.ended), 0),
        _number(row.failed, 0),
        _number(row.seconds / 3600, 2),
        _measured(row.of_file, objective),
        _measured(row.best, objective),
        mean_cell(expected, objective) if expected else Cell(format.ABSENT),
        Cell(plain(values_text(row.chosen)) or format.ABSENT),
        *(
            (Cell(""), Cell(""), Cell(""))
            if not number
            else (
                effect_cell(row.effect, tested, analysis.seeds),
                effect_cell(row.at_baseline, tested, analysis.seeds),
                Cell(ledger.flag(row) or format.ABSENT, bold=ledger.flag(row) == "flips"),
            )
        ),
    )


def values_text(values: Values) -> str:
    """Values by path, without the part that all share."""
    parts = {path.partition(".")[0] for path in values}
    short = {path: path.partition(".")[2] or path if len(parts) == 1 else path for path in values}
    return ", ".join(f"{short[path]} {written(value)}" for path, value in values.items())


def _number(value: float, digits: int) -> Cell:
    text = format.number(value, digits)
    return Cell(text, value=value, parts={"value": text})


def _measured(value: float | None, metric: Metric) -> Cell:
    if value is None:
        return Cell(format.ABSENT)
    text = format.measured(value, metric)
    return Cell(text, value=value, parts={"value": text})

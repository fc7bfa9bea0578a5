"""Several studies in one table."""

from collections.abc import Sequence

from study.report.contents import Report
from study.report.table import Cell, Row, Table, TableBlock, plain


def overview(reports: Sequence[Report]) -> Table:
    """One row per study: its question, its answer and the number of finished trials."""
    return Table(
        name="overview",
        caption=f"{len(reports)} studies; an answer claims only what its statistics support.",
        heads=("Question", "Answer", "Trials"),
        blocks=(TableBlock("", tuple(map(_row, reports))),),
        notes=(),
        keys=("question", "answer", "trials"),
    )


def _row(report: Report) -> Row:
    plan = report.plan
    done = f"{len(plan.trials) - len(plan.missing)} of {len(plan.trials)}"
    texts = (plan.study.question, report.answer, done)
    return Row(plain(plan.study.title), False, tuple(Cell(plain(text)) for text in texts))

"""The table of a search: its front on held-out images, and what was reached with fresh seeds."""

from study import format
from study.analysis.analysis import Analysis
from study.analysis.candidates import CandidateRow, Candidates
from study.report.table import Cell, Row, Table, TableBlock, plain
from study.report.tables.estimates import mean_cell
from study.report.text import search as text


def search_table(analysis: Analysis) -> Table | None:
    """The front of a study's search, or None for a study without one."""
    candidates = analysis.candidates
    if candidates is None:
        return None
    quality, *costs = (analysis.catalogue[name] for name in candidates.search.rules.objectives)
    name, heads = format.head(quality), [format.head(cost) for cost in costs]
    rows = [
        Row(plain(row.label), not row.proposal.values, _cells(analysis, candidates, row))
        for row in candidates.front
    ]
    return Table(
        name=plain(f"{analysis.plan.study.title}-search"),
        caption=plain(text.caption(analysis, candidates)),
        heads=("Candidate", *heads, f"{name}, held out", f"{name}, fresh seeds [95 % CI]"),
        blocks=(TableBlock("", tuple(rows)),),
        notes=tuple(map(plain, text.notes(analysis, candidates))),
        keys=("number", *candidates.search.rules.objectives[1:], "held-out", "fresh"),
    )


def _cells(analysis: Analysis, candidates: Candidates, row: CandidateRow) -> tuple[Cell, ...]:
    quality, *costs = candidates.search.rules.objectives
    catalogue, (objective, *values) = analysis.catalogue, row.objectives
    number = str(row.proposal.number)
    return (
        Cell(number, value=row.proposal.number, parts={"value": number}),
        *(
            _measured(format.measured(value, catalogue[cost]), value)
            for cost, value in zip(costs, values, strict=True)
        ),
        _measured(format.measured(objective, catalogue[quality]), objective),
        _fresh(analysis, row.arm),
    )


def _measured(text: str, value: float) -> Cell:
    return Cell(text, value=value, parts={"value": text})


def _fresh(analysis: Analysis, arm: str) -> Cell:
    """The mean of an arm's own seeds with its interval, on images that chose nothing."""
    name = analysis.plan.search.rules.objectives[0] if analysis.plan.search else ""
    own = analysis.means.get((arm, name))
    if own is None or own.mean != own.mean:  # NaN: a seed diverged
        return Cell(format.ABSENT)
    return mean_cell(own, analysis.catalogue[name])

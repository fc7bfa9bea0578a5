"""The list of trials on the page, in units of the table."""

from collections.abc import Iterable
from typing import NamedTuple

from study import format
from study.analysis.trials import column
from study.report.contents import Report

COMMIT = 9  # letters of a commit's digest


class TrialColumn(NamedTuple):
    """A column of the list: its heading, and its text for every trial."""

    head: str
    values: tuple[str, ...]


def columns(report: Report) -> list[TrialColumn]:
    rows = report.analysis.trials
    listed = [TrialColumn(name, _texts(rows[name])) for name in ("arm", "seed", "state")]
    catalogue = report.plan.catalogue
    for name, metric in catalogue.items():
        if column(name) not in rows.columns:
            continue
        numbers = rows[column(name)].astype(float)
        values = (format.measured(v, metric) if v == v else "" for v in numbers)
        listed.append(TrialColumn(format.head(metric), tuple(values)))
    listed.append(TrialColumn("time (s)", tuple(_seconds(v) for v in rows["seconds"])))
    listed += [TrialColumn(name, _texts(rows[name])) for name in ("device", "machine")]
    listed.append(TrialColumn("commit", tuple(text[:COMMIT] for text in _texts(rows["commit"]))))
    return [*listed, TrialColumn("trial", _texts(rows["trial"]))]


def _texts(values: Iterable[object]) -> tuple[str, ...]:
    # Missing values arrive as None or NaN, depending on the type of the column.
    return tuple("" if value is None or value != value else str(value) for value in values)


def _seconds(value: float | None) -> str:
    if value is None or value != value:
        return ""
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"

"""Two arms of a study side by side."""

from typing import Any

import pandas as pd

from study.files import Record
from study.report.comparison.measured import Comparison, comparison
from study.report.comparison.sentence import answer
from study.report.comparison.tables import tables

__all__ = ["Comparison", "answer", "comparison", "record", "tables"]


def record(found: Comparison) -> Record:
    """The comparison for `--json`: stable keys, base units, null for an unknown value."""
    first, second = found.arms
    return {
        "study": found.plan.study.title,
        "first": {"label": found.labels[0], "arm": first.digest},
        "second": {"label": found.labels[1], "arm": second.digest},
        "differs": {path: list(values) for path, values in found.differs.items()},
        "answer": answer(found),
        "declared": found.declared,
        "metrics": _rows(found.metrics),
        "seeds": _rows(found.seeds),
        "images": {key: _known(value) for key, value in found.images.items()},
    }


def _rows(table: pd.DataFrame) -> list[Record]:
    rows = table.to_dict("records")
    return [{str(key): _known(value) for key, value in row.items()} for row in rows]


def _known(value: Any) -> Any:
    return None if pd.isna(value) else value

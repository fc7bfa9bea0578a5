"""Two arms of a study side by side."""

from typing import Any

import pandas as pd

from study.analysis.two_arms import Comparison, comparison
from study.report.tables.two_arms import tables
from study.report.text.two_arms import answer
from study.store.atomic import Record

__all__ = ["Comparison", "answer", "comparison", "record", "tables"]


def record(comparison_: Comparison) -> Record:
    """The comparison for `--json`: stable keys, base units, null for an unknown value."""
    first, second = comparison_.arms
    images = comparison_.images._asdict() if comparison_.images else {}
    return {
        "study": comparison_.plan.study.title,
        "first": {"label": comparison_.labels[0], "arm": first.digest},
        "second": {"label": comparison_.labels[1], "arm": second.digest},
        "differs": {path: list(values) for path, values in comparison_.differs.items()},
        "answer": answer(comparison_),
        "declared": comparison_.declared,
        "metrics": _rows(comparison_.metrics),
        "seeds": _rows(comparison_.seeds),
        "images": {key: _json_value(value) for key, value in images.items()},
    }


def _rows(table: pd.DataFrame) -> list[Record]:
    rows = table.to_dict("records")
    return [{str(key): _json_value(value) for key, value in row.items()} for row in rows]


def _json_value(value: Any) -> object:
    # JSON has no NaN, and Python would write one all the same.
    return None if pd.isna(value) else value

"""The contents of a report, before they become files."""

from dataclasses import dataclass

import pandas as pd

from study.analysis.published import Assessment
from study.plan.plan import Plan
from study.report.table import Table


@dataclass(frozen=True)
class Report:
    """Everything a report shows, from the results stored so far."""

    plan: Plan
    measured: pd.DataFrame
    assessment: Assessment
    images: pd.DataFrame
    curves: pd.DataFrame
    trials: pd.DataFrame
    origins: dict[str, list[str]]
    """Provenance: each item of the environment (commit, device, torch ...) and all its values."""
    tables: dict[str, Table]
    """Tables by file name: table, verdicts, claims, contrasts, factors."""
    answer: str
    """The answer of the study in a sentence or two."""

"""All that a report shows, before it is given a form."""

from dataclasses import dataclass

import pandas as pd

from study.judgement import Judged
from study.plan import Plan
from study.report.tables import Table


@dataclass(frozen=True)
class Report:
    """Of whatever the store has so far."""

    plan: Plan
    measured: pd.DataFrame
    judged: Judged
    images: pd.DataFrame
    curves: pd.DataFrame
    trials: pd.DataFrame
    origins: dict[str, list[str]]
    """What it was computed with: each kind of thing, all that was used."""
    tables: dict[str, Table]
    """By the name of their files: table, verdicts, claims, contrasts, factors."""
    answer: str
    """In one sentence."""

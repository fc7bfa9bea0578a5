"""The results of a study for a notebook: frames, tables and figures."""

from dataclasses import dataclass, replace
from functools import cached_property

import pandas as pd
from matplotlib.figure import Figure

from study.api.frames import of_rows
from study.errors import StudyError, unknown
from study.plan.plan import Plan
from study.report import report
from study.report.contents import Report
from study.report.figure_style import figure_style
from study.report.figures import FIGURES
from study.report.figures.style_sheets import styled
from study.report.formats import FORMATS
from study.report.table import Table
from study.spec.arm_names import own_names
from study.store.store import Store


@dataclass(frozen=True)
class FinishedTable:
    """A table of a report; a notebook shows it, and `to` writes it in another format."""

    table: Table

    def to(self, form: str) -> str:
        """The text in a format: "md", "tex", "csv", "typ", ...

        Raises:
            StudyError: there is no such format.
        """
        if form not in FORMATS:
            raise StudyError(unknown("format", form, FORMATS))
        return FORMATS[form](self.table)

    def __str__(self) -> str:
        return self.to("md")

    # The name by which Jupyter asks an object for HTML.
    def _repr_html_(self) -> str:
        return self.to("html")


@dataclass(frozen=True)
class Analysis:
    """Everything that follows from a study's results, as they were when each was first read."""

    plan: Plan
    store: Store

    @cached_property
    def details(self) -> Report:
        """The report: its tables, its answer, and the typed statistics behind them."""
        return report.report(self.plan, self.store)

    @cached_property
    def answer(self) -> str:
        """The answer of the study in a sentence or two."""
        return self.details.answer

    @cached_property
    def labels(self) -> dict[str, str]:
        """The names of arms by digest; a label that two arms have is written with its factors."""
        arms = self.plan.arms
        names = own_names(self.plan.study, [arm.arm for arm in arms])
        both = zip(arms, names, strict=True)
        return {arm.digest: arm.label if arm.label in own else own[0] for arm, own in both}

    @cached_property
    def frame(self) -> pd.DataFrame:
        """Every measurement: `arm`, `seed`, `metric`, `value` in base units, `low`, `high`.

        Costs and speeds have no seed; only speeds have a range. NaN marks a trial that diverged.
        """
        rows = self.details.analysis.measurements
        columns = ["arm", "seed", "metric", "value", "low", "high"]
        return rows.assign(arm=rows.arm.map(self.labels))[columns].reset_index(drop=True)

    @cached_property
    def effects(self) -> pd.DataFrame:
        """Differences from the baseline, paired by seed; see `study.effects` for the columns."""
        # Costs and speeds have no seed, and so no pairs.
        rows = self.frame.dropna(subset="seed")
        return of_rows(rows, self.labels[self.plan.baseline.digest])

    def table(self, name: str = "table") -> FinishedTable:
        """A table of the report: "table", "verdicts", "claims", "contrasts" or "factors".

        Raises:
            StudyError: the study has no such table.
        """
        tables = self.details.tables
        if name not in tables:
            raise StudyError(unknown("table", name, tables))
        return FinishedTable(tables[name])

    def figure(self, name: str, *, width: str = "text", style: str = "sans") -> Figure:
        """A figure of the report, such as "effects" or "pareto"; the first of several.

        `width` is "column" or "text"; `style` is "sans", "serif", or a style sheet of matplotlib.

        Raises:
            StudyError: there is no such figure, width or style, or no data for it yet.
        """
        if name not in FIGURES:
            raise StudyError(unknown("figure", name, FIGURES))
        # Else a user's own settings of matplotlib would change the figure.
        look = figure_style(width, str(style))
        with styled(look):
            drawn = next(iter(FIGURES[name](replace(self.details, style=look))), None)
        if drawn is None:
            raise StudyError(f"{self.plan.study.title} has no data for the figure {name} yet")
        return drawn.figure

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()

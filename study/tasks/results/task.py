"""Results that exist: arms are rows of a file, named by any settings; nothing imports torch."""

from collections.abc import Callable
from dataclasses import replace

from pydantic import ConfigDict, Field

from study.errors import StudyError
from study.spec.metric import Catalogue
from study.spec.problems import Problem
from study.spec.reader import ReadStudy
from study.spec.schema.types import Strict
from study.spec.study import Study
from study.store.store import Store
from study.tasks.arms import ResolvedArm, ResolvedArms
from study.tasks.simple import SimpleTask
from study.trial.running import Finished, RunningTrial

Value = str | int | float | bool | None


class Setting(Strict):
    """Any settings, by name; those that factors vary are columns of the file."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Value] = Field(init=False)


class ResultsBaseline(Strict):
    """The settings of the baseline."""

    setting: Setting = Field(description="name: value, of any settings")


class ExistingResults(SimpleTask):
    """A trial is a row of a file of results."""

    baseline = ResultsBaseline
    catalogue = Catalogue()
    declares_metrics = True

    def arms(
        self, file: ReadStudy, store: Store, *, audit_all: bool, tell: Callable[[str], None]
    ) -> ResolvedArms:
        every = super().arms(file, store, audit_all=audit_all, tell=tell)
        study, _ = file.complete()
        if study.measured:
            return every
        hint = "add measured: runs.csv"
        absent = Problem("task results reads them from a file", file.places.key("task"), hint)
        return replace(every, problems=[*every.problems, absent])

    def caption(self, study: Study, arm: ResolvedArm) -> str:
        if study.measured is None:
            return study.task
        # Rows of one data set are no runs of the whole file.
        where = " and ".join(f"{key} {value}" for key, value in study.measured.where.items())
        return f"the runs in {study.measured.file}" + f" with {where}" * bool(where)

    def run(self, trial: RunningTrial) -> Finished:
        raise StudyError("trials of task results are rows of a file, and are not run")


TASK = ExistingResults()

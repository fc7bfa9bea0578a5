"""The task of running a user's own program; nothing here imports torch."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from study.errors import StudyError
from study.spec.metric import Catalogue
from study.spec.problems import Problem
from study.spec.reader import ReadStudy
from study.spec.study import Study
from study.spec.task import ArmConfig, ReadParts
from study.spec.yaml import Tree
from study.store.job_records import Job
from study.store.records import TrialRecord
from study.store.store import Store
from study.tasks import Task
from study.tasks.arms import PlannedArm, ResolvedArm, ResolvedArms
from study.tasks.program import arms, baseline, checks, code, equal_results, words
from study.tasks.program.baseline import ProgramConfig, config_of
from study.tasks.program.metrics import OF_MODEL, USAGE
from study.tasks.program.records import ProgramRecord
from study.trial.running import Finished, RunningTrial

if TYPE_CHECKING:
    from study.metrics.workloads import Workload


class Program(Task):
    """A trial runs a command or a function in a folder of its own, and reads what it leaves."""

    baseline = baseline.ProgramBaseline
    catalogue = Catalogue({**OF_MODEL, **USAGE})
    columns = ("seconds", "peak_memory")
    usage = tuple(USAGE)
    progress_unit = "step"
    known_length = False
    declares_metrics = True
    reads_metrics = True
    starts_processes = True

    def __init__(self) -> None:
        self.threads = 1  # until `prepare` says how many a worker has

    def catalogue_of(self, parts: Mapping[str, Tree]) -> Catalogue:
        # A program without a model may declare metrics of these names itself.
        model = parts.get("model")
        return self.catalogue if model is not None and model.value else USAGE

    def columns_of(self, baseline: ArmConfig) -> tuple[str, ...]:
        model = config_of(baseline).keys.model
        return ("params", "macs", *self.columns) if model else self.columns

    def complete(self, parts: Mapping[str, Tree]) -> bool:
        return "run" in parts or "call" in parts

    def read(self, part: str, tree: Tree) -> tuple[object, list[Problem]]:
        return baseline.read(part, tree)

    def clashes(self, parts: ReadParts) -> Mapping[str, list[Problem]]:
        return checks.clashes(parts)

    def config(self, parts: ReadParts) -> ProgramConfig:
        return baseline.config(parts)

    def held_out(self, share: float | None) -> Mapping[str, object]:
        if share is not None:
            raise StudyError("a program holds out its own data: leave holdout out")
        return {}

    def arms(
        self, file: ReadStudy, store: Store, *, audit_all: bool, tell: Callable[[str], None]
    ) -> ResolvedArms:
        return arms.resolved(file, store, audit_all=audit_all, tell=tell)

    def record(self, arm: ResolvedArm, seed: int, study: Study) -> TrialRecord:
        return arms.record(arm, seed, study)

    def copy_code(self, records: Iterable[TrialRecord], job: Path) -> None:
        for record in map(ProgramRecord.of, records):
            code.keep(Path(record.root), record.config.code, job)

    def run(self, trial: RunningTrial) -> Finished:
        # Readers import libraries that a plan does not need.
        from study.tasks.program.trial import run

        return run.run(trial, self.threads)

    def timed_as(self, arm: ResolvedArm) -> str:
        # The model is no part of a trial's name, as no trial builds it by this function.
        keys = config_of(arm.arm.config).keys
        return f"{keys.model} {keys.input}" if keys.model else ""

    def workloads(self, record: TrialRecord, job: Job) -> "Mapping[str, Workload]":
        from study.tasks.program.model import timing

        return timing.workloads(record, job)

    def steps(self, record: TrialRecord, job: Job) -> Mapping[str, Callable[[], None]]:
        from study.tasks.program.model import timing

        return timing.steps(record, job)

    def prepare(self, threads: int) -> None:
        self.threads = threads

    def notes(self, arms: Sequence[PlannedArm], store: Store) -> Iterator[str]:
        yield from equal_results.notes(arms, store)

    def summary(self, study: Study, arm: ResolvedArm) -> str:
        keys = config_of(arm.arm.config).keys
        return keys.call or " ".join(map(str, keys.run or ()))

    def caption(self, study: Study, arm: ResolvedArm) -> str:
        keys = config_of(arm.arm.config).keys
        if keys.call:
            return keys.call.rpartition(":")[2]
        return words.name([word for word in keys.run or () if isinstance(word, str)])

    def table_notes(self, arm: ResolvedArm) -> Iterator[str]:
        keys = config_of(arm.arm.config).keys
        yield f"Trials run {keys.call or ' '.join(map(str, keys.run or ()))}."


TASK = Program()

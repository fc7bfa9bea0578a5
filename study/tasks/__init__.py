"""Tasks, each a kind of trial. The rest of the package asks a task the questions of `Task`.

A task is one class and one line in `TASKS`; a user's plugin may add to it. Nothing here imports a
task, so that a command that needs none starts without torch.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel

from study import registries
from study.errors import MetricError, SizeError, StudyError, unknown
from study.spec.image_size import ImageSize
from study.spec.metric import Catalogue, Metric
from study.spec.places import Places
from study.spec.plugins import Plugin
from study.spec.problems import Problem
from study.spec.reader import ReadStudy
from study.spec.study import Arm, Study
from study.spec.task import ArmConfig, ReadParts
from study.spec.yaml import Tree
from study.store.cost_records import ArmCost
from study.store.job_records import Job
from study.store.records import Evaluation, TrialRecord
from study.store.store import Store
from study.store.timing_records import StepTimes
from study.tasks.arms import Facts, PlannedArm, ResolvedArm, ResolvedArms, Width
from study.tasks.contact_sheets import ContactSheet
from study.tasks.image_samples import ImageSamples
from study.trial.group import Alone, Group
from study.trial.running import Finished, RunningTrial

if TYPE_CHECKING:
    from study.metrics.workloads import Workload
    from study.tasks.image_samples import Arrays


class UnknownTaskError(StudyError):
    """Neither this package nor a plugin has such a task."""


class Task(ABC):
    """A kind of trial: the answers to five questions, and to some that have defaults."""

    # ---- 1. the schema of `baseline` ----

    baseline: type[BaseModel]
    """The schema of `baseline`, whose fields are the parts that factors vary."""

    named: Collection[str] = ()
    """The parts that are a name with arguments: NAME is short for {name: NAME}."""

    @property
    def parts(self) -> tuple[str, ...]:
        """The keys of `baseline`; a factor varies one of them, or a key inside one."""
        return tuple(self.baseline.model_fields)

    def complete(self, parts: Mapping[str, Tree]) -> bool:
        """False where too little of the baseline is there for any arm to be configured."""
        return {n for n, f in self.baseline.model_fields.items() if f.is_required()} <= parts.keys()

    @abstractmethod
    def read(self, part: str, tree: Tree) -> tuple[object, list[Problem]]:
        """A part of an arm's baseline, or None, and its problems; once per choice of levels."""

    def clashes(self, parts: ReadParts) -> Mapping[str, list[Problem]]:
        """Problems of parts that are right alone and wrong together, by part."""
        return {}

    @abstractmethod
    def config(self, parts: ReadParts) -> ArmConfig:
        """The configuration of an arm; a wrong part has a default."""

    def held_out(self, share: float | None) -> Mapping[str, object]:
        """Values at paths with which a trial is judged on a part of its training images.

        Tuning trials have them, so that no reported image chooses a value. A task whose trials
        report their objective on held-out data already takes no share and gives no values.
        Raises StudyError where trials cannot do it.
        """
        raise StudyError(
            "trials of this task hold no training data out, and choosing on what is reported "
            "would make it too good: such a study cannot be tuned"
        )

    # ---- 2. its metrics ----

    catalogue: Catalogue
    """The metrics of the task by name: costs, qualities and speeds."""

    def catalogue_of(self, parts: Mapping[str, Tree]) -> Catalogue:
        """The metrics of a study whose baseline has these parts."""
        return self.catalogue

    per_image = ""
    """The metric whose hits and misses are stored as predictions, by which images are compared."""
    right_among: Mapping[str, int] = {}
    """By quality of a fraction of images, the number of likeliest classes that may be the right
    one; all of them can be counted again from the stored predictions."""
    usage: Collection[str] = ()
    """Metrics that differ between any two runs of a trial, such as its time."""
    progress_unit = "epoch"
    """The unit of learning curves: a row of a history is an epoch, or names its iteration."""
    known_length = True
    """False if nobody knows how many rows a trial's history will have; see `Store.latest`."""
    ends_early = False
    """True if a trial asks `Callbacks.ends_early` after every epoch."""
    declares_metrics = False
    """True if a study file may declare metrics of its own, which the trials report."""
    reads_metrics = False
    """True if such a metric may say what reads it, where the program of a trial leaves it."""

    def image_samples(
        self, first: "Mapping[int, Arrays]", second: "Mapping[int, Arrays]", metric: str
    ) -> ImageSamples | None:
        """The difference of a metric on bootstrap samples of the images, for seeds of both arms.

        Both are the arrays of predictions by seed. None for a metric that has no such samples, and
        for `per_image`, whose hits and misses the statistics resample by themselves.

        Raises:
            StoreError: two trials did not see the same images.
        """
        return None

    @property
    def columns(self) -> tuple[str, ...]:
        """The metrics that a study prints if its file does not say."""
        return tuple(self.catalogue)

    def columns_of(self, baseline: ArmConfig) -> tuple[str, ...]:
        """The same, where they depend on the baseline."""
        return self.columns

    # ---- 3. what an arm costs ----

    @abstractmethod
    def arms(
        self, file: ReadStudy, store: Store, *, audit_all: bool, tell: Callable[[str], None]
    ) -> ResolvedArms:
        """The arms of a study without mistakes: named, counted, and checked.

        `tell` is given a line before work that takes time.
        """

    def alternatives(self, arm: ResolvedArm, store: Store) -> Iterator[tuple[str, str, ArmCost]]:
        """The costs of an arm with another part in one slot, each with the slot and the part."""
        yield from ()

    def resolved_alone(self, file: ReadStudy, arm: Arm, store: Store) -> ResolvedArms:
        """An arm of other values than the file's, resolved alone; none if it is wrong."""
        study, _ = file.complete()
        alone = replace(file, study=replace(study, arms=(arm,)))
        return self.arms(alone, store, audit_all=False, tell=lambda text: None)

    def effective_settings(self, study: Study, arm: ResolvedArm, store: Store) -> object:
        """The settings of an arm that have an effect: where they are equal, all results are."""
        return arm.digest

    def width(self, arm: ResolvedArm, path: str) -> Width:
        """The width of an arm at a path such as `model.dims`, or the usual one for "".
        Raises StudyError where the arm has no such width, or cannot have another.
        """
        raise StudyError(f"arms of {type(self).__name__} have no width that could be refitted")

    def resized(self, arm: Arm, path: str, value: object) -> Arm:
        """An arm with another width at a path that `width` took."""
        raise StudyError(f"arms of {type(self).__name__} have no width that could be refitted")

    @abstractmethod
    def record(self, arm: ResolvedArm, seed: int, study: Study) -> TrialRecord:
        """The record from which a worker runs a trial of an arm."""

    # ---- 4. how one trial is run ----

    starts_processes = False
    """True if a trial starts its processes itself: a worker is one, however many devices it has."""

    def copy_code(self, records: Iterable[TrialRecord], job: Path) -> None:
        """Copy what trials run, beside this package, into a job; StudyError if that has changed."""
        return

    @abstractmethod
    def run(self, trial: RunningTrial) -> Finished:
        """Run a trial; called in every process of its group, of which the leader's result counts.

        Raises:
            Stopped: the callbacks asked it to; what it has kept in its folder is there next time.
        """

    def prepare(self, threads: int) -> None:
        """Prepare this process for trials on so many CPU threads, with imports that take long."""
        return

    def joined(self, device: str) -> Group:
        """The group of processes that this one belongs to; a context that leaves it at the end."""
        return Alone()

    def evaluate(self, store: Store, name: str, size: ImageSize, device: str) -> Evaluation:
        """A finished trial on images of another size; raises SizeError where it takes none."""
        raise SizeError(f"{type(self).__name__} has no image sizes")

    # ---- 5. what a timing session calls ----

    def timed_as(self, arm: ResolvedArm) -> str:
        """All that a timing session depends on beside the digest of an arm, as a text."""
        return ""

    def workloads(self, record: TrialRecord, job: Job) -> "Mapping[str, Workload]":
        """The calls that are timed, by name: batch, single, train."""
        raise MetricError(f"{type(self).__name__} times nothing")

    def steps(self, record: TrialRecord, job: Job) -> "Mapping[str, Callable[[], None]]":
        """The calls whose peak memory is measured, by metric."""
        raise MetricError(f"{type(self).__name__} measures no memory")

    def step_seconds(self, record: TrialRecord, device: str) -> StepTimes:
        """Seconds of a few steps, for an estimate of the time that trials take."""
        raise StudyError("trials of this task have no steps to time: run some to estimate the rest")

    def forget(self) -> None:
        """Forget what was read of files, which may change between two plans of one process."""
        return

    def input_problems(
        self, arms: Sequence[Arm], places: Places, store: Store, *, absent: bool
    ) -> list[Problem]:
        """Problems of files that trials read; absent ones are a problem only if `absent`."""
        return []

    def input_notes(self, arms: Sequence[Arm], store: Store) -> list[str]:
        """Notes on files that trials read."""
        return []

    def notes(self, arms: Sequence[PlannedArm], store: Store) -> Iterator[str]:
        """Notes on arms beside their results."""
        yield from ()

    def contact_sheets(self, arms: Sequence[PlannedArm], store: Store) -> Iterator[ContactSheet]:
        """Pictures of the data with the predictions of every arm, for the report."""
        yield from ()

    def facts(self, study: Study, arm: ResolvedArm) -> Facts:
        """Facts about the trials of an arm."""
        return Facts()

    def summary(self, study: Study, arm: ResolvedArm) -> str:
        """A few words on what the trials of an arm compute, for the first line of a plan."""
        return study.task

    def caption(self, study: Study, arm: ResolvedArm) -> str:
        """A phrase on what the trials of an arm compute, for the caption of a table."""
        return self.summary(study, arm)

    def table_notes(self, arm: ResolvedArm) -> Iterator[str]:
        """Notes below a table about the baseline."""
        yield from ()


def mistake(entry: object) -> str:
    """The reason why an entry of `TASKS` is no task, or ""; no type checker sees a plugin."""
    if isinstance(entry, type):
        return "is a class: add an object of it, with brackets"
    if not isinstance(entry, Task):
        return "is no object of a class of study.tasks.Task"
    schema = getattr(entry, "baseline", None)
    if not (isinstance(schema, type) and issubclass(schema, BaseModel) and schema.model_fields):
        return "has no baseline: a pydantic model with a field for every part"
    metrics = getattr(entry, "catalogue", None)
    if not isinstance(metrics, Catalogue) or not all(
        isinstance(m, Metric) for m in metrics.values()
    ):
        return "has no catalogue: a Catalogue of a Metric by name"
    return "" if metrics or entry.declares_metrics else "has no metric in its catalogue"


def task(name: str, plugins: Sequence[Plugin] = ()) -> Task:
    """The task of a name, once the plugins are imported.

    Raises:
        UnknownTaskError: neither this package nor a plugin has such a task.
    """
    for plugin in plugins:
        registries.register(plugin)
    if name not in TASKS:
        raise UnknownTaskError(unknown("task", name, TASKS))
    entry = TASKS[name]
    return entry if isinstance(entry, Task) else import_module(entry).TASK


OURS = ("classification", "detection", "program")
"""The tasks of this package that run trials; others come from plugins."""

TASKS: dict[str, Task | str] = {n: f"study.tasks.{n}.task" for n in (*OURS, "results")}
"""Tasks by name: the task, or the module that has it as `TASK`."""

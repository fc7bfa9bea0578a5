"""The task of training detectors; torch is imported when a model is built."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, cast

from study.metrics import COSTS, SPEEDS
from study.spec.image_size import ImageSize
from study.spec.metric import Catalogue, Metric
from study.spec.places import Places
from study.spec.problems import Problem
from study.spec.reader import ReadStudy
from study.spec.study import Arm, Study
from study.spec.task import ArmConfig, ReadParts
from study.spec.yaml import Tree
from study.store.job_records import Job
from study.store.records import Evaluation, TrialRecord
from study.store.store import Store
from study.store.timing_records import StepTimes
from study.tasks import Task
from study.tasks.arms import Facts, PlannedArm, ResolvedArm, ResolvedArms
from study.tasks.contact_sheets import ContactSheet
from study.tasks.detection import baseline, facts
from study.tasks.detection.config import DetectionConfig, config_of
from study.tasks.detection.plan import arms, images, trial_records
from study.tasks.detection.quality import QUALITIES
from study.tasks.image_samples import Arrays, ImageSamples
from study.trial.group import Group
from study.trial.running import Finished, RunningTrial

if TYPE_CHECKING:
    from study.metrics.workloads import Workload

OWN_COSTS = {
    "macs_head": Metric("MACs (head)", "G", 1e-9, 3, better="lower", kind="cost"),
}
"""Costs that a detector has beside those of any model: all that follows the backbone."""


class Detection(Task):
    """A trial trains a detector by a recipe on images with objects and evaluates it."""

    baseline = baseline.DetectionBaseline
    named = ("model", "data", "recipe", "weights")
    catalogue = Catalogue({**COSTS, **OWN_COSTS, **QUALITIES, **SPEEDS})
    columns = ("params", "macs", "ap")
    progress_unit = "iteration"

    def columns_of(self, baseline: ArmConfig) -> tuple[str, ...]:
        # A detector of boxes has no masks to measure.
        masks = cast(DetectionConfig, baseline).model.masks
        return (*self.columns, "mask_ap") if masks else self.columns

    def complete(self, parts: Mapping[str, Tree]) -> bool:
        model = parts.get("model")
        return model is not None and isinstance(model.value, dict) and "backbone" in model.value

    def read(self, part: str, tree: Tree) -> tuple[object, list[Problem]]:
        return baseline.PARTS[part](tree)

    def config(self, parts: ReadParts) -> DetectionConfig:
        return baseline.config(parts)

    def arms(
        self, file: ReadStudy, store: Store, *, audit_all: bool, tell: Callable[[str], None]
    ) -> ResolvedArms:
        return arms.arms(file, store, audit_all=audit_all, tell=tell)

    def effective_settings(self, study: Study, arm: ResolvedArm, store: Store) -> object:
        return arms.acting(arm)

    def record(self, arm: ResolvedArm, seed: int, study: Study) -> TrialRecord:
        return trial_records.record(arm, seed, study.name)

    def run(self, trial: RunningTrial) -> Finished:
        from study.tasks.detection.trial import run

        return run.run(trial)

    def prepare(self, threads: int) -> None:
        import torch  # the launcher has set its environment by now

        from study.tasks.detection.trial import run  # noqa: F401

        torch.set_num_threads(threads)

    def joined(self, device: str) -> Group:
        from study.tasks.training import distributed

        return distributed.joined(device)

    def evaluate(self, store: Store, name: str, size: ImageSize, device: str) -> Evaluation:
        from study.tasks.detection.trial import evaluate

        return evaluate.evaluated_at(store, name, size=size, device=device)

    def workloads(self, record: TrialRecord, job: Job) -> "Mapping[str, Workload]":
        from study.tasks.detection.trial import timing

        return timing.workloads(record, job)

    def steps(self, record: TrialRecord, job: Job) -> Mapping[str, Callable[[], None]]:
        from study.tasks.detection.trial import timing

        return timing.steps(record, job)

    def step_seconds(self, record: TrialRecord, device: str) -> StepTimes:
        from study.tasks.detection.trial import timing

        return timing.step_seconds(record, device)

    def forget(self) -> None:
        images.forget()

    def input_problems(
        self, arms: Sequence[Arm], places: Places, store: Store, *, absent: bool
    ) -> list[Problem]:
        return images.problems(arms, places, absent=absent)

    def input_notes(self, arms: Sequence[Arm], store: Store) -> list[str]:
        return images.notes(arms)

    def image_samples(
        self, first: Mapping[int, Arrays], second: Mapping[int, Arrays], metric: str
    ) -> ImageSamples | None:
        from study.tasks.detection.evaluation import resampling

        return resampling.image_samples(first, second, metric)

    def contact_sheets(self, arms: Sequence[PlannedArm], store: Store) -> Iterator[ContactSheet]:
        from study.tasks.detection import pictures

        # The baseline's data: arms of other images are left out.
        yield from pictures.contact_sheets(config_of(arms[0].arm).data, arms, store)

    def facts(self, study: Study, arm: ResolvedArm) -> Facts:
        return facts.facts(study, arm.arm)

    def summary(self, study: Study, arm: ResolvedArm) -> str:
        return facts.summary(arm.arm)

    def caption(self, study: Study, arm: ResolvedArm) -> str:
        return facts.caption(study, arm.arm)

    def table_notes(self, arm: ResolvedArm) -> Iterator[str]:
        recipe = config_of(arm.arm).recipe
        if keys := recipe.unverified:
            yield f"Recipe values that no source confirms: {', '.join(keys)}."


TASK = Detection()

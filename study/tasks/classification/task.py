"""The task of training image classifiers; torch is imported when a model is built."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, cast

from study.metrics import catalogue
from study.spec.image_size import ImageSize
from study.spec.metric import Catalogue
from study.spec.places import Places
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
from study.tasks import Task
from study.tasks.arms import Facts, PlannedArm, ResolvedArm, ResolvedArms, Width
from study.tasks.classification import baseline, facts
from study.tasks.classification.config import Config, config_of
from study.tasks.classification.multi_label_quality import MULTI_LABEL
from study.tasks.classification.plan import image_summaries, images, notes, resolution, widths
from study.tasks.classification.plan.trial_records import record
from study.tasks.classification.quality import QUALITIES
from study.trial.group import Group
from study.trial.running import Finished, RunningTrial

if TYPE_CHECKING:
    from study.metrics.workloads import Workload


HELD_OUT = 0.2  # of the training images, where a study does not say


class Classification(Task):
    """A trial trains a timm model by a recipe on a data set and evaluates it."""

    baseline = baseline.Baseline
    named = ("model", "data", "recipe", "weights")
    ends_early = True
    per_image = "top1"
    right_among: Mapping[str, int] = {"top1": 1, "top5": 5}
    columns = ("params", "macs", "top1")

    @property
    def catalogue(self) -> Catalogue:  # type: ignore[override]
        """The metrics, with those that plugins add."""
        more = {name: metric for name, metric in MULTI_LABEL.items() if name not in QUALITIES}
        return catalogue({**QUALITIES, **more})

    def columns_of(self, baseline: ArmConfig) -> tuple[str, ...]:
        several = cast(Config, baseline).data.multi_label
        return ("params", "macs", "map") if several else self.columns

    def complete(self, parts: Mapping[str, Tree]) -> bool:
        model = parts.get("model")
        return model is not None and isinstance(model.value, dict) and "name" in model.value

    def read(self, part: str, tree: Tree) -> tuple[object, list[Problem]]:
        return baseline.PARTS[part](tree)

    def clashes(self, parts: ReadParts) -> Mapping[str, list[Problem]]:
        return baseline.clashes(parts)

    def config(self, parts: ReadParts) -> Config:
        return baseline.config(parts)

    def held_out(self, share: float | None) -> Mapping[str, object]:
        # No validation image is read, so that their limit has no meaning.
        return {"data.holdout": HELD_OUT if share is None else share, "data.val_limit": None}

    def arms(
        self, file: ReadStudy, store: Store, *, audit_all: bool, tell: Callable[[str], None]
    ) -> ResolvedArms:
        return resolution.arms(file, store, audit_all=audit_all, tell=tell)

    def resolved_alone(self, file: ReadStudy, arm: Arm, store: Store) -> ResolvedArms:
        return resolution.resolved_alone(file, arm, store)

    def effective_settings(self, study: Study, arm: ResolvedArm, store: Store) -> object:
        return resolution.effective_settings(study, arm, store)

    def alternatives(self, arm: ResolvedArm, store: Store) -> Iterator[tuple[str, str, ArmCost]]:
        return resolution.alternatives(arm, store)

    def width(self, arm: ResolvedArm, path: str) -> Width:
        return widths.width(arm, path)

    def resized(self, arm: Arm, path: str, value: object) -> Arm:
        return widths.resized(arm, path, value)

    def record(self, arm: ResolvedArm, seed: int, study: Study) -> TrialRecord:
        return record(arm, seed, study.name)

    def run(self, trial: RunningTrial) -> Finished:
        from study.tasks.classification.trial import run

        return run.run(trial)

    def prepare(self, threads: int) -> None:
        import torch  # the launcher has set its environment by now

        from study.tasks.classification.trial import run  # noqa: F401

        torch.set_num_threads(threads)

    def joined(self, device: str) -> Group:
        from study.tasks.classification import train

        return train.joined(device)

    def evaluate(self, store: Store, name: str, size: ImageSize, device: str) -> Evaluation:
        from study.tasks.classification import evaluate

        evaluation: Evaluation = evaluate.evaluate_trial(store, name, img_size=size, device=device)
        return evaluation

    def workloads(self, record: TrialRecord, job: Job) -> "Mapping[str, Workload]":
        from study.tasks.classification.trial import timing

        return timing.workloads(record, job)

    def steps(self, record: TrialRecord, job: Job) -> Mapping[str, Callable[[], None]]:
        from study.tasks.classification.trial import timing

        return timing.steps(record, job)

    def step_seconds(self, record: TrialRecord, device: str) -> StepTimes:
        from study.tasks.classification.trial import timing

        return timing.step_seconds(record, device)

    def forget(self) -> None:
        image_summaries.forget()

    def input_problems(
        self, arms: Sequence[Arm], places: Places, store: Store, *, absent: bool
    ) -> list[Problem]:
        return images.problems(arms, places, store, absent=absent)

    def input_notes(self, arms: Sequence[Arm], store: Store) -> list[str]:
        return images.notes((config_of(arm).data for arm in arms), store)

    def notes(self, arms: Sequence[PlannedArm], store: Store) -> Iterator[str]:
        yield from notes.images(arms, store)

    def facts(self, study: Study, arm: ResolvedArm) -> Facts:
        return facts.facts(study, arm.arm)

    def summary(self, study: Study, arm: ResolvedArm) -> str:
        return facts.summary(arm.arm)

    def caption(self, study: Study, arm: ResolvedArm) -> str:
        return facts.caption(study, arm.arm)

    def table_notes(self, arm: ResolvedArm) -> Iterator[str]:
        # Of the baseline's recipe: other arms share it but for the factors under study.
        if keys := config_of(arm.arm).recipe.unverified:
            yield f"Recipe values that no source confirms: {', '.join(keys)}."


TASK = Classification()

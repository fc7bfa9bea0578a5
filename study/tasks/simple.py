"""A task whose trials need no building: an arm is named by its values, and runs as one call."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from pydantic import BaseModel

from study.errors import SpecError
from study.spec.plugins import Plugin
from study.spec.problems import Problem, report
from study.spec.reader import ReadStudy
from study.spec.schema import validated
from study.spec.study import Arm, Study
from study.spec.task import ReadParts
from study.spec.yaml import Tree
from study.store.atomic import Record
from study.store.cost_records import ArmCost
from study.store.records import TrialConfig, TrialRecord
from study.store.store import Store
from study.tasks import OURS, Task
from study.tasks.arms import ResolvedArm, ResolvedArms

IDENTITY = 1
"""Part of every digest: raise it when results of the same name come to mean something else."""


@dataclass(frozen=True)
class SimpleConfig:
    """The values of an arm by part; a part that is wrong in the file is absent."""

    values: Mapping[str, BaseModel]
    plugins: tuple[Plugin, ...] = ()
    unresolved: frozenset[str] = frozenset()


class SimpleTask(Task):
    """A task whose parts are pydantic models, and whose costs are a function of them."""

    def cost(self, values: Mapping[str, BaseModel]) -> Mapping[str, float | None]:
        """Costs by metric, in base units."""
        return {}

    def read(self, part: str, tree: Tree) -> tuple[object, list[Problem]]:
        schema = self.baseline.model_fields[part].annotation
        # The baseline's own schema was checked; a level of a factor is checked here.
        return validated(cast(type[BaseModel], schema), tree)

    def config(self, parts: ReadParts) -> SimpleConfig:
        values = {p: value for p, value in parts.values.items() if isinstance(value, BaseModel)}
        return SimpleConfig(values, parts.plugins, parts.unresolved)

    def arms(
        self, file: ReadStudy, store: Store, *, audit_all: bool, tell: Callable[[str], None]
    ) -> ResolvedArms:
        study = file.study
        if study is None:
            raise SpecError(report(file.problems))
        resolved = [self._resolved(study, arm) for arm in study.arms]
        first = dict[str, ResolvedArm]()
        twins = [
            Problem(
                f"{arm.label} computes the same as {twin.label}",
                file.places.last_level(arm.arm.choices),
            )
            for arm in resolved
            if (twin := first.setdefault(arm.digest, arm)) is not arm
        ]
        return ResolvedArms(resolved, twins, cost=self._cost)

    def record(self, arm: ResolvedArm, seed: int, study: str) -> TrialRecord:
        plugins = [[plugin.text, plugin.digest] for plugin in arm.arm.config.plugins]
        task, config = str(arm.config.parts["task"]["name"]), arm.config
        return TrialRecord(
            task=task, study=study, label=arm.label, seed=seed, config=config, sources=plugins
        )

    def _cost(self, arm: Arm) -> ArmCost:
        return ArmCost(cost=dict(self.cost(_config(arm).values)))

    def _resolved(self, study: Study, arm: Arm) -> ResolvedArm:
        values = _config(arm).values
        task: Record = {"name": study.task}
        if study.task not in OURS:  # an edit of the task's code renames its trials
            task["code"] = {plugin.name: plugin.digest for plugin in study.plugins}
        full = {part: value.model_dump(mode="json") for part, value in values.items()}
        # Only what departs from the defaults, so that a field added later renames no trial.
        departures = {
            p: v.model_dump(mode="json", exclude_defaults=True) for p, v in values.items()
        }
        text = json.dumps([IDENTITY, task, departures], sort_keys=True)
        return ResolvedArm(
            arm,
            study.label(arm.choices),
            hashlib.sha256(text.encode()).hexdigest()[:10],
            TrialConfig(**full, task=task),
            self._cost(arm),
        )


def _config(arm: Arm) -> SimpleConfig:
    return cast(SimpleConfig, arm.config)

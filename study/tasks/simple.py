"""A task whose trials need no building: an arm is named by its values, and runs as one call."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from pydantic import BaseModel

from study.errors import BuildError
from study.spec.plugins import Plugin
from study.spec.problems import Problem
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
from study.tasks.arms import ResolvedArm, ResolvedArms, duplicates, wrong_together

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

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        # A class without a baseline is refused when it is added to the tasks.
        fields = getattr(getattr(cls, "baseline", None), "model_fields", {})
        if wrong := [name for name in fields if not _is_model(cls, name)]:
            names = ", ".join(wrong)
            raise TypeError(
                f"{cls.__name__}: {names}: a part is a pydantic model, and not called task"
            )

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

    def caption(self, study: Study, arm: ResolvedArm) -> str:
        """The task and what the file says of its baseline, without what factors vary."""
        varied = {factor.path for factor in study.factors}
        values = [
            f"{key} {value}"
            for part, keys in study.baseline.items()
            for key, value in keys.items()
            if not {part, f"{part}.{key}"} & varied
        ]
        return f"{study.task} with {', '.join(values)}" if values else study.task

    def arms(
        self, file: ReadStudy, store: Store, *, audit_all: bool, tell: Callable[[str], None]
    ) -> ResolvedArms:
        study, configurations = file.complete()
        wrong = wrong_together(study, configurations)
        right = [arm for arm in study.arms if not arm.config.unresolved]
        resolved = [self._resolved(study, arm) for arm in right]
        return ResolvedArms(resolved, [*wrong, *duplicates(resolved, file.places)], cost=self._cost)

    def record(self, arm: ResolvedArm, seed: int, study: Study) -> TrialRecord:
        config = arm.config
        return TrialRecord(
            task=study.task, study=study.name, label=arm.label, seed=seed, config=config
        )

    def _cost(self, arm: Arm) -> ArmCost:
        """The cost of an arm. Raises BuildError where the task's own function is wrong."""
        try:
            costs = dict(self.cost(_config(arm).values))
        except Exception as error:  # of the user's code, whose message says more than a traceback
            raise BuildError(f"cost of a {type(self).__name__}: {error!r}") from error
        promised = {name for name, metric in self.catalogue.items() if metric.kind == "cost"}
        if costs.keys() != promised:
            given, wanted = (", ".join(sorted(names)) or "nothing" for names in (costs, promised))
            raise BuildError(f"cost of a {type(self).__name__} gives {given}, not {wanted}")
        for name, value in costs.items():
            if value is not None and not isinstance(value, int | float):
                raise BuildError(f"cost of a {type(self).__name__}: {name} is {value!r}")
        return ArmCost(cost=costs)

    def _resolved(self, study: Study, arm: Arm) -> ResolvedArm:
        values = _config(arm).values
        full = {part: value.model_dump(mode="json") for part, value in values.items()}
        # Only what departs from the defaults, so that a field added later renames no trial.
        departures = {
            part: value.model_dump(mode="json", exclude_defaults=True)
            for part, value in values.items()
        }
        code: Record = {}
        if study.task not in OURS:  # an edit of the task's code renames its trials
            code = {"code": {plugin.name: plugin.digest for plugin in study.plugins}}
        text = json.dumps([IDENTITY, study.task, code, departures], sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:10]
        config = TrialConfig(**full, **({"task": code} if code else {}))
        return ResolvedArm(arm, study.arm_label(arm), digest, config, self._cost(arm))


def _is_model(task: type[Task], part: str) -> bool:
    """True for a part that `SimpleTask` can read; "task" is the place of the task's own code."""
    kind = task.baseline.model_fields[part].annotation
    return isinstance(kind, type) and issubclass(kind, BaseModel) and part != "task"


def _config(arm: Arm) -> SimpleConfig:
    return cast(SimpleConfig, arm.config)

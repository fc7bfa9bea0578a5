"""The models of a study's arms: counted, and compared where a level is an argument of the model."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from study.errors import SizeError, StudyError
from study.spec.configurations import Configurations
from study.spec.problems import Location, Problem
from study.spec.study import Arm, Study
from study.store.cost_records import ArmCost
from study.store.store import Store
from study.tasks.program.baseline import config_of
from study.tasks.program.model.cost import model_cost, same_model
from study.tasks.program.records import ProgramCost

AUDITED = 24
"""Arms up to which all are audited, unless all are to be."""
LOOKED_AT = 8  # arms before a level counts as without effect
PARTS = ("model", "input", "args", "env", "code", "inputs", "cwd")
"""Parts by which two arms may have different models."""


@dataclass
class Models:
    """The models of a study; without `model` in the file, every cost is empty."""

    study: Study
    configurations: Configurations
    store: Store
    audit_all: bool = False
    costs: dict[tuple[int, ...], ProgramCost] = field(default_factory=dict)
    """By the levels of an arm."""

    def of(self, arm: Arm) -> ArmCost:
        """The cost of an arm's model; raises BuildError."""
        config = config_of(arm.config)
        if config.keys.model is None:
            return ArmCost()
        return model_cost(config, self.store, audited=self._audits(arm))

    def problems(self, tell: Callable[[str], None]) -> list[Problem]:
        """Count the models of all arms; a problem that arms inherit is reported once."""
        wrong, inherited = list[Problem](), set[str]()
        for arm in self.study.arms:
            # It has a problem already, and no values to build a model of.
            if arm.config.unresolved:
                continue
            try:
                cost = self.of(arm)
            except StudyError as error:
                if str(error) not in inherited:
                    wrong.append(Problem(str(error), self._place(arm, error)))
                inherited.add(str(error))
                continue
            if isinstance(cost, ProgramCost):
                self.costs[arm.choices] = cost
        return wrong or [*self._dead()]

    def notes(self) -> Iterator[str]:
        """Notes on arms whose models no gradient reaches as a whole, or that were not audited."""
        inherited = set[str]()
        for arm in self.study.arms:
            cost = self.costs.get(arm.choices)
            # What the baseline does not reach is said once, and not of every arm.
            names = [n for n in (cost and cost.unreached) or () if n not in inherited]
            inherited.update(names if not any(arm.choices) else ())
            if names:
                more = " ..." if len(names) > 4 else ""
                label = self.study.arm_label(arm)
                yield f"{label}: no gradient of its outputs reaches {', '.join(names[:4])}{more}"
        if count := sum(not cost.audited for cost in self.costs.values()):
            yield (
                f"{len(self.costs) - count} of {len(self.costs)} models are audited by three "
                "counters; one counted the others: study plan FILE --audit all audits them too"
            )

    def _audits(self, arm: Arm) -> bool:
        few = len(self.study.arms) <= AUDITED
        return self.audit_all or few or len(arm.changed_factors) <= 1

    def _place(self, arm: Arm, error: StudyError) -> Location:
        places = self.configurations.places
        changed = [
            f for f in arm.changed_factors if self.study.factors[f].path.split(".")[0] in PARTS
        ]
        # An arm that fails where the baseline does not fails by its level.
        if changed:
            return places.deciding(arm.choices, parts=PARTS)
        part = "input" if isinstance(error, SizeError) else "model"
        return places.tree(part, arm.choices).location

    # ---- levels that change nothing ----

    def _dead(self) -> Iterator[Problem]:
        """Problems of levels that are an argument of the model and change it in no arm."""
        for number, factor in enumerate(self.study.factors):
            part, _, name = factor.path.partition(".")
            # Level 0 is the baseline, which is compared with itself.
            for level in range(1, len(factor.levels)) if part == "args" else ():
                arms = [a for a in self.study.arms if a.choices[number] == level][:LOOKED_AT]
                # Where the function takes all arguments, many are of the training alone.
                if not arms or not all(self._takes(arm, name) for arm in arms):
                    continue
                if not any(self._changes(arm, number) for arm in arms):
                    label = factor.levels[level].label
                    message = f'"{label}" changes nothing in the model: its cost and output'
                    at = self.configurations.places.factors[number].levels[level].location
                    hint = f"if {name} is of the training alone, let the function not take it"
                    yield Problem(f"{message} are the same", at, hint)

    def _takes(self, arm: Arm, name: str) -> bool:
        cost = self.costs.get(arm.choices)
        return cost is not None and name in cost.named

    def _changes(self, arm: Arm, factor: int) -> bool:
        other = self.configurations.arm(arm.without(factor))
        with suppress(StudyError):  # an arm of no design may have no model
            return not same_model(config_of(arm.config), config_of(other.config), self.store)
        return True

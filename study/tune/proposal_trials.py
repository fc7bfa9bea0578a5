"""The trials of proposals: built from values in place of the file's, and looked up in the store."""

from collections.abc import Sequence
from dataclasses import dataclass

from study.spec.problems import Problem
from study.spec.reader import ReadStudy
from study.spec.tuning import SpaceRules, Values
from study.store.store import Store
from study.tasks import Task
from study.tasks.arms import PlannedArm, ResolvedArm, stored_trial
from study.tune.tuning import ENDED, Proposal


@dataclass(frozen=True)
class ProposalTrials:
    """A study, the store that has its results, and the quality that chooses."""

    file: ReadStudy
    task: Task
    store: Store
    rules: SpaceRules
    objective: str

    def higher(self, metric: str) -> bool:
        """True if a higher value of a metric is better."""
        study, _ = self.file.complete()
        return study.catalogue[metric].better == "higher"

    def built(
        self, choices: Sequence[int], values: Values
    ) -> tuple[ResolvedArm | None, Sequence[Problem]]:
        """The arm with other values, or None, and the problems of the combination."""
        _, configurations = self.file.complete()
        arm = configurations.arm(choices, values)
        every = self.task.resolved_alone(self.file, arm, self.store)
        return (None, every.problems) if every.problems else (every.arms[0], ())

    def proposal(self, built: ResolvedArm, number: int, values: Values, *, name: str) -> Proposal:
        """A proposal that was built with `values`, and its one trial `name` as far as it has ended.

        Raises:
            StoreError: a stored result was computed from another configuration of the same name.
        """
        # One seed for all, so that proposals differ by their values alone.
        seed = self.rules.trial_seed
        trial = stored_trial(name, seed, built.config, self.store)
        planned = PlannedArm(**vars(built), trials=(trial,))
        # An unfinished trial may have a history, whose numbers must not choose.
        result = self.store.result(trial.name) if trial.state in ENDED else None
        if result is None:
            return Proposal(number, values, planned)
        value = result.metrics.get(self.objective) if trial.state == "completed" else None
        objective = None if value is None else float(value)
        return Proposal(number, values, planned, objective, result.seconds or 0.0)

"""The tuning of a study, computed anew from the results in the store.

Every batch of an arm is proposed again from the first on, and told the results of its trials in the
order of their numbers once all have ended. So a process that is killed between any two steps leaves
nothing behind that another would have to repair, and nothing is told twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from study.errors import SpecError
from study.spec.problems import Problem, report
from study.spec.reader import ReadStudy
from study.spec.tuning import TuningRules, Values, written
from study.store.store import Store
from study.tasks import Task
from study.tasks.arms import PlannedArm, ResolvedArm, stored_trial
from study.tune.proposals import Proposals
from study.tune.tuning import ENDED, Proposal, TunedArm, Tuning


def tuned(file: ReadStudy, task: Task, arms: Sequence[ResolvedArm], store: Store) -> Tuning | None:
    """The tuning of a study from the results so far; None for a study that tunes nothing.

    Raises:
        SpecError: the file's own values cannot be held out, or a winner cannot be built.
        StoreError: a stored result was computed from another configuration of the same name.
    """
    study, _ = file.complete()
    if study.tune is None or not arms:
        return None
    replay = Replay(file, task, store, study.tune)
    rows = [replay.chosen(replay.arm(arm)) for arm in arms]
    return Tuning(tuple(replay.at_baseline(row, rows[0]) for row in rows))


@dataclass(frozen=True)
class Replay:
    """A study, and the store that has its results."""

    file: ReadStudy
    task: Task
    store: Store
    rules: TuningRules

    def arm(self, arm: ResolvedArm) -> TunedArm:
        """An arm with its proposals: batch by batch, as long as each has ended."""
        study, _ = self.file.complete()
        rules, ours = self.rules, file_values(self.rules, arm)
        higher = study.catalogue[rules.objective].better == "higher"
        # A whole part has no value of its own in a configuration, and so lies outside.
        inside = all(path in ours and space.has(ours[path]) for path, space in rules.space.items())
        source = Proposals(rules, higher=higher, first=ours if inside else None)
        rows = list[Proposal]()
        # Not by reading what was proposed before: that could disagree with the results.
        while len(rows) < rules.trials:
            values = source.ask(min(rules.batch, rules.trials - len(rows)))
            batch = [self._proposal(arm, len(rows) + i, v) for i, v in enumerate(values)]
            rows += batch
            if not all(proposal.ended for proposal in batch):
                break
            source.tell([proposal.objective for proposal in batch])
        return TunedArm(arm, rules, higher, ours, tuple(rows))

    def chosen(self, row: TunedArm) -> TunedArm:
        """The arm with the values of its winner, to be trained on all training images."""
        if row.winner is None or not row.winner.values:
            return replace(row, chosen=row.arm if row.winner else None)
        built, problems = self._built(row.arm, row.winner.values)
        if built is None:
            raise SpecError(report(problems))
        return replace(row, chosen=built)

    def at_baseline(self, row: TunedArm, base: TunedArm) -> TunedArm:
        """The arm with the values that the baseline has chosen, unless they are its own."""
        if not (self.rules.at_baseline and row.winner and base.winner):
            return row
        # By texts, since 1 and true are equal in Python and are two categories.
        if texts(row.values) == texts(base.values):
            return row
        # All of them: what the baseline has from the file may be another value in this arm.
        built, _ = self._built(row.arm, base.values)
        if built is None:
            return row
        study, _ = self.file.complete()
        trials = tuple(
            stored_trial(f"{built.digest}-{seed}", seed, built.config, self.store)
            for seed in study.seeds[: study.sequential.min if study.sequential else None]
        )
        label = f"{row.arm.label}, values of the baseline"
        return replace(
            row, at_baseline=PlannedArm(**{**vars(built), "label": label}, trials=trials)
        )

    def _proposal(self, arm: ResolvedArm, number: int, values: Values) -> Proposal:
        built, problems = self._built(arm, {**values, **self.rules.held_out})
        if built is None:
            # The file's own values are right, so it is holding out that is wrong with them.
            if not number:
                raise SpecError(report(problems))
            return Proposal(number, values, None, refused=problems[0].message)
        # One seed for all, so that proposals differ by their values alone.
        seed = self.rules.trial_seed
        trial = stored_trial(f"{built.digest}-{seed}", seed, built.config, self.store)
        label = f"{arm.label}, proposal {number}"
        planned = PlannedArm(**{**vars(built), "label": label}, trials=(trial,))
        # An unfinished trial may have a history, whose numbers must not choose.
        result = self.store.result(trial.name) if trial.state in ENDED else None
        if result is None:
            return Proposal(number, values, planned)
        value = result.metrics.get(self.rules.objective) if trial.state == "completed" else None
        objective = None if value is None else float(value)
        return Proposal(number, values, planned, objective, result.seconds or 0.0)

    def _built(
        self, arm: ResolvedArm, values: Values
    ) -> tuple[ResolvedArm | None, Sequence[Problem]]:
        """The arm with other values, or None, and the problems of the combination."""
        _, configurations = self.file.complete()
        every = self.task.resolved_alone(
            self.file, configurations.arm(arm.arm.choices, values), self.store
        )
        return (None, every.problems) if every.problems else (every.arms[0], ())


def file_values(rules: TuningRules, arm: ResolvedArm) -> Values:
    """The values of an arm at the tuned paths, as far as its configuration has them."""
    known = arm.config.values
    return {path: known[path] for path in rules.space if path in known}


def texts(values: Values) -> dict[str, str]:
    return {path: written(value) for path, value in values.items()}

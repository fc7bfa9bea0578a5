"""The tuning of a study, computed anew from the results in the store.

Every batch of an arm is proposed again from the first on, and told the results of its trials in the
order of their numbers once all have ended. So a process that is killed between any two steps leaves
nothing behind that another would have to repair, and nothing is told twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from study.errors import SpecError
from study.spec.problems import report
from study.spec.reader import ReadStudy
from study.spec.tuning import SpaceRules, TuningRules, Values, written
from study.store.store import Store
from study.tasks import Task
from study.tasks.arms import PlannedArm, ResolvedArm, stored_trial
from study.tune.known_proposals import KnownProposals
from study.tune.proposal_trials import ProposalTrials
from study.tune.tuning import Proposal, TunedArm, Tuning


def tuned(file: ReadStudy, task: Task, arms: Sequence[ResolvedArm], store: Store) -> Tuning | None:
    """The tuning of a study from the results so far; None for a study that tunes nothing.

    Raises:
        SpecError: the file's own values cannot be held out, or a winner cannot be built.
        StoreError: a stored result was computed from another configuration of the same name.
    """
    study, _ = file.complete()
    if study.tune is None or not arms:
        return None
    replay = Replay(ProposalTrials(file, task, store, study.tune, study.tune.objective), study.tune)
    rows = [replay.chosen(replay.arm(arm)) for arm in arms]
    return Tuning(tuple(replay.at_baseline(row, rows[0]) for row in rows))


@dataclass(frozen=True)
class Replay:
    """A study, and the store that has its results."""

    trials: ProposalTrials
    rules: TuningRules

    def arm(self, arm: ResolvedArm) -> TunedArm:
        """An arm with its proposals: batch by batch, as long as each has ended."""
        rules, trials, ours = self.rules, self.trials, file_values(self.rules, arm)
        higher = trials.higher(rules.objective)
        # A whole part has no value of its own in a configuration, and so lies outside.
        inside = all(path in ours and space.has(ours[path]) for path, space in rules.space.items())
        source = KnownProposals(
            rules,
            higher=[higher],
            first=ours if inside else None,
            store=trials.store,
            owner=arm.digest,
        )
        rows = list[Proposal]()
        # Not by reading what was proposed before: that could disagree with the results.
        while len(rows) < rules.trials:
            first = len(rows)
            for number in range(first, min(first + rules.batch, rules.trials)):
                rows.append(self._proposal(arm, number, source.ask()))
            batch = rows[first:]
            if not all(proposal.ended for proposal in batch):
                break
            source.tell([None if p.objective is None else [p.objective] for p in batch])
        source.keep()
        return TunedArm(arm, rules, higher, ours, tuple(rows))

    def chosen(self, row: TunedArm) -> TunedArm:
        """The arm with the values of its winner, to be trained on all training images."""
        if row.winner is None or not row.winner.values:
            return replace(row, chosen=row.arm if row.winner else None)
        built, problems = self.trials.built(row.arm.arm.choices, row.winner.values)
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
        built, _ = self.trials.built(row.arm.arm.choices, base.values)
        if built is None:
            return row
        study, _ = self.trials.file.complete()
        trials = tuple(
            stored_trial(f"{built.digest}-{seed}", seed, built.config, self.trials.store)
            for seed in study.seeds[: study.sequential.min if study.sequential else None]
        )
        label = f"{row.arm.label}, values of the baseline"
        return replace(
            row, at_baseline=PlannedArm(**{**vars(built), "label": label}, trials=trials)
        )

    def _proposal(self, arm: ResolvedArm, number: int, values: Values) -> Proposal:
        built, problems = self.trials.built(arm.arm.choices, {**values, **self.rules.held_out})
        if built is None:
            # The file's own values are right, so it is holding out that is wrong with them.
            if not number:
                raise SpecError(report(problems))
            return Proposal(number, values, None, refused=problems[0].message)
        label = f"{arm.label}, proposal {number}"
        name = f"{built.digest}-{self.rules.trial_seed}"
        return self.trials.proposal(replace(built, label=label), number, values, name=name)


def file_values(rules: SpaceRules, arm: ResolvedArm) -> Values:
    """The values of an arm at the paths of a space, as far as its configuration has them."""
    known = arm.config.values
    return {path: known[path] for path in rules.space if path in known}


def texts(values: Values) -> dict[str, str]:
    return {path: written(value) for path, value in values.items()}

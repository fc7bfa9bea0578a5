"""The tuning of a study: the proposals of every arm with their results, and the winners."""

from dataclasses import dataclass

from study.spec.tuning import TuningRules, Values
from study.tasks.arms import PlannedArm, ResolvedArm, Trial

ENDED = ("completed", "diverged", "censored", "failed")


@dataclass(frozen=True)
class Proposal:
    """The values of one tuning trial, and its result."""

    number: int
    """From 0, which has the values of the file."""
    values: Values
    """In place of the file's; none for number 0."""
    arm: PlannedArm | None
    """The arm with these values, and its one trial; None for values that cannot be built."""
    objective: float | None = None
    """In base units; None until the trial is completed, and where it failed or diverged."""
    seconds: float = 0.0
    refused: str = ""
    """Why nothing can be built with these values, or ""."""

    @property
    def trial(self) -> Trial | None:
        return self.arm.trials[0] if self.arm else None

    @property
    def state(self) -> str:
        return self.trial.state if self.trial else "refused"

    @property
    def ended(self) -> bool:
        return self.trial is None or self.trial.state in ENDED


@dataclass(frozen=True)
class TunedArm:
    """An arm with its proposals so far, and with its chosen values once all have ended."""

    arm: ResolvedArm
    """With the values of the file."""
    rules: TuningRules
    higher: bool
    """True if a higher objective is better."""
    file_values: Values
    """The values of the file at the tuned paths, defaults filled in, as far as there are any."""
    proposals: tuple[Proposal, ...]
    chosen: ResolvedArm | None = None
    """With the values of the winner; None while there is none."""
    at_baseline: PlannedArm | None = None
    """With the values that the baseline has chosen; None while they are unknown, where they are
    the arm's own, and where nothing can be built with them."""

    @property
    def spent(self) -> bool:
        """True once all trials of the arm have ended."""
        return len(self.proposals) == self.rules.trials and all(p.ended for p in self.proposals)

    @property
    def winner(self) -> Proposal | None:
        """The best proposal, the first of equal ones; None until all have ended."""
        # A diverged trial may have numbers, which are those of a broken model.
        completed = [p for p in self.proposals if p.objective is not None]
        if not self.spent or not completed:
            return None
        sign = 1 if self.higher else -1
        return max(completed, key=lambda proposal: sign * (proposal.objective or 0.0))

    @property
    def values(self) -> Values:
        """The values of the winner at the tuned paths."""
        return {**self.file_values, **(self.winner.values if self.winner else {})}

    @property
    def trials(self) -> list[PlannedArm]:
        """The proposals whose trials have a part in the study: done, running, or to be run.

        A failed one is told as failed with its batch and not tried again, unless no trial of the
        arm is completed.
        """
        # Without a winner nothing depends on the failures, so another attempt changes nothing else.
        hopeless, closed = self.spent and self.winner is None, len(self.closed)
        return [
            p.arm
            for p in self.proposals
            if p.arm and (p.state != "failed" or hopeless or p.number >= closed)
        ]

    @property
    def closed(self) -> tuple[Proposal, ...]:
        """The proposals of whole batches, whose results the sampler has."""
        last = len(self.proposals) - 1
        return self.proposals if self.spent else self.proposals[: last - last % self.rules.batch]


@dataclass(frozen=True)
class Tuning:
    """The tuning of all arms, in the order of the study."""

    arms: tuple[TunedArm, ...]

    @property
    def rules(self) -> TuningRules:
        """The rules, which are the same for all arms."""
        return self.arms[0].rules

    @property
    def spent(self) -> bool:
        """True once all trials of all arms have ended."""
        return all(arm.spent for arm in self.arms)

    @property
    def resolved(self) -> list[ResolvedArm]:
        """The arms with the values that they have chosen, else with those of the file."""
        return [row.chosen or row.arm for row in self.arms]

    @property
    def waiting(self) -> frozenset[str]:
        """The digests of the arms that have chosen nothing yet."""
        return frozenset(row.arm.digest for row in self.arms if row.chosen is None)

    @property
    def trials(self) -> list[PlannedArm]:
        """The proposals of all arms, the first of every arm first."""
        # In turn, so that an interrupted study has as many proposals of every arm.
        rows = [arm.trials for arm in self.arms]
        longest = max(map(len, rows), default=0)
        return [row[number] for number in range(longest) for row in rows if number < len(row)]

    @property
    def at_baseline(self) -> list[PlannedArm]:
        """The arms that are also trained with the values that the baseline has chosen."""
        return [arm.at_baseline for arm in self.arms if arm.at_baseline]

    @property
    def ended(self) -> int:
        """The number of tuning trials that have ended."""
        return sum(proposal.ended for arm in self.arms for proposal in arm.proposals)

    @property
    def budget(self) -> int:
        """The number of tuning trials of all arms."""
        return self.rules.trials * len(self.arms)

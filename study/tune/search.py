"""A search: the candidates that were proposed, and the front of those that were trained."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from study.spec.searching import SearchRules
from study.spec.tuning import Values
from study.store.records import Stopping
from study.tasks.arms import PlannedArm, ResolvedArm
from study.tune.tuning import Proposal


@dataclass(frozen=True)
class Refused:
    """A candidate that was never trained."""

    why: Literal["cost", "repeat", "unfit"]
    """Its cost breaks a constraint; it computes what an earlier one does; or it cannot be built, or
    its cost cannot be counted."""
    excess: Mapping[str, float] = field(default_factory=dict)
    """By cost, how far it lies outside a constraint, as a fraction of the bound."""
    reason: str = ""
    """Why it cannot be built."""


@dataclass(frozen=True)
class Rejected:
    """The candidates that were never trained."""

    every: tuple[Refused, ...] = ()

    @property
    def count(self) -> int:
        return len(self.every)

    @property
    def outside(self) -> int:
        """The candidates that broke a constraint."""
        return self._number("cost")

    @property
    def repeated(self) -> int:
        return self._number("repeat")

    @property
    def unfit(self) -> int:
        return self._number("unfit")

    def _number(self, why: str) -> int:
        return sum(refused.why == why for refused in self.every)

    @property
    def constraints(self) -> dict[str, int]:
        """By cost, the candidates that broke its constraint; one may break several."""
        return dict(Counter(name for refused in self.every for name in refused.excess))

    @property
    def example(self) -> str:
        """Why one of them cannot be built; "" if all can."""
        return next((refused.reason for refused in self.every if refused.reason), "")


@dataclass(frozen=True)
class Search:
    """The candidates of a search so far, and the front once all have ended."""

    rules: SearchRules
    higher: tuple[bool, ...]
    """By objective, True if a higher value is better."""
    baseline: ResolvedArm
    file_values: Values
    """The values of the file at the paths of the space, as far as there are any."""
    proposals: tuple[Proposal, ...]
    rejected: Rejected
    exhausted: bool = False
    """True where no further candidate was proposed, although trials were left."""

    @property
    def budget(self) -> int:
        """The number of candidates that are trained."""
        return len(self.proposals) if self.exhausted else self.rules.trials

    @property
    def ended(self) -> int:
        return sum(proposal.ended for proposal in self.proposals)

    @property
    def spent(self) -> bool:
        """True once all candidates have ended."""
        return len(self.proposals) == self.budget == self.ended

    @property
    def closed(self) -> tuple[Proposal, ...]:
        """The candidates of whole batches, whose results the sampler has."""
        last = len(self.proposals) - 1
        return self.proposals if self.spent else self.proposals[: last - last % self.rules.batch]

    @property
    def trials(self) -> list[PlannedArm]:
        """The candidates that have a part in the study; a failed one is not tried again."""
        # As in tuning: without a front nothing depends on the failures.
        hopeless, closed = self.spent and not self.front, len(self.closed)
        return [
            p.arm
            for p in self.proposals
            if p.arm and (p.state != "failed" or hopeless or p.number >= closed)
        ]

    @property
    def stopping(self) -> dict[str, Stopping]:
        """How candidates are stopped early, by the name of the trial; none without such a rule."""
        # Of whole batches alone: those of its own may still be at work.
        names = [p.trial.name for p in self.proposals if p.trial]
        size = self.rules.batch
        return {
            name: Stopping(
                rule=self.rules.stop,
                metric=self.rules.objectives[0],
                higher=self.higher[0],
                earlier=names[: number - number % size],
            )
            for number, name in enumerate(names)
            if self.rules.stop
        }

    @property
    def censored(self) -> int:
        """The number of candidates that were stopped early."""
        return sum(proposal.state == "censored" for proposal in self.proposals)

    def objectives(self, proposal: Proposal) -> tuple[float, ...] | None:
        """The objectives of a candidate in base units; None where its trial has none."""
        if proposal.objective is None or proposal.arm is None:
            return None
        return proposal.objective, *self._costs(proposal.arm)

    def _costs(self, arm: ResolvedArm) -> list[float]:
        costs = [arm.cost_record.cost.get(name) for name in self.rules.objectives[1:]]
        # A candidate whose cost is unknown was refused, so none is left here.
        return [float("nan") if cost is None else cost for cost in costs]

    # Once, as a plan is asked for its trials often.
    @cached_property
    def front(self) -> list[Proposal]:
        """The candidates that no other one beats in an objective without losing in another."""
        # All pairs: a search has at most 1000 candidates, and no library here has a front.
        rows = [(p, v) for p in self.proposals if (v := self.objectives(p)) is not None]
        beaten = [any(self._beats(other, own) for _, other in rows) for _, own in rows]
        front = [p for (p, _), lost in zip(rows, beaten, strict=True) if not lost]
        return sorted(front, key=lambda p: self._costs(p.arm) if p.arm else [])

    def _beats(self, left: Sequence[float], right: Sequence[float]) -> bool:
        """True if the left ones are at least as good in all objectives, and better in some."""
        # Both in base units, so that a difference has the sign of its metric.
        gains = [a - b if up else b - a for a, b, up in zip(left, right, self.higher, strict=True)]
        return min(gains) >= 0 < max(gains)

    @cached_property
    def chosen(self) -> dict[str, Proposal]:
        """The candidates that become arms, by label: of the front, the baseline apart.

        Of more than `keep` those that are crowded most are left out, one after the other.
        """
        if not self.spent:
            return {}
        front = self.front
        # The baseline is an arm already.
        others = [p for p in front if p.arm and p.values]
        # One of those that are equal in all objectives, the first: another says nothing new.
        first = {self.objectives(p): p for p in reversed(others)}
        others = [p for p in others if first[self.objectives(p)] is p]
        while len(others) > self.rules.keep:
            others.remove(min(others, key=lambda p: self._distance(p, others)))
        labels = [self.rules.label(p.values, self.file_values) for p in others]
        # Labels of a file may read like those of other values, joined; an arm has its own.
        return {
            label if labels.count(label) == 1 else f"{label} ({p.number})": p
            for label, p in zip(labels, others, strict=True)
        }

    def _distance(self, proposal: Proposal, among: Sequence[Proposal]) -> float:
        """The crowding distance of a candidate (NSGA-II, Deb et al. 2002)."""
        total = 0.0
        for place in range(len(self.higher)):
            values = {p.number: (self.objectives(p) or ())[place] for p in among}
            # By number where values are equal, so that the order is always the same.
            ranked = sorted(values, key=lambda number: (values[number], number))
            at = ranked.index(proposal.number)
            if at in (0, len(ranked) - 1):
                return float("inf")  # the ends of the front stay
            spread = values[ranked[-1]] - values[ranked[0]]
            gap = values[ranked[at + 1]] - values[ranked[at - 1]]
            # Relative, as objectives have different units.
            total += gap / spread if spread else 0.0
        return total

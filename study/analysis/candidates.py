"""The candidates of a search beside what their arms reached with the study's own seeds."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from study.plan.plan import Plan
from study.spec.tuning import written
from study.tune.search import Search
from study.tune.tuning import Proposal


@dataclass(frozen=True)
class CandidateRow:
    """A candidate whose trial has objectives."""

    proposal: Proposal
    label: str
    objectives: tuple[float, ...]
    """In base units, in the order of the search: the quality on held-out images, then costs."""
    is_on_front: bool
    arm: str
    """The digest of its arm in the table; "" for one that is not trained again."""


@dataclass(frozen=True)
class Candidates:
    """The candidates of a search, in the order in which they were proposed."""

    search: Search
    rows: tuple[CandidateRow, ...]

    @property
    def front(self) -> list[CandidateRow]:
        """The front of the held-out quality, by rising cost."""
        return sorted((r for r in self.rows if r.is_on_front), key=lambda r: r.objectives[1:])

    @property
    def seconds(self) -> float:
        """Time of all candidates' trials."""
        return sum(proposal.seconds for proposal in self.search.proposals)

    @property
    def failed(self) -> int:
        """Candidates whose trial failed or diverged."""
        return sum(p.state in ("failed", "diverged") for p in self.search.proposals)

    @property
    def frame(self) -> pd.DataFrame:
        """One row per candidate: its values, its objectives, its seconds, and where it stands."""
        known = {row.proposal.number: row for row in self.rows}
        return pd.DataFrame([self._record(p, known.get(p.number)) for p in self.search.proposals])

    def _record(self, proposal: Proposal, row: CandidateRow | None) -> dict[str, object]:
        search = self.search
        values = {**search.file_values, **proposal.values}
        own = row.objectives if row else [None] * len(search.higher)
        return {
            "proposal": proposal.number,
            # As texts, since one column may have numbers and lists.
            **{path: written(values[path]) for path in search.rules.space if path in values},
            "state": proposal.state,
            **dict(zip(search.rules.objectives, own, strict=True)),
            "seconds": proposal.seconds if proposal.ended else None,
            "front": row is not None and row.is_on_front,
            "arm": row.arm if row else "",
            "trial": proposal.trial.name if proposal.trial else "",
        }


def candidates(plan: Plan) -> Candidates | None:
    """The candidates of a study's search; None for a study without one."""
    search = plan.search
    if search is None:
        return None
    front = {proposal.number for proposal in search.front}
    arms = _arms(plan, search)
    rows = tuple(
        CandidateRow(
            proposal,
            search.rules.label(proposal.values, search.file_values) or "baseline",
            objectives,
            is_on_front=proposal.number in front,
            arm=arms.get(proposal.number, ""),
        )
        for proposal in search.proposals
        if (objectives := search.objectives(proposal)) is not None
    )
    return Candidates(search, rows)


def _arms(plan: Plan, search: Search) -> Mapping[int, str]:
    """The digests of the arms, by the number of their candidate."""
    # A candidate that the audit refused has a label and no arm.
    digests = {arm.label: arm.digest for arm in plan.arms}
    own = {p.number: digests[label] for label, p in search.chosen.items() if label in digests}
    return own | {p.number: plan.baseline.digest for p in search.proposals if not p.values}

"""The search of a study, computed anew from the results in the store, as tuning is.

Costs are counted on the meta device, so a candidate that breaks a constraint is refused before
anything trains, and the next one is asked for.
"""

from dataclasses import dataclass, field, replace

from study.errors import SpecError
from study.spec.places import Places
from study.spec.problems import Problem, report
from study.spec.reader import ReadStudy
from study.spec.searching import SearchRules
from study.spec.tuning import Values
from study.store.provenance import digest
from study.store.store import Store
from study.tasks import Task
from study.tasks.arms import ResolvedArm
from study.tune.known_proposals import KnownProposals
from study.tune.proposal_trials import ProposalTrials
from study.tune.replay import file_values
from study.tune.search import Refused, Rejected, Search
from study.tune.tuning import Proposal

# 500 candidates of a small ResT take about 20 s; a space with one fit candidate in 500 is wrong.
ATTEMPTS = 500
"""Candidates that are refused in a row before the search ends: the space has no other, or few."""


def searched(file: ReadStudy, task: Task, baseline: ResolvedArm, store: Store) -> Search:
    """The search of a study from the results so far.

    Raises:
        SpecError: the baseline cannot be held out, a bound is a multiple of an unknown cost, or no
            candidate keeps the constraints.
        StoreError: a stored result was computed from another configuration of the same name.
    """
    study, configurations = file.complete()
    rules = study.search
    if rules is None:
        raise ValueError("a study without a search")
    if unknown := _unknown_bounds(rules, baseline, configurations.places):
        raise SpecError(report(unknown))
    trials = ProposalTrials(file, task, store, rules, rules.objectives[0])
    search = SearchReplay(trials, rules, baseline).searched()
    # Not even the baseline: with nothing to train the study would end without a word.
    if not search.proposals:
        place = configurations.places.key("search", "constraints" if rules.constraints else "space")
        raise SpecError(report([Problem(_none_left(search), place)]))
    return search


def _unknown_bounds(rules: SearchRules, baseline: ResolvedArm, places: Places) -> list[Problem]:
    """Problems of bounds that are multiples of an unknown cost: they would refuse nothing."""
    costs = baseline.cost_record.cost
    return [
        Problem(
            f"the baseline's {name} is not known, of which a bound is a multiple",
            places.key("search", "constraints", name),
            "write the bound as a number",
        )
        for name, constraint in rules.constraints.items()
        if constraint.relative and costs.get(name) is None
    ]


@dataclass(frozen=True)
class SearchReplay:
    """A study with a search, and the store that has its results."""

    trials: ProposalTrials
    rules: SearchRules
    baseline: ResolvedArm
    refused: list[Refused] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    """The digests of the candidates so far, refused ones too."""

    def searched(self) -> Search:
        """The candidates batch by batch, as long as each has ended."""
        rules, ours = self.rules, file_values(self.rules, self.baseline)
        higher = tuple(map(self.trials.higher, rules.objectives))
        inside = all(path in ours and space.has(ours[path]) for path, space in rules.space.items())
        source = KnownProposals(
            rules,
            higher=higher,
            first=ours if inside else None,
            store=self.trials.store,
            owner=self.baseline.digest,
        )
        search = Search(rules, higher, self.baseline, ours, (), Rejected())
        rows, exhausted = list[Proposal](), False
        while len(rows) < rules.trials and not exhausted:
            first = len(rows)
            while len(rows) < min(first + rules.batch, rules.trials) and not exhausted:
                candidate = self._next(source, len(rows))
                exhausted = candidate is None
                rows += [candidate] if candidate else []
            batch = rows[first:]
            if not all(proposal.ended for proposal in batch):
                break
            # Costs are always known here, so that what has none has failed.
            source.tell([self._outcome(search, proposal) for proposal in batch])
        source.keep()
        return replace(
            search,
            proposals=tuple(rows),
            rejected=Rejected(tuple(self.refused)),
            exhausted=exhausted,
        )

    def _outcome(self, search: Search, proposal: Proposal) -> tuple[float, ...] | None:
        """The objectives of a candidate; empty, not None, for one that was stopped early."""
        return () if proposal.state == "censored" else search.objectives(proposal)

    def _next(self, source: KnownProposals, number: int) -> Proposal | None:
        """The next candidate that is to be trained; None if there seems to be no other."""
        last: Refused | None = None
        for _ in range(ATTEMPTS):
            # A sampler that has settled proposes the same candidate again and again, whatever it
            # is told of repeats, so the one after a repeat is drawn at random.
            values = source.ask(at_random=last is not None and last.why == "repeat")
            built = self._built(values)
            # Refused ones cost no trial, so they do not count.
            if not isinstance(built, Refused):
                words = self.rules.label(values, file_values(self.rules, self.baseline))
                label = f"candidate {number}{': ' * bool(words)}{words}"
                return self.trials.proposal(
                    replace(built, label=label), number, values, name=self._name(built)
                )
            last = built
            self.refused.append(built)
            source.refuse(built.excess)
        return None

    def _name(self, built: ResolvedArm) -> str:
        """The name of a candidate's trial.

        With early stopping it has what decides which candidates there are and which are stopped: a
        censored trial means nothing to another search.
        """
        key = built.digest
        if self.rules.stop:
            key = digest([key, repr(replace(self.rules, labels={}, keep=1, trials=1))])[:10]
        return f"{key}-{self.rules.trial_seed}"

    def _built(self, values: Values) -> ResolvedArm | Refused:
        """The arm of a candidate that is to be trained, or why it is not."""
        built, problems = self.trials.built(
            self.baseline.arm.choices, {**values, **self.rules.held_out}
        )
        if built is None:
            # The file's own values are right, so it is holding out that is wrong with them.
            if not values:
                raise SpecError(report(problems))
            return Refused("unfit", reason=problems[0].message)
        # What cannot be counted can neither be compared nor constrained.
        needed = {*self.rules.constraints, *self.rules.objectives[1:]}
        if unknown := sorted(n for n in needed if built.cost_record.cost.get(n) is None):
            reason = f"{unknown[0]} cannot be counted: {built.cost_record.refused}"
            return Refused("unfit", reason=reason)
        # By what it computes: values may differ where another value switches them off.
        if built.digest in self.known:
            return Refused("repeat")
        self.known.add(built.digest)
        excess = self._excess(built)
        return Refused("cost", excess) if excess else built

    def _excess(self, built: ResolvedArm) -> dict[str, float]:
        """By how much a candidate breaks each constraint, as a fraction of its bound."""
        ours, base = built.cost_record.cost, self.baseline.cost_record.cost
        every = {
            name: constraint.excess(ours.get(name) or 0.0, base.get(name))
            for name, constraint in self.rules.constraints.items()
        }
        # Only what is broken: optuna takes 0 and less for kept.
        return {name: value for name, value in every.items() if value > 0}


def _none_left(search: Search) -> str:
    rejected = search.rejected
    broken = ", ".join(f"{n} {count}" for n, count in rejected.constraints.items())
    why = f"they break constraints: {broken}" if broken else rejected.example or "all repeat others"
    return f"none of {rejected.count} candidates can be trained; {why}"

"""The search of a plan as text and as a record; nothing here prints."""

from collections.abc import Iterator

from study.format import many
from study.plan.plan import Plan
from study.store.store import Record
from study.tune.search import Search
from study.tune.tuning import Proposal


def notes(plan: Plan) -> Iterator[str]:
    """Notes on a search: what it does, how far it is, and what it has refused."""
    search, limits = plan.search, plan.study.sequential
    if search is None:
        return
    fixed = many(len(plan.study.seeds), "seed")
    rules, seeds = search.rules, f"{limits.min} to {limits.max} seeds" if limits else fixed
    held = ", ".join(f"{path} {value}" for path, value in rules.held_out.items() if value)
    on = f" on held-out images ({held})" if held else ""
    yield (
        f"search: {many(search.budget, 'candidate')}{on}, by {' and '.join(rules.objectives)}, in "
        f"batches of {rules.batch}; {search.ended} of {search.budget} have ended"
    )
    for name, constraint in rules.constraints.items():
        # Also those that broke none, so that a limit which refuses nothing shows.
        broken = search.rejected.constraints.get(name, 0)
        yield f"{name} {constraint}: {many(broken, 'candidate')} refused before training"
    rejected = search.rejected
    if rejected.unfit:
        yield f"{many(rejected.unfit, 'candidate')} cannot be built: {rejected.example}"
    if search.censored:
        stopped = many(search.censored, "candidate")
        yield f"{stopped} stopped early ({rules.stop}): on no front, and in no mean"
    if search.exhausted:
        left = rules.trials - len(search.proposals)
        yield f"the search has no other candidate for the last {many(left, 'trial')}"
    if not search.spent:
        yield (
            f"up to {many(rules.keep, 'candidate')} of the front, and the baseline, are trained "
            f"again with {seeds} when the search has ended"
        )
    elif not search.chosen:
        yield "no candidate but the baseline is on the front, so there is nothing to compare"


def record(search: Search) -> Record:
    """The candidates so far, what was refused, and which are arms of the study."""
    # By number, as two candidates may have equal objectives.
    labels = {proposal.number: label for label, proposal in search.chosen.items()}
    front = {proposal.number for proposal in search.front}
    return {
        "objectives": list(search.rules.objectives),
        "trials": search.budget,
        "ended": search.ended,
        "refused": {
            "constraints": dict(search.rejected.constraints),
            "repeated": search.rejected.repeated,
            "unfit": search.rejected.unfit,
        },
        "candidates": [
            {
                **proposal_record(proposal),
                "objectives": search.objectives(proposal),
                "front": proposal.number in front,
                "arm": labels.get(proposal.number),
            }
            for proposal in search.proposals
        ],
    }


def proposal_record(proposal: Proposal) -> Record:
    return {
        "number": proposal.number,
        "values": dict(proposal.values),
        "state": proposal.state,
        "objective": proposal.objective,
        "trial": proposal.trial.name if proposal.trial else None,
    }

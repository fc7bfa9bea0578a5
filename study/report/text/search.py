"""Sentences on a search: for the captions of its table and of the main one, and notes."""

from collections.abc import Iterator

from study import format
from study.analysis.analysis import Analysis
from study.analysis.candidates import Candidates
from study.format import many
from study.report.text.tuning import OPTUNA, held_out
from study.spec.searching import SearchRules


def protocol(rules: SearchRules) -> str:
    """A phrase on how the arms were searched."""
    bounds = [f"{name} {constraint}" for name, constraint in rules.constraints.items()]
    limits = f", {' and '.join(bounds)}" if bounds else ""
    return (
        f"{OPTUNA.get(rules.sampler, rules.sampler)} over {', '.join(rules.space)}{limits}, "
        f"compared on {held_out(rules)} with one seed"
    )


def measures(analysis: Analysis) -> Iterator[str]:
    """A sentence for the caption of the main table of a study with a search."""
    search = analysis.plan.search
    if search is not None:
        yield (
            f"Arms: of the front of {many(len(search.proposals), 'candidate')} by "
            f"{protocol(search.rules)}; no candidate's trial enters a mean of this table."
        )


def caption(analysis: Analysis, candidates: Candidates) -> str:
    """The caption of a search's table."""
    rules = candidates.search.rules
    names = " and ".join(format.name(analysis.catalogue[name]) for name in rules.objectives)
    return (
        f"Search of {analysis.plan.study.title}: the front in {names}, by {protocol(rules)}. Fresh "
        "seeds: trained again on all training images."
    )


def notes(analysis: Analysis, candidates: Candidates) -> Iterator[str]:
    """The notes below the table: what was spent, what was refused, and what was left out."""
    search = candidates.search
    rejected, rules = search.rejected, search.rules
    # Of trials, not by the clock: workers run several at once.
    hours = format.duration(candidates.seconds)
    if not search.spent:
        yield f"The search goes on: {search.ended} of {search.budget} candidates have ended."
    yield f"{many(search.ended, 'candidate')} trained in {hours} of trials."
    if rejected.outside:
        broken = ", ".join(f"{name} {count}" for name, count in rejected.constraints.items())
        yield (
            f"{many(rejected.outside, 'candidate')} refused before training for their cost, which "
            f"was counted without training: {broken}."
        )
    if search.censored:
        yield (
            f"{many(search.censored, 'candidate')} stopped early ({rules.stop}): censored, so on "
            "no front and in no mean."
        )
    if candidates.failed:
        yield f"{many(candidates.failed, 'candidate')} failed or diverged."
    # Those of the front without an arm, as `keep` allows no more.
    crowded = [row for row in candidates.front if not row.arm]
    if search.spent and crowded:
        count = many(len(crowded), "candidate")
        yield f"{count} of the front not trained again (keep: {rules.keep})."
    yield (
        "A candidate is on the front by one trial among many, on a part of the training images, "
        "whose value has chosen it. Fresh seeds are measured on images that chose nothing."
    )

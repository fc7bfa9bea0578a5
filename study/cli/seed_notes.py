"""Notes of a plan on its seeds: those that its margin needs, and why none is trained."""

from functools import partial

from study.plan.plan import Plan
from study.stats import seeds_for, with_range


def nothing_trains(plan: Plan) -> str:
    """The reason why the study trains nothing; "" if it does."""
    if plan.measured:
        return f"the results are those of {plan.measured.source}"
    return "" if plan.study.seeds else "seeds is 0, so only costs and timings are reported"


def seeds_of_margin(plan: Plan, margin: float) -> str:
    """The seeds that detect a difference of the margin, with their range; `plan.sd` is known."""
    metric = plan.catalogue[plan.tested]
    # A margin is in the units of the table, the sd in base units.
    detected = partial(seeds_for, margin / metric.scale)
    # Differences share the baseline, so many arms know the sd little better than one does.
    seeds = with_range(plan.sd, _pairs(plan) - 1, detected).text
    return (
        f"the margin, {f'{margin:g} {metric.difference_unit}'.rstrip()}, needs {seeds} seeds (80 % "
        f"power; range: the sd is from {_pairs(plan)} seeds), set in advance: seeds added until a "
        "test decides at least double its errors, unless seeds: {min, max, stop: decided} adds them"
    )


def _pairs(plan: Plan) -> int:
    """The most seeds that an arm has finished together with the baseline."""
    base, *others = (
        # Trials that diverged have no value, and so no difference.
        {trial.seed for trial in arm.replicates if trial.state == "completed"}
        for arm in plan.arms
    )
    return max(len(base & seeds) for seeds in others)

"""Notes of a plan on its seeds: those that its margin needs, and why none is trained."""

from functools import partial

from study.format import many
from study.plan.plan import Plan
from study.stats import seeds_for, smallest_p, with_range


def nothing_trains(plan: Plan) -> str:
    """The reason why the study trains nothing; "" if it does."""
    if plan.measured:
        return f"the results are those of {plan.measured.source}"
    return "" if plan.study.seeds else "seeds is 0, so only costs and timings are reported"


def smallest(seeds: int) -> str:
    """The smallest p of a sign-flip test of so many seeds, or what there is without one."""
    if seeds == 1:
        return (
            "with 1 seed there is neither a standard deviation nor an interval: 2 seeds give "
            "intervals, 6 an exact sign-flip test that can reach p = 0.031"
        )
    # 2 / 2**seeds: 0.25 for 3 seeds, 0.0625 for 5, 0.031 for 6.
    p = smallest_p(seeds)
    if p <= 0.05:
        return f"smallest p of an exact sign-flip test with {many(seeds, 'seed')}: {p:.2g}"
    # With fewer than six seeds no difference, however large, reaches 5 %.
    return (
        f"with {many(seeds, 'seed')} an exact sign-flip test cannot go below p = {p:.3g} (6 seeds "
        "reach 0.031); intervals are reported instead"
    )


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

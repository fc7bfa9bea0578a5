"""Words for how arms are compared: seed by seed, or as replicates that share no seeds."""

from study.format import many
from study.plan.plan import Plan


def clause(plan: Plan) -> str:
    """How differences are taken: "paired by seed", or why they are not."""
    if plan.paired:
        return "paired by seed"
    # Without a column by the usual name; the study may also say that its seeds pair nothing.
    guessed = plan.study.measured is not None and plan.study.measured.seed is not None
    why = ", as the file has no column of seeds" * guessed
    return f"not paired{why}: intervals and tests are Welch's"


def pairs(plan: Plan, seeds: int) -> int:
    """The most pairs that a difference can have; 0 for replicates, which have none."""
    return seeds if plan.paired else 0


def replicates(plan: Plan, count: int | str) -> str:
    """So many values of an arm in words: "5 paired seeds", "3 to 5 unpaired replicates"."""
    return f"{count} paired seeds" if plan.paired else f"{count} unpaired replicates"


def seeds(plan: Plan, count: int) -> str:
    """So many values of an arm in words: "5 seeds", "1 replicate"."""
    return many(count, "seed" if plan.paired else "replicate")

"""Words for how arms are compared: seed by seed, or as replicates that share no seeds."""

from study.format import many
from study.plan.plan import Plan


def clause(plan: Plan) -> str:
    """How differences are taken: "paired by seed", or why they are not."""
    if plan.paired:
        return "paired by seed"
    return "not paired, as no column of seeds is given: intervals and tests are Welch's"


def replicates(plan: Plan, count: int | str) -> str:
    """So many values of an arm in words: "5 paired seeds", "3 to 5 unpaired replicates"."""
    return f"{count} paired seeds" if plan.paired else f"{count} unpaired replicates"


def seeds(plan: Plan, count: int) -> str:
    """So many values of an arm in words: "5 seeds", "1 replicate"."""
    return many(count, "seed" if plan.paired else "replicate")

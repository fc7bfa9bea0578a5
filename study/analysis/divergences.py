"""How many seeds of an arm diverged, and of the baseline: apart from how good the others are."""

from dataclasses import dataclass

from study.plan.plan import Plan
from study.tasks.arms import PlannedArm


@dataclass(frozen=True)
class Divergence:
    """Diverged seeds of an arm and of the baseline, among those that have ended."""

    arm: str
    diverged: int
    ended: int
    base_diverged: int
    base_ended: int

    @property
    def p(self) -> float:
        """Fisher's exact p, two-sided, that both arms diverge equally often.

        Arms that share seeds are not independent; the test treats them as if they were.
        """
        import numpy as np
        from scipy.stats import fisher_exact

        # Exact, since counts are those of a few seeds.
        ended = np.array([self.ended, self.base_ended])
        diverged = np.array([self.diverged, self.base_diverged])
        return float(fisher_exact(np.array([diverged, ended - diverged])).pvalue)


def divergences(plan: Plan) -> dict[str, Divergence]:
    """The arms of which a seed diverged, by digest; the baseline is compared with itself."""
    # Arms without a diverged seed are left out, so that an empty mapping means that all is well.
    base = _counts(plan.baseline)
    counts = {arm.digest: _counts(arm) for arm in plan.arms}
    return {
        arm: Divergence(arm, diverged, ended, *base)
        for arm, (diverged, ended) in counts.items()
        if diverged
    }


def _counts(arm: PlannedArm) -> tuple[int, int]:
    """The diverged trials of an arm, and those that ended with a result."""
    states = [trial.state for trial in arm.replicates]
    # A trial that failed ended by a mistake, which says nothing of the arm.
    return states.count("diverged"), states.count("diverged") + states.count("completed")

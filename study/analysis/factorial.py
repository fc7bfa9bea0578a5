"""Effects of a factorial study, whose arms combine all levels of all factors."""

from itertools import product

import pandas as pd

from study import stats
from study.plan.plan import Plan


def factorial_effects(plan: Plan, frame: pd.DataFrame) -> list[stats.FactorialEffect]:
    """Main effects and interactions of every quality; empty unless the study is factorial."""
    if not _combines_all_levels(plan):
        return []
    choices = {arm.digest: arm.arm.choices for arm in plan.arms}
    return stats.typed_rows(stats.factorial(frame, choices), stats.FactorialEffect)


def _combines_all_levels(plan: Plan) -> bool:
    """True if the arms are all combinations of the levels of several factors."""
    whole = set(product(*(range(len(factor.levels)) for factor in plan.study.factors)))
    chosen = {arm.arm.choices for arm in plan.arms}
    # Without seeds nothing is trained, and a single factor has no interactions.
    return len(plan.study.factors) > 1 and chosen == whole and bool(plan.study.seeds)

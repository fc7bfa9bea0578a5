"""Main effects and interactions of a study that combines the levels of its factors."""

from itertools import product

import pandas as pd

from study import stats
from study.plan.plan import Plan
from study.spec.designs import DESIGNS, arms_of


def effects(
    plan: Plan, measurements: pd.DataFrame, how: stats.Inference
) -> list[stats.FactorialEffect]:
    """The effects of every quality; of a regular fraction, the aliased ones as sums.

    Empty for other designs, whose arms do not separate the effects of factors.
    """
    arms = combined(plan)
    if not arms:
        return []
    estimate = stats.factorial if _combines_all_levels(plan) else stats.fractional
    return stats.typed_rows(estimate(measurements, arms, how), stats.FactorialEffect)


def combined(plan: Plan) -> dict[str, tuple[int, ...]]:
    """The arms that effects of factors are estimated from, with their levels; empty without any."""
    if not plan.study.seeds or len(plan.study.factors) < 2:
        return {}  # nothing is trained, or a single factor, which has no interactions
    # A twin has the levels of its arm, and another width.
    choices = {arm.digest: arm.arm.choices for arm in plan.arms if not arm.arm.is_twin}
    if _combines_all_levels(plan):
        return choices
    fraction = _fraction(plan)  # the study may have arms of other designs, too
    return {arm: levels for arm, levels in choices.items() if levels in fraction}


def _combines_all_levels(plan: Plan) -> bool:
    """True if the arms are all combinations of levels."""
    whole = set(product(*(range(len(factor.levels)) for factor in plan.study.factors)))
    chosen = {arm.arm.choices for arm in plan.arms}
    return chosen == whole


def _fraction(plan: Plan) -> frozenset[tuple[int, ...]]:
    """The arms of the first design that is a regular fraction; empty without one."""
    study = plan.study
    designs = [arms_of(study, name) for name in study.designs if name in DESIGNS]
    return frozenset(next((arms for arms in designs if stats.is_fraction(arms)), ()))

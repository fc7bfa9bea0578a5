"""Sequential seeds: seeds are added one by one where a declared comparison is not decided yet.

A look at n seeds is taken when these trials have ended in both arms of every comparison that is
undecided, so that it does not matter which trial ends first.
"""

from math import isnan, nan
from typing import TYPE_CHECKING

from study import stats
from study.plan import comparisons
from study.plan.plan import Plan
from study.spec.study import Study
from study.stats import Contrast
from study.store.store import Store

if TYPE_CHECKING:
    from study.stats.intervals import Numbers


def rule(study: Study) -> stats.Rule:
    limits = study.sequential
    if limits is None:
        raise ValueError(f"the seeds of {study.name} are fixed")
    return stats.Rule(limits.min, limits.max)


def inference(plan: Plan) -> stats.Inference:
    """How intervals and tests are taken from the seeds of a study."""
    if plan.study.sequential is None:
        return stats.FIXED if plan.paired else stats.UNPAIRED
    tests = len(comparisons.contrasts(plan)) + comparisons.other_tests(plan)
    return stats.SequentialInference(rule(plan.study), max(1, tests))


def decisions(plan: Plan, store: Store) -> dict[Contrast, stats.Decision]:
    """The state of every declared comparison, from the results so far."""
    study, every = plan.study, comparisons.contrasts(plan)
    # In base units; a margin of the table is in those that it prints.
    margins = {
        c: study.margins[c.metric] / plan.catalogue[c.metric].scale
        for c in every
        if c.metric in study.margins
    }
    return stats.decided(
        {c: _differences(plan, c, store) for c in every},
        rule(study),
        margins,
        other_tests=comparisons.other_tests(plan),
    )


def _differences(plan: Plan, contrast: Contrast, store: Store) -> "Numbers":
    """The differences of a comparison by seed, as far as both trials have ended.

    They end with NaN where one diverged or failed, after the first look at the earliest.
    """
    import numpy as np

    if {arm.digest for arm in plan.arms if not arm.trials} & {*contrast[:2]}:
        return np.full(rule(plan.study).min, nan)  # no proposal of its tuning has succeeded
    rows = list[float]()
    for seed in plan.study.seeds:
        arm, other = (_value(store, f"{digest}-{seed}", contrast.metric) for digest in contrast[:2])
        if arm is None or other is None:
            break  # later seeds may be there already: a look takes them in their order
        if isnan(arm - other):
            rows += [nan] * max(1, rule(plan.study).min - len(rows))
            break
        rows.append(arm - other)
    return np.array(rows, float)


def _value(store: Store, name: str, metric: str) -> float | None:
    """The value of a trial; NaN without one, None while the trial has not ended."""
    result = store.result(name)
    if result is None:
        return None
    value = result.metrics.get(metric) if result.state == "completed" else None
    # A task need not report a metric in every trial: as good as a failure here.
    return nan if value is None else float(value)


def seeds_called_for(plan: Plan, store: Store) -> dict[str, int]:
    """The number of seeds of every arm that the results so far call for, by digest."""
    states = decisions(plan, store)
    counts = dict.fromkeys((arm.digest for arm in plan.arms), rule(plan.study).min)
    for contrast, n in stats.seeds_wanted(states, rule(plan.study)).items():
        for digest in contrast[:2]:
            counts[digest] = max(counts[digest], n)
    return counts

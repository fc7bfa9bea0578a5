"""The order of the arms in a table: in blocks, one per factor."""

from study.plan.plan import Plan
from study.tasks.arms import PlannedArm

COMBINING = {"cumulative", "factorial", "fractional", "pairwise"}
"""Designs of which most arms differ in several factors, which are one block in their order."""
NAMED = 4  # factors in the head of such a block; more make a line that no page holds


def blocks(plan: Plan) -> list[tuple[str, list[tuple[str, PlannedArm]]]]:
    """The rows (label, arm) of the table in blocks: one per factor, the baseline first.

    Arms that differ in several factors have a block of their own, in the order of the design.
    """
    study, blocks = plan.study, []
    for index, factor in enumerate(study.factors):
        rows = [(a.label, a) for a in plan.arms if a.arm.changed_factors == (index,)]
        if rows:
            first = study.label(plan.baseline.arm.choices, within=index)
            blocks.append((factor.path, [(first, plan.baseline), *rows]))
    several = [(a.label, a) for a in plan.arms if len(a.arm.changed_factors) > 1]
    if several and study.designs.keys() <= COMBINING:
        paths = " × ".join(factor.path for factor in study.factors[:NAMED])
        head = paths if len(study.factors) <= NAMED else f"{len(study.factors)} factors combined"
        return [(head, [(a.label, a) for a in plan.arms])]
    if several:
        blocks.append(("combined", [("baseline", plan.baseline), *several]))
    return blocks or [("", [("baseline", plan.baseline)])]

"""The order of the arms in a table: in blocks, one per factor."""

from study.plan.plan import Plan
from study.tasks.arms import PlannedArm


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
    if several and set(study.designs) <= {"cumulative", "factorial"}:
        return [(" × ".join(f.path for f in study.factors), [(a.label, a) for a in plan.arms])]
    if several:
        blocks.append(("combined", [("baseline", plan.baseline), *several]))
    return blocks or [("", [("baseline", plan.baseline)])]

"""The order of the arms in a table: in blocks, one per factor."""

from collections.abc import Iterator
from typing import NamedTuple

from study import format
from study.plan.plan import Plan
from study.spec.arm_names import CROSSING, NAMED, all_levels, in_prose
from study.tasks.arms import PlannedArm

COMBINING = {"cumulative"} | CROSSING
"""Designs of which most arms differ in several factors, which are one block in their order."""

LabelledArm = tuple[str, PlannedArm]


class ArmBlock(NamedTuple):
    """The arms of one factor, or of several that a design combines."""

    head: str
    rows: list[LabelledArm]
    key: str
    """Paths of the factors, for files and macros: the head's words may change."""


def arm_blocks(plan: Plan) -> list[ArmBlock]:
    """The rows (label, arm) of the table in blocks: one per factor, the baseline first.

    Arms that differ in several factors have a block of their own, in the order of the design.
    Diverged arms are last in their block, except on a cumulative path.
    """
    every = _in_order(plan)
    # The rows of a cumulative path build on each other, so their order is their meaning.
    if plan.study.designs.keys() == {"cumulative"}:
        return every
    return [block._replace(rows=_diverged_last(block.rows)) for block in every]


def _diverged_last(rows: list[LabelledArm]) -> list[LabelledArm]:
    # A stable sort: the others keep the order of the study file.
    return rows[:1] + sorted(rows[1:], key=lambda row: bool(row[1].diverged_seeds))


def _in_order(plan: Plan) -> list[ArmBlock]:
    """The blocks with their arms in the order of the study file."""
    several = [
        (in_prose(plan.study, a.arm), a) for a in plan.arms if len(a.arm.changed_factors) > 1
    ]
    if several and plan.study.designs.keys() <= COMBINING:
        return [_combined(plan)]
    every = list(_single(plan))
    own = (plan.study.baseline_title, plan.baseline)
    if several:
        every.append(ArmBlock("Combined", [own, *several], "combined"))
    return every or [ArmBlock("", [own], "")]


def _single(plan: Plan) -> Iterator[ArmBlock]:
    """A block for each factor that arms differ in alone."""
    for index, factor in enumerate(plan.study.factors):
        rows = [(a.label, a) for a in plan.arms if a.arm.changed_factors == (index,)]
        if rows:
            first = plan.study.label(plan.baseline.arm.choices, within=index)
            yield ArmBlock(factor.title, [(first, plan.baseline), *rows], factor.path)


def _combined(plan: Plan) -> ArmBlock:
    """The block of all arms of a combining design, in its order."""
    study, factors = plan.study, plan.study.factors
    many = f"{len(factors)} factors combined"
    if len(factors) > NAMED:
        return ArmBlock(many, [(a.label, a) for a in plan.arms], many)
    key = " × ".join(factor.path for factor in factors)
    if not study.designs.keys() <= CROSSING:
        # On a path each row adds to the one before, so that its label names what it has added.
        head = " × ".join(factor.title for factor in factors)
        first = (study.baseline_title, plan.baseline)
        added = [(in_prose(study, a.arm), a) for a in plan.arms[1:]]
        return ArmBlock(head, [first, *added], key)
    head = ", ".join([factors[0].title, *(format.inline(f.title) for f in factors[1:])])
    return ArmBlock(head, [(all_levels(study, a.arm), a) for a in plan.arms], key)

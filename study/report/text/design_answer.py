"""Sentences of the answer that a design adds: interactions of factors, and steps that lose."""

from collections.abc import Iterator
from itertools import pairwise

from study import format
from study.report.text.compared import NAMED, ComparedArms
from study.spec import designs
from study.spec.arm_names import sum_name
from study.stats import FactorialEffect, StepEffect


def design_sentences(compared: ComparedArms) -> Iterator[str]:
    """Interactions of a factorial design and steps backwards of a cumulative one, if shown.

    Shown by 95 % intervals that exclude zero, each alone, as in the tables and figures of both.
    """
    if interactions := [row for row in _interactions(compared) if _shown(row)]:
        most = sorted(interactions, key=lambda row: -abs(row.mean))[:NAMED]
        study = compared.analysis.plan.study
        texts = [
            f"{sum_name(study, [(row.term, 1.0), *row.aliases])} ({_amount(compared, row)})"
            for row in most
        ]
        yield f"The factors interact: {', '.join(texts)} (each interval alone, uncorrected)."
    # A step that gains needs no sentence: its row shows it.
    higher = compared.metric.better == "higher"
    lost = [
        f"{name} ({_amount(compared, row)})"
        for name, row in _steps(compared)
        if _shown(row) and (row.mean < 0) == higher
    ]
    if lost:
        them = "makes" if len(lost) == 1 else "make"
        yield (
            f"Added to the row above, {' and '.join(lost)} {them} it worse (each interval alone, "
            "uncorrected)."
        )


def _interactions(compared: ComparedArms) -> Iterator[FactorialEffect]:
    analysis = compared.analysis
    for row in analysis.factorial:
        if row.metric == analysis.plan.tested and len(row.term) > 1:
            yield row


def _steps(compared: ComparedArms) -> Iterator[tuple[str, StepEffect]]:
    """The steps of a cumulative design, each with the label of its level."""
    plan = compared.analysis.plan
    if "cumulative" not in plan.study.designs:
        return
    effects = {
        (row.factor, row.start, row.end, row.others): row
        for row in compared.analysis.steps[plan.tested]
    }
    # By the design and not by the rows: an arm that lacks results has no effect.
    for before, here in pairwise(designs.cumulative(plan.study.factors)):
        for factor, (start, end) in enumerate(zip(before, here, strict=True)):
            if start != end and (row := effects.get((factor, start, end, before))):
                yield plan.study.factors[factor].levels[end].label, row


def _shown(row: FactorialEffect | StepEffect) -> bool:
    return row.low > 0 or row.high < 0


def _amount(compared: ComparedArms, row: FactorialEffect | StepEffect) -> str:
    return format.amount(row, compared.metric)

"""What a study declared that it would test, and what a factorial says of its factors, as tables."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import pandas as pd

from study import cells, judgement, stats
from study.metrics import METRICS, Metric
from study.plan import Plan
from study.report.tables import Block, Cell, Row, Table, plain
from study.stats.factors import Term

HEADS = ("Difference [95 % CI]", "p, t", "Holm", "p, sign-flip", "Holm, sign-flip")


def contrast_table(plan: Plan, frame: pd.DataFrame) -> Table | None:
    """The declared contrasts as one family; nothing where none is declared or nothing varies."""
    declared = judgement.contrasts(plan)
    if not declared or len(plan.study.seeds) < 2:
        return None
    tests = judgement.tests(plan, frame)
    found = stats.contrasts(frame, declared, beside=tests - len(declared))
    labels = {arm.digest: label for label, arm in reversed(judgement.named_arms(plan).items())}
    rows = (_contrast(row, labels, len(plan.study.seeds)) for row in found.itertuples())
    return Table(
        name=plain(f"{plan.study.title}-contrasts"),
        caption=plain(
            "What the study declared that it would test, paired by seed; p of no difference, "
            f"two-sided, alone and corrected for {tests} tests by Holm's method"
            f"{_beside(tests, declared)}."
        ),
        heads=HEADS,
        blocks=(Block("", tuple(rows)),),
        notes=tuple(plain(note) for note in _limits(tests, len(plan.study.seeds))),
    )


def _beside(tests: int, declared: Sequence[stats.Contrast]) -> str:
    """The tests that are not in the table."""
    return ", which are these and the study's other claims" if tests > len(declared) else ""


def _contrast(row: Any, labels: Mapping[str, str], seeds: int) -> Row:
    metric = METRICS[row.metric]
    shown = cells.effect(row, metric, seeds)
    unit = cells.difference_unit(metric)
    text = f"{shown} {unit}".rstrip() if shown != cells.ABSENT else shown
    parts = cells.parts(row, metric, "mean", "low", "high")
    tests = (Cell(p_value(p), value=p) for p in (row.t_p, row.t_holm, row.p, row.holm))
    label = f"{labels[row.arm]} − {labels[row.other]}, {cells.name(metric)}"
    return Row(plain(label), False, (Cell(text, value=row.mean, parts=parts), *tests))


def p_value(value: float) -> str:
    return cells.ABSENT if value != value else "< 0.001" if value < 0.001 else f"{value:.3f}"


def _limits(tests: int, seeds: int) -> Iterator[str]:
    yield (
        "The t test agrees with the interval and assumes normal differences; the sign-flip test "
        "assumes only that those of equal arms are symmetric."
    )
    least = min(1.0, tests * stats.smallest_p(seeds))
    if least > stats.ALPHA:
        yield f"With {seeds} seeds the sign-flip test cannot go below p = {least:.3g}, corrected."


# ---- factorial ----


def factor_table(plan: Plan, frame: pd.DataFrame) -> Table | None:
    """Main effects and interactions, where the arms are all combinations of several factors."""
    study, choices = plan.study, {arm.digest: arm.arm.choices for arm in plan.arms}
    names = [n for n in dict.fromkeys(study.columns) if METRICS[n].kind == "quality"]
    whole = set(product(*(range(len(factor.levels)) for factor in study.factors)))
    if not names or not study.seeds or len(study.factors) < 2 or {*choices.values()} != whole:
        return None
    effects: Iterator[Any] = stats.factorial(frame, choices).itertuples()
    found = {(row.metric, row.term): row for row in effects}
    terms: list[Term] = list(dict.fromkeys(term for _, term in found))
    if not terms:
        return None

    def rows(size: int) -> tuple[Row, ...]:
        own = [term for term in terms if len(term) == size]
        return tuple(Row(_called(plan, term), False, _cells(found, names, term, len(study.seeds)))
                     for term in own)  # fmt: skip

    return Table(
        name=plain(f"{study.title}-factors"),
        caption=plain(
            "What each level does against the first of its factor, averaged over the levels of all "
            "others; ×: how much that changes with a level of another factor. Paired by seed."
        ),
        heads=tuple(cells.effect_head(METRICS[name], len(study.seeds)) for name in names),
        blocks=(Block("main effects", rows(1)), Block("interactions", rows(2))),
        notes=("Interactions of three factors and more are not given.",)
        if len(study.factors) > 2
        else (),
        keys=tuple(f"{name}-delta" for name in names),
    )


def _called(plan: Plan, term: Term) -> str:
    return plain(" × ".join(plan.study.factors[f].levels[level].label for f, level in term))


def _cells(found: Mapping[Any, Any], names: list[str], term: Term, seeds: int) -> tuple[Cell, ...]:
    rows = ((name, found.get((name, term))) for name in names)
    return tuple(_effect(row, METRICS[name], seeds) for name, row in rows)


def _effect(row: Any, metric: Metric, seeds: int) -> Cell:
    if not row:
        return Cell(cells.ABSENT)
    parts = cells.parts(row, metric, "mean", "low", "high")
    return Cell(cells.effect(row, metric, seeds), value=row.mean, parts=parts)

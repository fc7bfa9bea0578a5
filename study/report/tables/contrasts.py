"""Tables of the contrasts that a study declared in advance, and of a factorial's effects."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from study import format, stats
from study.analysis.analysis import Analysis
from study.plan import comparisons
from study.plan.plan import Plan
from study.report.table import Cell, Row, Table, TableBlock, plain
from study.report.tables.estimates import effect_cell
from study.report.text import pairing, sequential
from study.spec.arm_names import is_crossed, printed, sum_name
from study.stats.factorial_effects import Term

DIFFERENCE = "Difference [95 % CI]"
HEADS = (DIFFERENCE, "p (t test)", "p (t test, Holm)", "p (sign-flip)", "p (sign-flip, Holm)")
UNPAIRED_HEADS = (DIFFERENCE, "p (Welch)", "p (Welch, Holm)")

Effects = Mapping[tuple[str, Term], stats.FactorialEffect]
"""Effects by metric and term."""


def contrast_table(analysis: Analysis) -> Table | None:
    """The declared contrasts, corrected as one family; None without contrasts or seeds."""
    plan, declared = analysis.plan, analysis.declared
    if not declared or not plan.study.seeds:
        return None
    if plan.study.sequential:
        return sequential_table(analysis)
    # Claims and contrasts are one family: the correction counts tests that are not in this table.
    tests = analysis.tests
    labels, heads = _labels(plan), HEADS if analysis.plan.paired else UNPAIRED_HEADS
    rows = (
        Row(
            _pair(analysis, row, labels),
            False,
            (_difference(analysis, row), *_tests(row))[: len(heads)],
        )
        for row in analysis.contrasts
    )
    return Table(
        name=plain(f"{plan.study.title}-contrasts"),
        caption=plain(
            "Comparisons that the study declares in contrasts or claims, "
            f"{pairing.clause(plan)}; two-sided p of no difference{_correction(tests, declared)}."
        ),
        heads=heads,
        blocks=(TableBlock("", tuple(rows)),),
        notes=tuple(plain(note) for note in (*_images(analysis), *_limits(analysis, tests))),
    )


def _correction(tests: int, declared: Sequence[stats.Contrast]) -> str:
    """A clause on the correction for several tests, which may not all be in the table."""
    if tests < 2:
        return ""
    others = " (these and the study's other claims)" if tests > len(declared) else ""
    return f", alone and corrected for {tests} tests{others} by Holm's method"


def _labels(plan: Plan) -> dict[str, str]:
    if is_crossed(plan.study):
        # In brackets, as they hold commas; a label alone would read as a main effect.
        return {arm.digest: f"({printed(plan.study, arm.arm)})" for arm in plan.arms}
    # Reversed, so that of several labels of an arm the first one stays.
    return {arm.digest: label for label, arm in reversed(comparisons.named_arms(plan).items())}


def _pair(analysis: Analysis, row: stats.TestedContrast, labels: Mapping[str, str]) -> str:
    name = format.name(analysis.catalogue[row.metric])
    return plain(f"{labels[row.arm]} − {labels[row.other]}, {name}")


def _difference(analysis: Analysis, row: stats.TestedContrast) -> Cell:
    metric = analysis.catalogue[row.metric]
    cell = effect_cell(row, metric, pairing.pairs(analysis.plan, analysis.seeds))
    # A missing difference has no unit.
    unit = metric.difference_unit if cell.text != format.ABSENT else ""
    return replace(cell, text=f"{cell.text} {unit}".rstrip())


def _tests(row: stats.TestedContrast) -> Iterator[Cell]:
    return (Cell(format.p_value(p), value=p) for p in (row.t_p, row.t_holm, row.p, row.holm))


def _images(analysis: Analysis) -> Iterator[str]:
    # The sign-flip test flips seeds, so the images stay as they are.
    if wide := [row for row in analysis.generalising.values() if row.images]:
        yield (
            f"Intervals and t tests are over new seeds and new images (of {wide[0].images}), where "
            "predictions are kept; the sign-flip test is over new seeds alone."
        )


def _limits(analysis: Analysis, tests: int) -> Iterator[str]:
    seeds = analysis.seeds
    if seeds == 1:
        yield "With one seed there is neither an interval nor a test."
        return
    if not analysis.plan.paired:
        yield "Welch's test agrees with the interval and assumes normally distributed values."
        return
    yield (
        "The t test agrees with the interval and assumes normally distributed differences; the "
        "sign-flip test assumes only that differences of equal arms are symmetric."
    )
    # With n pairs a sign-flip test has 2^n outcomes, so its p has a lower limit.
    least = min(1.0, tests * stats.smallest_p(seeds))
    if least > stats.ALPHA:
        corrected = "corrected " if tests > 1 else ""
        yield f"With {seeds} seeds the {corrected}p of a sign-flip test is at least {least:.3g}."


# ---- sequential seeds ----

SEQUENTIAL_HEADS = (DIFFERENCE, "seeds", "p", "p (Holm)", "decision")


def sequential_table(analysis: Analysis) -> Table:
    """The declared comparisons, which got seeds until each was decided."""
    plan, tests = analysis.plan, analysis.tests
    labels, rows = _labels(plan), list[Row]()
    for row in analysis.contrasts:
        state = analysis.decisions[stats.Contrast(row.arm, row.other, row.metric)]
        cells = (
            _difference(analysis, row),
            Cell(str(state.seeds), value=state.seeds),
            *(Cell(format.p_value(p), value=p) for p in (state.p, state.holm)),
            Cell(_decision(analysis, row.metric, state)),
        )
        rows.append(Row(_pair(analysis, row, labels), False, cells))
    return Table(
        name=plain(f"{plan.study.title}-contrasts"),
        caption=plain(
            "Comparisons that the study declares, paired by seed, with seeds added until each is "
            f"decided; {sequential.interval(analysis)}; two-sided sequential p"
            f"{_correction(tests, analysis.declared)}."
        ),
        heads=SEQUENTIAL_HEADS,
        blocks=(TableBlock("", tuple(rows)),),
        notes=(
            "Tests and intervals assume normally distributed differences. A naive interval of the "
            "same seeds would be too narrow, because its results decided how many there are.",
        ),
    )


def _decision(analysis: Analysis, name: str, state: stats.Decision) -> str:
    if math.isnan(state.p):
        return "none: a trial diverged or failed"
    margin = analysis.plan.study.margins.get(name, 0.0)
    unit = analysis.catalogue[name].difference_unit
    bound = f" {margin:g} {unit}".rstrip()
    words = {"equal": f"equal within{bound}", "beyond": f"differs by more than{bound}"}
    return words.get(state.state, state.state)


# ---- factorial ----


UNSHOWN = ("Interactions of three or more factors are not shown.",)


def factor_table(analysis: Analysis) -> Table | None:
    """Main effects and interactions, or None unless the arms combine the levels of all factors.

    Aliased effects have one row, which is labelled as the sum that it estimates.
    """
    plan, study = analysis.plan, analysis.plan.study
    names = analysis.of_kind("quality")
    by_term = {(row.metric, row.term): row for row in analysis.factorial}
    aliases = {term: row.aliases for (_, term), row in by_term.items()}
    terms, aliased = list(aliases), any(aliases.values())
    if not names or not terms:
        return None

    def rows(size: int) -> tuple[Row, ...]:
        sized_terms = [term for term in terms if len(term) == size]
        return tuple(
            Row(
                plain(sum_name(study, [(term, 1.0), *aliases[term]])),
                False,
                tuple(_effect_cells(analysis, by_term, term)),
                plain(sum_name(study, [(term, 1.0), *aliases[term]], path=True)),
            )
            for term in sized_terms
        )

    how = pairing.clause(plan)
    return Table(
        name=plain(f"{study.title}-factors"),
        caption=plain(
            "Effect of each level against the first level of its factor, averaged over the levels "
            "of all other factors; ×: change of that effect with a level of another factor. "
            f"{how[0].upper()}{how[1:]}{_repeated(analysis)}.{SUMS * aliased}"
        ),
        heads=tuple(
            format.effect_head(plan.catalogue[name], interval=analysis.seeds > 1) for name in names
        ),
        blocks=tuple(
            TableBlock(head, rows(size))
            for size, head in ((1, "main effects"), (2, "interactions"))
            if size == 1 or rows(size)
        ),
        notes=UNSHOWN if len(study.factors) > 2 else (),
        keys=tuple(f"{name}-delta" for name in names),
    )


def _repeated(analysis: Analysis) -> str:
    """A phrase on intervals that are not those of a fixed number of seeds."""
    return f", with its {sequential.interval(analysis)}" if analysis.plan.study.sequential else ""


SUMS = " A sum is aliased effects, which these arms cannot separate."


def _effect_cells(analysis: Analysis, by_term: Effects, term: Term) -> Iterator[Cell]:
    pairs = pairing.pairs(analysis.plan, analysis.seeds)
    for name in analysis.of_kind("quality"):
        yield effect_cell(by_term.get((name, term)), analysis.catalogue[name], pairs)

"""Reports of fractional and pairwise studies: no aliased effect is printed as one factor's."""

from dataclasses import replace

import pytest

from study.analysis.analysis import Analysis
from study.plan.design_notes import design_notes
from study.report.contents import Report
from study.report.figures.factors import factors as draw
from study.report.figures.interactions import interactions
from study.report.formats.latex import latex
from study.report.tables.contrasts import factor_table
from study.report.tables.wide import wide_table as study_table
from study.spec.arm_names import effect_name
from study.spec.designs import arms_of
from study.spec.study import Factor, Level, Study

THREE = {"model.a": ["A0", "A"], "model.b": ["B0", "B"], "model.c": ["C0", "C"]}
SIX = {f"model.{name.lower()}": [f"{name}0", name] for name in "ABCDEF"}
VALUES = {
    "baseline": [0.80, 0.81, 0.82],
    "B + C": [0.84, 0.86, 0.88],
    "A + C": [0.82, 0.83, 0.81],
    "A + B": [0.90, 0.92, 0.91],
}


def third(resolution):
    return {"designs": {"fractional": {"resolution": resolution}}}


def labels(block):
    return [row.label for row in block.rows]


@pytest.fixture
def analysed(lab):
    def analysis(*arguments, **fields):
        plan, store = lab(*arguments, **fields)
        return Analysis(replace(plan, notes=tuple(design_notes(plan.study))), store)

    return analysis


def measured(analysed, factors, fields):
    arms = analysed(factors, **fields).plan.arms
    return analysed(factors, top1={arm.label: [0.8, 0.9, 0.85] for arm in arms}, **fields)


def test_a_main_effect_of_resolution_three_is_printed_with_its_aliases(analysed):
    table = factor_table(analysed(THREE, top1=VALUES, **third(3)))
    assert [block.head for block in table.blocks] == ["main effects"]
    assert labels(table.blocks[0]) == ["A − ½ B × C", "B − ½ A × C", "C − ½ A × B"]
    # ((A + B) + (A + C) - baseline - (B + C)) / 2, by hand
    assert table.blocks[0].rows[0].cells[0].text.startswith("+3.00 [")
    assert "A sum is aliased effects, which these arms cannot separate." in table.caption
    assert r"A $-$ $\frac{1}{2}$ B $\times$ C" in latex(table)


def test_interactions_of_resolution_four_are_printed_as_sums(analysed):
    table = factor_table(measured(analysed, SIX, third(4)))
    assert labels(table.blocks[0]) == list("ABCDEF")
    assert labels(table.blocks[1]) == [
        "A × B + C × E + D × F",
        "A × C + B × E",
        "A × D + B × F",
        "A × E + B × C",
        "A × F + B × D",
        "C × D + E × F",
        "C × F + D × E",
    ]


def test_the_notes_list_what_is_aliased_and_claim_no_row_for_one_factor(analysed):
    table = study_table(analysed(THREE, top1=VALUES, **third(3)))
    notes = " ".join(table.notes)
    assert "fractional: 4 of 8 combinations, resolution III" in notes
    assert "only these sums are estimated: A − ½ B × C; B − ½ A × C; C − ½ A × B" in notes
    assert "a row that differs in several factors shows the effect of none of them alone" in notes
    assert labels(table.blocks[0]) == ["A0, B0, C0", "A0, B, C", "A, B0, C", "A, B, C0"]


def test_arms_beside_the_fraction_do_not_enter_its_effects(analysed):
    beside = {"A": [0.1, 0.2, 0.3], "B": [0.9, 0.9, 0.8], "C": [0.5, 0.6, 0.7]}
    both = {"designs": {"one_at_a_time": {}, **third(3)["designs"]}}
    alone = factor_table(analysed(THREE, top1=VALUES, **third(3)))
    together = factor_table(analysed(THREE, top1=VALUES | beside, **both))
    assert together.blocks == alone.blocks


def test_all_combinations_have_no_aliases(analysed):
    analysis = measured(analysed, THREE, third(4))
    assert analysis.plan.notes == ()
    assert labels(factor_table(analysis).blocks[1]) == ["A × B", "A × C", "B × C"]


@pytest.mark.parametrize(
    ("factors", "fields", "pairs"),
    [(THREE, third(3), 0), (SIX, third(4), 0), (SIX, third(5), 15), (THREE, third(4), 3)],
)
def test_pairs_with_an_aliased_effect_have_no_figure(analysed, factors, fields, pairs):
    report = Report(measured(analysed, factors, fields), {}, "")
    drawn = [pair for figure in interactions(report) for pair in figure.data["pair"].unique()]
    assert len(drawn) == len(set(drawn)) == pairs


def test_a_pairwise_study_has_no_effects_of_factors(analysed):
    factors = {path: [*levels, f"{levels[1]}2"] for path, levels in SIX.items()}
    analysis = measured(analysed, factors, {"designs": ("pairwise",)})
    assert factor_table(analysis) is None
    (note,) = analysis.plan.notes
    assert note.startswith(f"pairwise: {len(analysis.plan.arms)} of 729 combinations")
    assert note.endswith("neither main effects nor interactions are estimated")


def test_labels_of_several_factors_are_told_apart_by_their_titles():
    levels = (Level("True", True), Level("False", False))
    study = Study.__new__(Study)
    object.__setattr__(study, "factors", (Factor("model.a", levels), Factor("model.b", levels)))
    assert effect_name(study, [(0, 1), (1, 1)]) == "False (A) × False (B)"
    # Macros keep their names when a title changes.
    assert effect_name(study, [(0, 1)], path=True) == "False (model.a)"


def test_a_study_recomputes_the_arms_of_a_design(lab):
    plan, _ = lab(SIX, **third(4))
    assert arms_of(plan.study, "fractional") == [arm.arm.choices for arm in plan.arms]


@pytest.mark.parametrize(
    ("factors", "fields", "count"), [(THREE, third(3), 1), (SIX, third(4), 1), (SIX, third(5), 0)]
)
def test_aliased_effects_have_a_figure_with_the_names_of_the_table(
    analysed, factors, fields, count
):
    analysis = measured(analysed, factors, fields)
    figures = list(draw(Report(analysis, {}, "")))
    assert len(figures) == count
    table = factor_table(analysis)
    rows = [row.label for block in table.blocks for row in block.rows]
    for figure in figures:
        assert [*figure.data["effect"]] == rows
        assert figure.alt.startswith("Effects of factors; a sum is aliased effects")

"""Arms of crossed factors have one name in print, which a study file takes as well."""

import pytest

from study.analysis.analysis import Analysis
from study.api.request import StudyRequest
from study.errors import SpecError
from study.report.report import claim_table, contrast_table
from study.report.text.notes import gaps

TEXT = """\
task: results
question: Does it help on both?
measured: runs.csv
baseline: {setting: {method: base, data: c10}}
factors:
  setting.method: {base: base, ours: ours}
  setting.data: {c10: c10, c100: c100}
design: factorial
metrics: {acc: {better: higher, digits: 1}}
"""
VALUES = {("base", "c10"): 90, ("ours", "c10"): 92, ("base", "c100"): 70, ("ours", "c100"): 71}


@pytest.fixture
def analysed(tmp_path):
    rows = [f"{m},{d},{s},{v + 0.3 * s * s}" for (m, d), v in VALUES.items() for s in range(3)]
    # The last one is missing.
    (tmp_path / "runs.csv").write_text("\n".join(["method,data,seed,acc", *rows[:-1]]))

    def analyse(more):
        (tmp_path / "study.yaml").write_text(TEXT + more)
        request = StudyRequest(tmp_path / "study.yaml", None, (), tmp_path / "results")
        return Analysis(*request.plan())

    return analyse


def test_contrasts_claims_and_published_rows_take_the_names_of_the_table(analysed):
    analysis = analysed(
        'contrasts: [["ours, c100", "base, c100"]]\n'
        'claims: ["ours, c100 is better than base, c100 on acc"]\n'
        'published: {"ours, c100": {acc: 71.5}}\n'
    )
    arms = {arm.label: arm for arm in analysis.plan.arms}
    assert analysis.published("ours, c100", arms["ours + c100"], "acc").value == 71.5
    # A contrast and a claim of the same two arms are one test.
    assert analysis.declared == analysed('contrasts: [["ours + c100", "c100"]]\n').declared


def test_notes_and_contrasts_print_the_names_of_the_table(analysed):
    analysis = analysed('contrasts: [["ours + c100", "c100"]]\n')
    assert "1 number is not in runs.csv: acc of ours, c100, seed 2." in [
        text.replace("Acc", "acc") for text in gaps(analysis)
    ]
    (row,) = contrast_table(analysis).rows
    assert row.label.startswith("(ours, c100) − (base, c100)")


def test_a_claim_about_one_level_says_which_arms_it_is_about(analysed):
    analysis = analysed('claims: ["ours is better than base, c10 on acc"]\n')
    (note,) = (n for n in claim_table(analysis.plan, analysis.claims).notes if "averaged" in n)
    assert note.endswith('other factors: "ours" is ours, c10.')


def test_a_misspelt_name_in_print_is_told_the_right_one(analysed):
    with pytest.raises(SpecError, match='did you mean "ours, c100"'):
        analysed('contrasts: [["ours, c1000", "c100"]]\n')

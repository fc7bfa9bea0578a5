"""Arms without an interval against the best are unknown, and nobody leads while they are."""

import pytest

from study.analysis.analysis import Analysis
from study.report.tables.main import table

BASE = [0.90, 0.92, 0.91]
WORSE = [0.70, 0.73, 0.70]


@pytest.fixture
def compared(lab):
    def analysis(**arms):
        top1 = {"baseline": BASE} | {k.replace("_", " "): v for k, v in arms.items()}
        return Analysis(*lab(columns=("params", "top1"), top1=top1))

    return analysis


def labels(analysis, pairs):
    names = {arm.digest: arm.label for arm in analysis.plan.arms}
    return {names[arm] for arm, metric in pairs if metric == "top1"}


def test_the_best_of_arms_that_are_told_apart_leads(compared):
    analysis = compared(Average_Pooling=WORSE)
    assert not analysis.untested
    assert analysis.leaders["top1"] == analysis.plan.baseline.digest


@pytest.mark.parametrize("other", [[0.7], [0.75, 0.77, 0.76]], ids=["one seed", "constant"])
def test_nobody_leads_while_an_arm_is_unknown(compared, other):
    analysis = compared(Average_Pooling=WORSE, Max_Pooling=other)
    assert labels(analysis, analysis.untested) == {"Max Pooling"}
    assert not analysis.tied
    assert "top1" not in analysis.leaders


def test_a_seed_that_diverged_is_a_statement_of_its_own(compared):
    analysis = compared(Average_Pooling=WORSE, Max_Pooling=[0.7, float("nan"), 0.8])
    assert labels(analysis, analysis.untested) == {"Max Pooling"}
    (lost,) = analysis.divergences.values()
    assert labels(analysis, {(lost.arm, "top1")}) == {"Max Pooling"}
    assert (lost.diverged, lost.ended, lost.base_diverged, lost.base_ended) == (1, 3, 0, 3)
    assert lost.p == 1.0
    notes = " ".join(table(analysis).notes)
    assert "the baseline, of which 0 of 3 diverged: Max Pooling p = 1.000." in notes
    # A number that is not there cannot be better.
    assert analysis.leaders["top1"] == analysis.plan.baseline.digest

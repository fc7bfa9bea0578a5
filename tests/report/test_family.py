"""Claims and contrasts are one family: each decides as Holm's method does over all of them."""

import numpy as np
import pytest
from scipy.stats import ttest_rel

from study import stats
from study.analysis.analysis import Analysis
from study.report import report

BASE, SECOND, THIRD = "Depth-wise Conv2d", "Average Pooling", "Max Pooling"
LEVEL = f"{THIRD} has at least 1 top1"  # always true, and a test of its own


@pytest.fixture
def study(lab):
    def analysis(values, **fields):
        top1 = dict(zip(("baseline", SECOND, THIRD), map(list, values), strict=True))
        fields = {"columns": ("params", "top1")} | fields
        return Analysis(*lab(seeds=len(values[0]), top1=top1, **fields))

    return analysis


def test_claims_and_contrasts_decide_where_holm_rejects_over_both(study):
    draws, seen = np.random.default_rng(1), set()
    claim = f"{SECOND} is better than {BASE} on top1"
    for _ in range(60):
        values = 0.7 + draws.normal(0, 0.004, (3, 5)) + np.array([[0], [0.006], [0.009]])
        analysed = study(values, claims=(claim,), contrasts=((THIRD, BASE), (THIRD, SECOND)))
        pairs = ((1, 0), (2, 0), (2, 1))
        raw = np.array([ttest_rel(values[a], values[b]).pvalue for a, b in pairs])
        together = stats.holm(raw)
        assert (analysed.claims[0].state != "undecided") == (together[0] <= 0.05)
        assert analysed.claims[0].tests == analysed.tests == 3
        by_p = {round(row.t_p, 12): row.t_holm for row in analysed.contrasts}
        assert by_p == pytest.approx(dict(zip(np.round(raw, 12).tolist(), together, strict=True)))
        seen.add(tuple(together <= 0.05))
    assert len(seen) > 3


def test_a_decided_claim_that_is_no_contrast_leaves_the_family_of_the_contrasts(study):
    values = 0.7 + np.random.default_rng(0).normal(0, 0.004, (3, 5))
    pairs = ((THIRD, BASE),)
    with_claim = study(values, claims=(LEVEL,), contrasts=pairs)
    alone = study(values, contrasts=pairs)
    assert with_claim.claims[0].state == "supported"
    assert (with_claim.tests, alone.tests) == (2, 1)
    assert with_claim.contrasts[0].t_holm == alone.contrasts[0].t_holm
    table = report.claim_table(with_claim.plan, with_claim.claims)
    assert "corrected by Holm's method for 2 tests" in table.caption


def test_an_undecided_claim_stays_in_the_family_of_the_contrasts(study):
    values = 0.7 + np.random.default_rng(0).normal(0, 0.004, (3, 5))
    level = f"{THIRD} has at least 70 top1"
    analysed = study(values, claims=(level,), contrasts=((THIRD, BASE),))
    assert analysed.claims[0].state == "undecided"
    row = analysed.contrasts[0]
    assert row.t_holm == pytest.approx(min(1, 2 * row.t_p))

"""The claims of a study together: their family of tests."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats as reference

from study.analysis import claims
from study.analysis.claims import parse
from study.analysis.quantities import SpeedRatios
from study.stats import holm
from study.store.timing_records import RatioRecord
from tests.analysis.claim_frames import exact, frame, judgement
from tests.catalogue import METRICS


def family(texts, measured, **more):
    labels = {arm: arm for arm in dict.fromkeys(measured["arm"])}
    parsed = [parse(text, labels, METRICS) for text in texts]
    return claims.family(parsed, measured, labels, catalogue=METRICS, **more)


def test_the_only_claim_of_a_study_is_judged_at_95_per_cent():
    measured = frame("top1", A=[0.71, 0.72, 0.73], B=[0.60, 0.62, 0.61])
    (outcome,) = family(["A is better than B on top1"], measured)
    assert (outcome.state, outcome.tests) == ("supported", 1)
    assert "at 9" not in outcome.why


def test_claims_are_decided_where_holm_rejects():
    chance, words = np.random.default_rng(3), []
    for _ in range(20):
        arms = {f"a{n}": list(chance.normal(0.7 + 0.004 * n, 0.004, 5)) for n in range(5)}
        texts = [f"a{n} is better than a0 on top1" for n in range(1, 5)]
        outcomes = family(texts, frame("top1", **arms))
        p = [reference.ttest_rel(arms[f"a{n}"], arms["a0"]).pvalue for n in range(1, 5)]
        corrected = holm(np.array(p))
        assert [outcome.state != "undecided" for outcome in outcomes] == list(corrected <= 0.05)
        words += [outcome.state for outcome in outcomes]
    assert {"supported", "undecided"} <= {*words}


def test_costs_are_exact_and_count_for_nothing():
    both = pd.concat(
        [frame("top1", A=[0.71, 0.72, 0.73], B=[0.6, 0.62, 0.61]), exact("macs", A=1e9, B=2e9)]
    )
    quality, cost = family(["A is better than B on top1", "A has less macs than B"], both)
    assert (quality.tests, cost.tests) == (1, 0)
    assert cost.state == "supported"


def test_ratios_of_timings_are_of_the_family_and_single_timings_are_not():
    measured = frame("throughput", A=(110, 105, 112), B=(100, 90, 120))
    texts = ["A is better than B on throughput", "A has at least 100 throughput"]
    assert [outcome.tests for outcome in family(texts, measured)] == [0, 0]
    ratio = RatioRecord(value=1.1, low=1.001, high=1.2)
    ratios = SpeedRatios("B", {("A", "throughput"): ratio})
    together, alone = family(texts, measured, ratios=ratios, others=[np.nan] * 9)
    assert (together.tests, alone.tests) == (10, 0)
    assert (together.state, alone.state) == ("undecided", "supported")
    assert "by the ratio at 99.5 %" in together.why


def test_a_claim_that_cannot_be_judged_yet_counts():
    measured = frame("top1", A=[0.71, 0.72, 0.73], B=[0.60, 0.62, 0.61], C=[0.5])
    outcomes = family(["A is better than B on top1", "C is better than B on top1"], measured)
    assert [outcome.tests for outcome in outcomes] == [2, 2]
    assert "at 97.5 %" in outcomes[0].why


EQUALLY = (
    "{} is better than a0 on top1",
    "{} is worse than {} on top1",
    "{} is within 0 of a0 on top1",
)


@pytest.mark.slow
@pytest.mark.parametrize("forms", [EQUALLY[:1], EQUALLY])
def test_of_20_claims_about_equal_arms_few_studies_decide_any(forms):
    chance, alone, together = np.random.default_rng(0), 0, 0
    arms = [f"a{n}" for n in range(21)]
    texts = [forms[n % len(forms)].format(arms[n], arms[n - 1]) for n in range(1, 21)]
    texts[-1] = "a20 ranks first on top1"
    for _ in range(25):
        measured = frame("top1", **{arm: list(chance.normal(0.7, 0.01, 5)) for arm in arms})
        together += any(outcome.state != "undecided" for outcome in family(texts, measured))
        labels = dict(zip(arms, arms, strict=True))
        alone += any(judgement(text, measured, labels).state != "undecided" for text in texts)
    print(f"{alone} alone, {together} together, of 25")
    assert alone >= 6
    assert together <= 3

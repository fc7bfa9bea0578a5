"""Verdicts and claims about the same two arms never disagree."""

import numpy as np
import pandas as pd
import pytest

from study.analysis import claims
from study.analysis.quantities import NO_RATIOS, SpeedRatios
from study.analysis.verdicts import verdicts
from study.store import timing_records
from tests.analysis.sides import FAST, SLOW, seeded, two_arms
from tests.catalogue import METRICS

STATES = {"reproduced": "supported", "contradicted": "contradicted", "underpowered": "undecided"}


# ---- verdicts and claims agree ----


def judged(table, frame, **how):
    return verdicts(table, frame, catalogue=METRICS, **how)


def evaluated(claim, frame, arms, **how):
    return claims.family([claim], frame, arms, catalogue=METRICS, **how)[0]


def printed(metric, **values):
    """In units of the table, to two digits."""
    row = {"metric": metric, "digits": 2, "status": "verified", "unlike": ""}
    return pd.DataFrame([{"row": arm, "arm": arm, "value": v, **row} for arm, v in values.items()])


@pytest.mark.heavy
@pytest.mark.parametrize("metric", METRICS)
def test_a_verdict_and_a_claim_about_two_arms_never_disagree(metric):
    chance = np.random.default_rng(0)
    words = ("better", "worse") if METRICS[metric].better == "higher" else ("worse", "better")
    claim = claims.parse(f"A is {words[0]} than B on {metric}", "AB", METRICS)
    seen = set()
    for _ in range(30):
        frame = two_arms(metric, chance)
        rows = judged(printed(metric, A=2.0, B=1.0), frame, baseline="B", margins={})
        state = evaluated(claim, frame, {"A": "A", "B": "B"}).state
        assert {STATES[word] for word in rows["ranking"]} == {state}
        seen.add(state)
    assert len(seen) == (2 if METRICS[metric].exact else 3)


def test_verdicts_and_claims_go_by_the_ratio():
    frame = pd.concat([FAST.assign(arm="A"), SLOW.assign(arm="B")]).assign(metric="throughput")
    table, margins = printed("throughput", A=1.1, B=1.0), {"throughput": 3}
    claim = claims.parse("A is better than B on throughput", "AB", METRICS)

    def states(ratios=NO_RATIOS):
        row = judged(table, frame, baseline="B", margins=margins, ratios=ratios).iloc[0]
        outcome = evaluated(claim, frame, {"A": "A", "B": "B"}, ratios=ratios)
        return row["difference"], row["ranking"], outcome.state

    assert states() == ("underpowered", "underpowered", "undecided")
    bounds = {"value": 1.1, "low": 1.09, "high": 1.12}
    timed = timing_records.RatioRecord(**bounds)
    ratios = SpeedRatios("B", {("A", "throughput"): timed})
    assert states(ratios) == ("reproduced", "reproduced", "supported")


def test_a_difference_within_a_margin_is_the_same_to_both():
    chance = np.random.default_rng(0)
    claim = claims.parse("A is within 0.75 of B on top1", "AB", METRICS)
    seen = []
    for _ in range(60):
        frame = two_arms("top1", chance)
        table = printed("top1", A=1.0, B=1.0)
        rows = judged(table, frame, baseline="B", margins={"top1": 0.75})
        word, why = rows.iloc[0][["difference", "difference_why"]]
        outcome = evaluated(claim, frame, {"A": "A", "B": "B"})
        assert outcome.state == STATES[word]
        assert why.partition("; ")[2] in outcome.why
        seen.append(word)
    assert set(seen) == set(STATES)


# ---- how often equal arms are told apart ----


def rows_of_equal_arms(chance, arms=12, seeds=3):
    for arm in range(arms):
        part = seeded(chance.normal(0.7, 0.01, seeds))
        yield part.assign(arm=f"arm {arm}", metric="top1")


@pytest.mark.heavy
def test_in_a_table_of_equal_arms_few_rankings_are_contradicted():
    chance = np.random.default_rng(0)
    arms = [f"arm {n}" for n in range(12)]
    table = printed("top1", **{arm: 70.0 + n for n, arm in enumerate(arms)})
    digests = dict(zip(arms, arms, strict=True))
    words, states = [], []
    for _ in range(60):
        frame = pd.concat(list(rows_of_equal_arms(chance)))
        words += list(judged(table, frame, baseline=arms[0], margins={})["ranking"])
        claim = claims.parse(f"{chance.choice(arms)} ranks first on top1", arms, METRICS)
        states.append(evaluated(claim, frame, digests).state)
    assert 0 < words.count("contradicted") <= 0.05 * len(words)
    assert words.count("reproduced") == 0
    assert states.count("contradicted") <= 0.1 * len(states)

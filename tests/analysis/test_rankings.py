"""Verdicts on the order of printed numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from study.stats import interval
from tests.analysis.verdict_frames import SPREAD, count, judged, last, printed, seeds


def ranked(*means, sd=0.1, **columns):
    """The ranking of the last of arms printed as 70, 71, 72 ..."""
    rows = [printed(f"a{n}", 70.0 + n) for n in range(len(means))]
    rows[0] |= columns
    noise = np.random.default_rng(0).normal(size=(len(means), 4))
    parts = (seeds(f"a{n}", mean + sd * noise[n]) for n, mean in enumerate(means))
    return last(rows, *parts)


def test_a_ranking_holds_when_every_pair_does():
    assert tuple(ranked(50, 51, 52)[["ranking", "ranking_why"]]) == (
        "reproduced",
        "pairs in the published order: 2 of 2",
    )


def test_one_reversed_pair_contradicts_a_ranking_and_is_named():
    verdict = ranked(50, 53, 52)
    assert verdict["ranking"] == "contradicted"
    assert "72.00, A1 71.00" in verdict["ranking_why"]


def test_a_reversal_counts_when_it_holds_of_all_pairs_together():
    """Of an interval at 95 % that just misses zero."""
    reach = interval(SPREAD)[1]
    peer, own = seeds("p", [60.0] * 3), seeds("a", 60 - 1.1 * reach + SPREAD)
    rows = [printed("p", 71.0), printed("a", 72.0)]
    assert last(rows, peer, own)["ranking"] == "contradicted"
    others = [(printed(f"o{n}", 60.0), seeds(f"o{n}", 20 + SPREAD**2)) for n in range(5)]
    many = last([*(row for row, _ in others), *rows], peer, own, *(part for _, part in others))
    assert tuple(many[["ranking", "ranking_why"]]) == (
        "underpowered",
        "1 of 6 pairs are undecided",
    )


def test_of_8_equal_rows_few_tables_reverse_any_order():
    chance, reversed_ = np.random.default_rng(0), 0
    rows = [printed(f"a{n}", 70.0 + n) for n in range(8)]
    for _ in range(60):
        values = chance.normal(60, 1, size=(8, 3))
        verdict_rows = judged(rows, *(seeds(f"a{n}", own) for n, own in enumerate(values)))
        reversed_ += "contradicted" in set(verdict_rows["ranking"])
    print(f"{reversed_} of 60")
    assert reversed_ <= 5


def test_a_printed_spread_widens_the_margin_and_stands_for_one():
    measured = seeds("a", 70 + 0.1 * SPREAD)  # ± 0.25
    for columns, margins, word in (
        ({}, {"top1": 0.5}, "underpowered"),
        ({"spread": 0.2}, {"top1": 0.5}, "reproduced"),
        ({"spread": 0.7}, {}, "reproduced"),
        ({"spread": 0.1}, {}, "contradicted"),
        ({}, {}, "not comparable"),
    ):
        row = last([printed("a", 70.4, 1, **columns)], measured, **margins)
        assert row["level"] == word, (columns, margins, row["level_why"])
    assert (
        "± 0.1, of which 0.1 is the published spread"
        in last([printed("a", 70.4, 1, spread=0.1)], measured)["level_why"]
    )


def test_a_difference_may_be_off_by_both_spreads_and_spreads_that_overlap_have_no_order():
    parts = seeds("base", 70 + SPREAD), seeds("a", 71 + SPREAD * 1.1)
    rows = [printed("base", 70.0, spread=0.5), printed("a", 70.9, spread=0.5)]
    verdict = last(rows, *parts)
    assert (verdict["difference"], verdict["ranking"]) == ("reproduced", "")
    assert "± 1, of which 1 is the published spread" in verdict["difference_why"]
    rows[0]["spread"] = 0.1
    assert last(rows, *parts)["ranking"] != ""


def test_what_was_refused_is_not_measured():
    assert judged([printed("a", 1.0, metric="macs")], count("a", np.nan, "macs")).empty


def test_undecided_pairs_are_counted():
    verdict = ranked(50, 52, 52.001)
    assert verdict["ranking"] == "underpowered"
    assert verdict["ranking_why"] == "1 of 2 pairs are undecided"


@pytest.mark.parametrize("columns", [{"status": "unverified"}, {"unlike": "other data"}])
def test_unverified_and_unlike_rows_are_no_partners(columns):
    assert ranked(59, 52)["ranking"] == "contradicted"
    assert ranked(59, 52, **columns)["ranking"] == ""


@pytest.mark.parametrize(
    ("value", "digits", "word"),
    [(72.0, 2, ""), (72.01, 2, "contradicted"), (72.04, 2, "contradicted"), (72.0, 1, "")],
)
def test_what_was_printed_alike_is_in_no_order(value, digits, word):
    rows = [printed("b", 72.0, digits), printed("a", value)]
    assert last(rows, seeds("b", 60 + SPREAD), seeds("a", 50 + SPREAD**2))["ranking"] == word
    near = [printed("b", 72.0, 1), printed("a", 72.04)]
    assert last(near, seeds("b", 60 + SPREAD), seeds("a", 50 + SPREAD**2))["ranking"] == ""


@given(value=st.integers(1, 10**4))
def test_one_unit_of_the_last_digit_is_an_order(value):
    rows = [printed("b", value / 100), printed("a", (value + 1) / 100)]
    assert last(rows, seeds("b", [50]), seeds("a", [60]))["ranking"] == "underpowered"


def test_an_arm_printed_twice_is_not_ranked_against_itself():
    rows = [printed("a", 72.0), printed("a", 73.0, row="again")]
    assert set(judged(rows, seeds("a", 72 + SPREAD))["ranking"]) == {""}

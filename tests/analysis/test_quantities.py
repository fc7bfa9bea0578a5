"""Quantities of two sides, and how often two equal ones are told apart."""

import math

import numpy as np
import pytest
from scipy import stats as reference

from study import stats
from study.analysis.quantities import (
    CHANGE,
    DIFFERENCE,
    LEVEL,
    RATIO,
    MeasuredRange,
    Span,
    SpeedRatio,
    SpeedRatios,
)
from study.analysis.ranges import measured_range
from study.metrics.ratios import ratio
from study.store import timing_records
from tests.analysis.sides import FAST, between, compared, seeded, side, single, timed

# ---- differences, ratios and signs ----


@pytest.mark.parametrize("confidence", [0.95, stats.corrected(11)])
def test_a_difference_of_seeds_is_the_paired_t_interval_of_scipy(confidence):
    a, b = np.random.default_rng(0).normal(size=(2, 5))
    comparison = between(seeded(a), seeded(b).sample(frac=1, random_state=0), confidence=confidence)
    ends = reference.ttest_rel(a, b).confidence_interval(confidence)
    assert (comparison.low, comparison.high) == pytest.approx((ends.low, ends.high))
    assert comparison.value == pytest.approx((a - b).mean())
    assert comparison.note == ("5 pairs" if confidence == 0.95 else "5 pairs at 99.55 %")


@pytest.mark.parametrize(
    ("quantity", "low", "value", "high"),
    [
        (DIFFERENCE, 2, 4, 7),
        (RATIO, 8 / 6, 9 / 5, 11 / 4),
        (CHANGE, 8 / 6 - 1, 9 / 5 - 1, 11 / 4 - 1),
    ],
)
def test_two_timings_are_apart_by_anything_that_their_rounds_allow(quantity, low, value, high):
    comparison = between(single(9, 8, 11), single(5, 4, 6), "throughput", quantity)
    assert (comparison.low, comparison.value, comparison.high) == pytest.approx((low, value, high))
    assert comparison.note == "over all rounds"


@pytest.mark.parametrize(
    ("quantity", "low", "value", "high"),
    [(RATIO, 1.09, 1.1, 1.12), (CHANGE, 0.09, 0.1, 0.12), (DIFFERENCE, 9, 10, 12)],
)
def test_two_timings_are_apart_by_their_ratio_where_there_is_one(quantity, low, value, high):
    comparison = compared(quantity, SpeedRatio(1.1, 1.09, 1.12), SpeedRatio())
    assert (comparison.low, comparison.value, comparison.high) == pytest.approx((low, value, high))
    assert comparison.note == "by the ratio"


def test_without_a_ratio_of_both_the_rounds_count():
    assert compared(RATIO, SpeedRatio(1.1, 1.09, 1.12), None).note == "over all rounds"
    assert compared(DIFFERENCE, None, SpeedRatio()).sign is None
    level = measured_range(LEVEL, side("A", "throughput", FAST, SpeedRatio()))
    assert level.note == "over all rounds"


def test_one_round_with_a_ratio_of_many_decides():
    first = side("A", "throughput", single(9, 9, 9), SpeedRatio(1.1, 1.09, 1.12))
    other = side("B", "throughput", single(8, 8, 8), SpeedRatio())
    assert measured_range(DIFFERENCE, first, other).sign == 1


def test_two_ratios_to_the_baseline_add_their_errors():
    e = math.exp
    comparison = compared(
        RATIO, SpeedRatio(1.2, 1.2 * e(-0.03), 1.2 * e(0.03)), SpeedRatio(1, e(-0.04), e(0.04))
    )
    assert (comparison.low, comparison.high) == pytest.approx((1.2 * e(-0.05), 1.2 * e(0.05)))


def test_a_ratio_is_wider_where_more_confidence_is_asked_for():
    ratio = SpeedRatio(1.1, 1.1 * math.exp(-0.0196), 1.1 * math.exp(0.0196))
    comparison = compared(RATIO, ratio, SpeedRatio(), confidence=0.99)
    assert math.log(comparison.high / 1.1) == pytest.approx(
        0.01 * reference.norm.ppf(0.995), rel=1e-3
    )
    assert comparison.note == "by the ratio at 99 %"


def test_the_baseline_has_a_ratio_of_one_where_others_have_one():
    assert SpeedRatios("B").of("throughput") == {}
    bounds = {"value": 1.1, "low": 1.09, "high": 1.12}
    timed = timing_records.RatioRecord(**bounds)
    ratios = SpeedRatios("B", {("A", "throughput"): timed, ("A", "energy"): timed})
    assert ratios.of("throughput") == {"A": SpeedRatio(**bounds), "B": SpeedRatio()}
    assert ratios.of("latency_p50") == {}


def test_what_was_taken_once_is_known_to_a_hundredth():
    comparison = measured_range(LEVEL, side("A", "memory", single(100.0)))
    assert (comparison.low, comparison.value, comparison.high) == pytest.approx((99, 100, 101))
    assert comparison.note == "each ± 1 %"


def test_one_round_decides_nothing():
    comparison = between(single(9, 9, 9), single(5, 4, 6), "throughput")
    assert comparison.note == "throughput of A was timed in one round, so it has no range"
    assert (comparison.sign, comparison.state(Span(0, 1))) == (None, "undecided")


@pytest.mark.parametrize(("a", "b", "sign"), [(2, 1, 1), (1, 2, -1), (2, 2, 0), (2, None, None)])
def test_counts_have_a_sign_unless_one_is_missing(a, b, sign):
    assert between(single(a), single(b).astype(float), "params").sign == sign


@pytest.mark.parametrize("quantity", [DIFFERENCE, RATIO])
def test_an_arm_with_a_diverged_seed_has_no_range_of_a_quality(quantity):
    fallen, fine = seeded([0.9, math.nan]), seeded([0.1, 0.2])
    for comparison in between(fallen, fine, "top1", quantity), between(fine, fallen, "loss"):
        assert math.isnan(comparison.low)
        assert comparison.sign is None
        assert comparison.note.startswith("1 of 2 seeds of ")


def test_a_multiple_of_zero_is_not_told():
    for quantity in (RATIO, CHANGE):
        assert "is 0" in between(single(1), single(0), "macs", quantity).note
    assert between(single(1), single(0), "macs").sign == 1


# ---- how often equal arms are told apart ----


@pytest.mark.heavy
def test_two_equal_arms_that_were_timed_are_seldom_told_apart():
    """Of 5 rounds each: 2 of 252 ways to order ten."""
    rounds = np.random.default_rng(0).lognormal(0, 0.1, size=(1000, 2, 5))
    signs = [between(timed(a), timed(b), "throughput").sign for a, b in rounds]
    assert 0 < sum(sign is not None for sign in signs) < 20


def test_two_equal_arms_are_seldom_told_apart_by_their_ratios():
    """Neither of them is the baseline, whose visits between the two they share."""
    draw, apart = np.random.default_rng(0), 0
    for _ in range(400):
        base, a, b, again, last = np.exp(draw.normal(0, 0.02, size=(5, 20)))
        drawn = [
            ratio(list(zip(*visits, strict=True)), range(20)).inverse
            for visits in ((base, a, again), (again, b, last))
        ]
        first, other = (SpeedRatio(each.value, each.low, each.high) for each in drawn)
        apart += compared(DIFFERENCE, first, other).sign is not None
    print(f"{apart} of 400")
    assert 4 <= apart <= 28


def test_no_number_of_seeds_decides_what_images_hide():
    error = stats.ImageError(0.05**2, 360)
    hidden = MeasuredRange("", 0.05, -0.06, 0.16, sd=0.02, n=3, image_error=error)
    assert hidden.seeds(Span(0, math.inf)) == ""
    assert hidden.seeds_text(Span(0, math.inf)) == "no number of seeds decides it on 360 images"
    plain = MeasuredRange("", 0.05, -0.06, 0.16, sd=0.04, n=3)
    assert plain.seeds_text(Span(0, math.inf)).endswith("set in advance")

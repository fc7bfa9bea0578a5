"""Verdicts on printed costs and speeds, and which printed numbers have any."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from study.analysis.verdicts import VERDICT_COLUMNS
from study.errors import SpecError
from tests.analysis.verdict_frames import SPREAD, count, judged, last, printed, seeds, timing, words

# ---- exact costs ----


@pytest.mark.parametrize(
    ("metric", "value", "digits", "measured", "word"),
    [
        ("params", 10.49, 2, 10_508_300, "contradicted"),
        ("params", 10.49, 2, 10_489_196, "reproduced"),
        ("macs_conv_linear", 1.4, 1, 1.459e9, "contradicted"),
        ("macs_conv_linear", 1.4, 1, 1.3931e9, "reproduced"),
    ],
)
def test_the_printed_costs_of_rest_lite(metric, value, digits, measured, word):
    row = printed("a", value, digits, metric)
    assert last([row], count("a", measured, metric))["level"] == word


@given(count_=st.integers(1, 10**11), digits=st.integers(0, 3))
def test_a_count_is_reproduced_by_what_it_rounds_to(count_, digits):
    row = printed("a", float(f"{count_ * 1e-6:.{digits}f}"), digits, "params")
    assert last([row], count("a", count_))["level"] == "reproduced"


@pytest.mark.parametrize(
    ("measured", "word"), [(1_350_001, "reproduced"), (1_349_000, "contradicted")]
)
def test_the_margin_of_a_count_is_half_a_unit_of_its_last_digit(measured, word):
    verdict = last([printed("a", 1.4, 1, "params")], count("a", measured))
    assert verdict["level"] == word
    assert verdict["level_why"].endswith("published 1.40 ± 0.05")


@given(thousandths=st.integers(101, 10**5))
def test_a_count_halfway_between_two_printed_numbers_reproduces_both(thousandths):
    halfway = 10 * thousandths + 5
    near = (printed("a", (halfway + off) / 1000, 2, "params") for off in (-5, 5))
    assert {last([row], count("a", 1000 * halfway))["level"] for row in near} == {"reproduced"}


def test_a_wider_stated_margin_holds_for_counts_and_a_narrower_one_does_not():
    rows, part = [printed("a", 10.49, 2, "params")], count("a", 10_508_300)
    assert last(rows, part, params=0.02)["level"] == "reproduced"
    assert last(rows, count("a", 10_494_000), params=0.001)["level"] == "reproduced"


@pytest.mark.parametrize(
    ("measured", "word"),
    [
        (12_490_000, "reproduced"),
        (12_499_999, "reproduced"),
        (12_480_001, "reproduced"),
        (12_600_000, "trend only"),
        (10_490_000, "contradicted"),
        (9_000_000, "contradicted"),
    ],
)
def test_a_difference_of_counts_may_be_off_by_both_halves(measured, word):
    rows = [printed("base", 10.49, 2, "params"), printed("a", 12.49, 2, "params")]
    assert last(rows, count("base", 10_490_000), count("a", measured))["difference"] == word


def test_a_count_that_is_off_is_contradicted_though_its_difference_holds():
    rows = [printed("base", 10.49, 2, "params"), printed("a", 12.49, 2, "params")]
    verdict = last(rows, count("base", 11_490_000), count("a", 13_490_000))
    assert words(verdict) == ("contradicted", "reproduced", "reproduced")


def test_a_count_has_no_interval():
    verdict = last([printed("a", 10.49, 2, "params")], count("a", 10_508_300))
    assert verdict["measured"] == pytest.approx(10.5083)
    assert verdict[["low", "high"]].isna().all()


def test_counts_are_ranked_by_their_sign():
    rows = [printed("base", 10.49, 2, "params"), printed("a", 12.49, 2, "params")]
    higher, same, lower = (last(rows, count("base", 9), count("a", n)) for n in (10, 9, 8))
    assert higher["ranking"] == "reproduced"
    assert same["ranking"] == lower["ranking"] == "contradicted"
    assert lower["ranking_why"].startswith("published 12.49, BASE 10.49; measured ")


# ---- speed ----


def speeds(value, low, high, **margins):
    """Printed 1.25 of the baseline, whose rounds are 98 to 102."""
    rows = [printed("base", 800, 0, "throughput"), printed("a", 1000, 0, "throughput")]
    return last(rows, timing("base", 98, 100, 102), timing("a", low, value, high), **margins)


@pytest.mark.parametrize(
    ("low", "value", "high", "difference", "ranking"),
    [
        (124, 125, 126, "reproduced", "reproduced"),
        (149, 150, 151, "trend only", "reproduced"),
        (110, 125, 140, "underpowered", "reproduced"),
        (95, 100, 105, "contradicted", "underpowered"),
        (79, 80, 81, "contradicted", "contradicted"),
    ],
)
def test_speeds_are_compared_as_ratios(low, value, high, difference, ranking):
    verdict = speeds(value, low, high, throughput=5.0)
    assert words(verdict) == ("not comparable", difference, ranking)


def test_the_sentences_about_speed():
    verdict = speeds(125, 110, 140, throughput=5.0)
    assert verdict["level_why"] == "a throughput is comparable only as a ratio between rows"
    assert verdict["difference_why"] == (
        "+25 [+8, +43] %, over all rounds, published +25 ± 6.25 %; the spread is too wide"
    )


def test_speed_without_a_margin_is_not_comparable_but_ranked():
    verdict = speeds(125, 124, 126)
    assert words(verdict) == ("not comparable", "not comparable", "reproduced")
    assert verdict["difference_why"] == "no margin is stated for throughput"


@pytest.mark.parametrize(
    ("peak", "difference", "ranking"),
    [(1e9, "reproduced", "reproduced"), (8.1e8, "contradicted", "underpowered")],
)
def test_what_was_taken_once_is_known_to_a_hundredth(peak, difference, ranking):
    rows = [printed("base", 800, 0, "memory"), printed("a", 1000, 0, "memory")]
    verdict = last(rows, count("base", 8e8, "memory"), count("a", peak, "memory"), memory=5.0)
    assert words(verdict) == ("not comparable", difference, ranking)
    assert "each ± 1 %" in verdict["difference_why"]


def test_one_round_is_no_spread():
    verdict = speeds(125, 125, 125, throughput=5.0)
    assert words(verdict) == ("not comparable", "underpowered", "underpowered")
    assert verdict["difference_why"].startswith("throughput of A was timed in one round")


def test_of_a_speed_of_zero_there_is_no_ratio():
    with pytest.raises(SpecError, match=r"throughput of A is not above 0"):
        judged([printed("a", 0, metric="throughput")], timing("a", 1, 2, 3))


# ---- which cells are judged ----


def test_only_what_is_sure_and_measured_has_a_row():
    rows = [printed("base", 70.0), printed("a", 72.0, status="unverified"), printed("c", 1.0)]
    verdict = judged(
        [*rows, printed("a", 1.0, metric="loss")], seeds("base", 70 + SPREAD), seeds("a", [1, 2])
    )
    assert list(verdict["row"]) == ["BASE"]
    assert tuple(verdict) == VERDICT_COLUMNS


def test_no_cells_make_no_verdicts():
    assert judged([]).empty


@pytest.mark.parametrize("columns", [{"status": "unverified"}, {"unlike": "other data"}])
def test_an_unsure_or_unlike_baseline_gives_no_difference(columns):
    rows = [printed("base", 70.0, **columns), printed("a", 72.0)]
    verdict = last(rows, seeds("base", 70 + SPREAD), seeds("a", 75 + SPREAD**2 / 9), top1=1.0)
    assert words(verdict) == ("contradicted", "", "")


def test_unlike_protocols_are_not_comparable_in_any_aspect():
    rows = [
        printed("base", 70.0, unlike="100 epochs, not 2"),
        printed("a", 72.0, unlike="other data"),
    ]
    verdict_rows = judged(rows, seeds("base", 70 + SPREAD), seeds("a", 72 + SPREAD), top1=1.0)
    assert words(verdict_rows.iloc[0]) == ("not comparable", "", "not comparable")
    assert words(verdict_rows.iloc[1]) == ("not comparable",) * 3
    assert verdict_rows.iloc[1]["ranking_why"] == "other data"


def test_of_a_baseline_printed_twice_the_more_precise_number_counts():
    rows = [printed("base", 70.0, 0, row="z"), printed("base", 70.4, 1), printed("a", 72.4)]
    verdict = last(rows, seeds("base", 70 + SPREAD), seeds("a", 72 + SPREAD**2), top1=1.0)
    assert "published +2.00 ± 1" in verdict["difference_why"]


def test_a_negative_number_has_a_real_minus():
    rows = [printed("base", 72.0), printed("a", 70.0)]
    verdict = last(rows, seeds("base", 72 + SPREAD), seeds("a", 69 + SPREAD**2), top1=1.0)
    assert "published −2.00 ± 1" in verdict["difference_why"]

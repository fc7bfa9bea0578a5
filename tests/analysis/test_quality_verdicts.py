"""Verdicts on printed quality: each word, its properties, and how often it errs."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from study.analysis.verdicts import ASPECTS, verdicts
from study.stats import effects, interval, of_fraction, sd_range, seeds_needed
from tests.analysis.verdict_frames import SPREAD, frame, judged, last, printed, seeds, words
from tests.catalogue import METRICS

# ---- quality ----


@pytest.mark.parametrize(
    ("mean", "sd", "word"),
    [
        (70.0, 0.1, "reproduced"),
        (69.6, 0.1, "reproduced"),
        (73.0, 0.1, "contradicted"),
        (70.9, 0.1, "underpowered"),
        (70.0, 9.0, "underpowered"),
    ],
)
def test_the_level_of_quality(mean, sd, word):
    verdict = last([printed("a", 70.0)], seeds("a", mean + sd * SPREAD), top1=1.0)
    assert words(verdict) == (word, "", "")


def level(values):
    """The interval of a fraction in per cent; the lower end is farther from the mean."""
    return tuple(100 * end for end in of_fraction(interval(values / 100)))


@pytest.mark.parametrize(("nudge", "word"), [(-1e-6, "reproduced"), (1e-6, "underpowered")])
def test_an_interval_that_ends_on_the_margin_is_the_last_one_inside(nudge, word):
    values = 70.0 + SPREAD
    reach = 70.0 - level(values)[0]
    assert last([printed("a", 70.0)], seeds("a", values), top1=reach - nudge)["level"] == word


def test_on_the_margin_is_within_it():
    rows = [printed("a", 70.0, metric="loss")]
    verdict = last(rows, seeds("a", 70.0 + SPREAD, "loss"), loss=interval(SPREAD)[1])
    assert verdict["level"] == "reproduced"


@pytest.mark.parametrize(
    ("effect", "sd", "level", "difference"),
    [
        (2.0, 0.1, "trend only", "reproduced"),
        (5.0, 0.1, "trend only", "trend only"),
        (-2.0, 0.1, "contradicted", "contradicted"),
        (0.2, 0.2, "contradicted", "contradicted"),
        (1.5, 0.9, "trend only", "underpowered"),
        (1.0, 2.0, "contradicted", "underpowered"),
    ],
)
def test_a_difference_is_paired_and_lends_its_sign_to_a_level_that_is_off(
    effect, sd, level, difference
):
    rows = [printed("base", 70.0), printed("a", 72.0)]
    noise = np.array([5.0, -3.0, 1.0])
    base, other = 50 + noise / 3, 50 + noise / 3 + effect + sd * SPREAD / 2
    verdict_rows = judged(rows, seeds("base", base), seeds("a", other), top1=1.0)
    assert words(verdict_rows.iloc[0])[1] == ""
    assert words(verdict_rows.iloc[1])[:2] == (level, difference)


def test_a_level_and_a_difference_are_those_of_the_statistics():
    base, other = np.random.default_rng(1).normal(70, 1, size=(2, 5))
    rows = [printed("base", 70.0), printed("a", 70.0)]
    measured = [seeds("base", base), seeds("a", other[:4])]
    verdict = last(rows, *measured, top1=1.0)
    paired = effects(frame(*measured), "base").iloc[0]
    assert tuple(verdict[["low", "high"]]) == pytest.approx(level(other[:4]))
    numbers = [f"{100 * paired[key]:+.2f}".replace("-", "−") for key in ("mean", "low", "high")]
    assert verdict["difference_why"].startswith("{} [{}, {}], ".format(*numbers))


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ([70.0], "1 seed: no interval"),
        ([70.0, 70.0, 70.0], "3 seeds: no interval"),
    ],
)
def test_without_a_spread_nothing_is_decided(values, why):
    verdict = last([printed("a", 70.0)], seeds("a", values), top1=1.0)
    assert tuple(verdict[["level", "level_why"]]) == ("underpowered", why)


def test_seeds_without_a_partner_decide_no_difference():
    rows = [printed("base", 70.0), printed("a", 72.0)]
    verdict = last(rows, seeds("base", [70.0]), seeds("a", [0, 72.0])[1:], top1=1.0)
    assert verdict["difference"] == verdict["ranking"] == "underpowered"
    assert verdict["difference_why"] == "no seed in common"


def test_without_a_margin_levels_and_differences_of_quality_are_not_comparable():
    rows = [printed("base", 70.0), printed("a", 72.0)]
    verdict = last(rows, seeds("base", 70 + SPREAD), seeds("a", 82 + SPREAD**2))
    assert words(verdict) == ("not comparable", "not comparable", "reproduced")
    assert verdict["level_why"] == verdict["difference_why"] == "no margin is stated for top1"


def test_a_seed_that_diverged_decides_no_verdict():
    rows = [printed("base", 70.0), printed("a", 72.0)]
    verdict = last(rows, seeds("base", 70 + SPREAD), seeds("a", [72.0, np.nan, 72.2]), top1=1.0)
    assert words(verdict) == ("diverged",) * 3
    assert np.isnan(verdict["measured"])
    assert verdict["level_why"] == "1 of 3 seeds of A diverged"
    assert verdict["difference_why"] == "1 of 3 seeds of A diverged (BASE: 0 of 3)"


def test_a_baseline_that_diverged_in_any_seed_lends_no_sign():
    rows = [printed("base", 70.0), printed("a", 72.0)]
    base = seeds("base", [*(50 + SPREAD), np.nan])
    assert last(rows, base, seeds("a", 60 + SPREAD**2), top1=1.0)["level"] == "contradicted"


@pytest.mark.parametrize("value", [72.0, 68.0])
def test_a_baseline_that_diverged_leaves_no_difference_and_no_order(value):
    rows = [printed("base", 70.0), printed("a", value)]
    verdict = last(rows, seeds("base", [70.0, np.nan, 71.0]), seeds("a", 50 + SPREAD), top1=1.0)
    assert words(verdict) == ("contradicted", "diverged", "underpowered")
    assert verdict["difference_why"] == "1 of 3 seeds of BASE diverged (A: 0 of 3)"
    assert verdict["ranking_why"] == "1 of 1 pairs are undecided"


def test_the_seeds_said_to_decide_are_those_of_the_statistics():
    values = 70.5 + 0.5 * SPREAD
    verdict = last([printed("a", 70.0)], seeds("a", values), top1=1.0)
    ends = (seeds_needed(70.5, sd, 69.0, 71.0) for sd in sd_range(0.5, 2))
    needed = "{} ({} to {})".format(seeds_needed(70.5, 0.5, 69.0, 71.0), *ends)
    assert verdict["level_seeds"] == needed
    assert verdict["level_why"].endswith(
        f"; {needed} seeds in total are needed (80 % power), set in advance"
    )


def test_of_seeds_that_nobody_trains_the_number_is_not_told():
    verdict = last([printed("a", 70.0)], seeds("a", 71.001 + SPREAD), top1=1.0)
    assert verdict["level_seeds"] == "more than 1000"


def standard(n):
    """n values of mean 0 and sample sd 1."""
    values = np.linspace(-1, 1, n)
    return values / values.std(ddof=1)


# ---- properties ----


MEANS = st.lists(st.floats(60, 80), min_size=3, max_size=3)
PROPERTY = settings(deadline=None, max_examples=40)


def study(means, *, sd, n=3, margin=1.0):
    rows = [printed("base", 70.0), printed("a", 71.0), printed("b", 68.5, 1)]
    shapes = (standard(n), np.roll(standard(n), 1), standard(n)[::-1])
    parts = [
        seeds(row["arm"], mean + sd * shape)
        for row, mean, shape in zip(rows, means, shapes, strict=True)
    ]
    return rows, parts, {"top1": margin}


@PROPERTY
@given(means=MEANS, sd=st.floats(0.01, 3), n=st.integers(2, 8), more=st.integers(1, 8))
def test_more_seeds_of_the_same_spread_undo_no_verdict_on_a_level(means, sd, n, more):
    (rows, few, margin), (_, many, _) = (study(means, sd=sd, n=k) for k in (n, n + more))
    before, after = (judged(rows, *parts, **margin)["level"] for parts in (few, many))
    assert set(after[before == "reproduced"]) <= {"reproduced"}
    assert "underpowered" not in set(after[before != "underpowered"])


@PROPERTY
@given(means=MEANS, sd=st.floats(0.01, 3), margin=st.floats(0, 3), wider=st.floats(0, 3))
def test_a_wider_margin_keeps_what_is_reproduced(means, sd, margin, wider):
    rows, parts, _ = study(means, sd=sd)
    narrow, wide = (judged(rows, *parts, top1=m) for m in (margin, margin + wider))
    for aspect in ("level", "difference"):
        assert set(wide[aspect][narrow[aspect] == "reproduced"]) <= {"reproduced"}


@PROPERTY
@given(means=MEANS, sd=st.floats(0.01, 3), chance=st.integers(0, 99))
def test_the_order_of_the_rows_changes_no_word(means, sd, chance):
    rows, parts, margin = study(means, sd=sd)
    published = pd.DataFrame(rows)
    shuffled = (table.sample(frac=1, random_state=chance) for table in (published, frame(*parts)))
    columns = ["row", *ASPECTS, "level_why", "difference_why"]
    before = judged(rows, *parts, **margin)[columns].set_index("row").sort_index()
    after = verdicts(*shuffled, catalogue=METRICS, baseline="base", margins=margin)[columns]
    pd.testing.assert_frame_equal(after.set_index("row").sort_index(), before)


# ---- how often a verdict errs ----


WORDS = ("reproduced", "trend only", "contradicted", "underpowered", "not comparable", "diverged")


def drawn(effect, *, n, margin=0.5, times=500):
    """Shares of the words on a printed difference of +1 where `effect` is true."""
    chance = np.random.default_rng(7)
    rows = [printed("base", 70.0), printed("a", 71.0)]
    drawn_verdicts = []
    for _ in range(times):
        base = chance.normal(70, 1, n)
        other = base + effect + chance.normal(0, 0.4, n)
        drawn_verdicts.append(last(rows, seeds("base", base), seeds("a", other), top1=margin))
    words = pd.DataFrame(drawn_verdicts)["difference"].value_counts(normalize=True)
    return words.reindex(WORDS, fill_value=0.0)


@pytest.mark.slow
@pytest.mark.parametrize("n", [2, 3, 6, 12])
def test_a_true_number_is_seldom_contradicted(n):
    outside = ["contradicted", "trend only"]
    assert drawn(1.0, n=n)[outside].sum() <= 0.01
    assert 0.02 < drawn(1.0, n=n, margin=1e-6)[outside].sum() < 0.08  # of a margin of nothing, 5 %


@pytest.mark.slow
@pytest.mark.parametrize("effect", [0.499, 1.501, 0.3, 1.8, -1.0])
@pytest.mark.parametrize("n", [3, 12])
def test_a_number_outside_the_margin_is_seldom_reproduced(effect, n):
    assert drawn(effect, n=n)["reproduced"] <= 0.05


@pytest.mark.slow
def test_enough_seeds_tell_what_is_true_and_what_is_not():
    assert drawn(1.0, n=12)["reproduced"] > 0.8
    assert drawn(-1.0, n=12)["contradicted"] > 0.95

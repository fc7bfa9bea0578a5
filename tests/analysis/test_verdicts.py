"""What a measured study says of printed numbers: each word for each kind, and how often it errs."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from study.analysis.verdicts import ASPECTS, VERDICT_COLUMNS, VERDICT_WORDS, verdicts
from study.errors import SpecError
from study.metrics import METRICS
from study.stats import effects, interval, seeds_needed

SPREAD = np.array([-1.0, 0.0, 1.0])  # of three seeds: sd 1, interval ± 2.48


def printed(arm, value, digits=2, metric="top1", **columns):
    row = {"row": arm.upper(), "arm": arm, "metric": metric, "value": value, "digits": digits}
    return {**row, "status": "verified", "unlike": "", **columns}


def seeds(arm, values, metric="top1"):
    """In units of the table."""
    base = np.asarray(values, float) / METRICS[metric].scale
    return [{"arm": arm, "seed": n, "metric": metric, "value": v} for n, v in enumerate(base)]


def count(arm, value, metric="params"):
    return [{"arm": arm, "metric": metric, "value": value}]


def timing(arm, low, value, high, metric="throughput"):
    return [{"arm": arm, "metric": metric, "value": value, "low": low, "high": high}]


def frame(*parts):
    columns = ["arm", "seed", "metric", "value", "low", "high"]
    made = pd.DataFrame([row for part in parts for row in part], columns=columns)
    return made.astype({"seed": "Int64", "value": float, "low": float, "high": float})


def judged(rows, *parts, **margins):
    published = pd.DataFrame(rows, columns=[*printed("a", 1), "spread"]).fillna({"spread": 0.0})
    return verdicts(published, frame(*parts), baseline="base", margins=margins)


def last(rows, *parts, **margins):
    return judged(rows, *parts, **margins).iloc[-1]


def words(found):
    return tuple(found[list(ASPECTS)])


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
    found = last([printed("a", 1.4, 1, "params")], count("a", measured))
    assert found["level"] == word
    assert found["level_why"].endswith("published 1.40 ± 0.05")


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
    found = last(rows, count("base", 11_490_000), count("a", 13_490_000))
    assert words(found) == ("contradicted", "reproduced", "reproduced")


def test_a_count_has_no_interval():
    found = last([printed("a", 10.49, 2, "params")], count("a", 10_508_300))
    assert found["measured"] == pytest.approx(10.5083)
    assert found[["low", "high"]].isna().all()


def test_counts_are_ranked_by_their_sign():
    rows = [printed("base", 10.49, 2, "params"), printed("a", 12.49, 2, "params")]
    higher, same, lower = (last(rows, count("base", 9), count("a", n)) for n in (10, 9, 8))
    assert higher["ranking"] == "reproduced"
    assert same["ranking"] == lower["ranking"] == "contradicted"
    assert lower["ranking_why"].startswith("published 12.49, BASE 10.49; measured ")


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
    found = last([printed("a", 70.0)], seeds("a", mean + sd * SPREAD), top1=1.0)
    assert words(found) == (word, "", "")


@pytest.mark.parametrize(("nudge", "word"), [(-1e-6, "reproduced"), (1e-6, "underpowered")])
def test_an_interval_that_ends_on_the_margin_is_the_last_one_inside(nudge, word):
    values = 70.0 + SPREAD
    reach = interval(values)[1] - 70.0
    assert last([printed("a", 70.0)], seeds("a", values), top1=reach - nudge)["level"] == word


def test_on_the_margin_is_within_it():
    found = last([printed("a", 70.0)], seeds("a", 70.0 + SPREAD), top1=interval(SPREAD)[1])
    assert found["level"] == "reproduced"


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
    found = judged(rows, seeds("base", base), seeds("a", other), top1=1.0)
    assert words(found.iloc[0])[1] == ""
    assert words(found.iloc[1])[:2] == (level, difference)


def test_a_level_and_a_difference_are_those_of_the_statistics():
    base, other = np.random.default_rng(1).normal(70, 1, size=(2, 5))
    rows = [printed("base", 70.0), printed("a", 70.0)]
    measured = [seeds("base", base), seeds("a", other[:4])]
    found = last(rows, *measured, top1=1.0)
    paired = effects(frame(*measured), "base").iloc[0]
    assert tuple(found[["low", "high"]]) == pytest.approx(interval(other[:4]))
    numbers = [f"{100 * paired[key]:+.2f}".replace("-", "−") for key in ("mean", "low", "high")]
    assert found["difference_why"].startswith("{} [{}, {}], ".format(*numbers))


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ([70.0], "1 seed: no interval"),
        ([70.0, 70.0, 70.0], "3 seeds: no interval"),
    ],
)
def test_without_a_spread_nothing_is_decided(values, why):
    found = last([printed("a", 70.0)], seeds("a", values), top1=1.0)
    assert tuple(found[["level", "level_why"]]) == ("underpowered", why)


def test_seeds_without_a_partner_decide_no_difference():
    rows = [printed("base", 70.0), printed("a", 72.0)]
    found = last(rows, seeds("base", [70.0]), seeds("a", [0, 72.0])[1:], top1=1.0)
    assert found["difference"] == found["ranking"] == "underpowered"
    assert found["difference_why"] == "no seed in common"


def test_without_a_margin_levels_and_differences_of_quality_are_not_comparable():
    rows = [printed("base", 70.0), printed("a", 72.0)]
    found = last(rows, seeds("base", 70 + SPREAD), seeds("a", 82 + SPREAD**2))
    assert words(found) == ("not comparable", "not comparable", "reproduced")
    assert found["level_why"] == found["difference_why"] == "no margin is stated for top1"


def test_what_diverged_contradicts_a_printed_number():
    rows = [printed("base", 70.0), printed("a", 72.0)]
    found = last(rows, seeds("base", 70 + SPREAD), seeds("a", [72.0, np.nan, 72.2]), top1=1.0)
    assert words(found) == ("contradicted",) * 3
    assert np.isnan(found["measured"])
    assert {found[f"{aspect}_why"] for aspect in ASPECTS} == {"diverged"}


def test_a_baseline_that_diverged_in_any_seed_lends_no_sign():
    rows = [printed("base", 70.0), printed("a", 72.0)]
    base = seeds("base", [*(50 + SPREAD), np.nan])
    assert last(rows, base, seeds("a", 60 + SPREAD**2), top1=1.0)["level"] == "contradicted"


@pytest.mark.parametrize(("value", "ranking"), [(72.0, "reproduced"), (68.0, "contradicted")])
def test_a_baseline_that_diverged_leaves_no_difference_and_comes_last(value, ranking):
    rows = [printed("base", 70.0), printed("a", value)]
    found = last(rows, seeds("base", [70.0, np.nan, 71.0]), seeds("a", 50 + SPREAD), top1=1.0)
    assert words(found) == ("contradicted", "contradicted", ranking)
    assert found["difference_why"] == "the baseline diverged"


def test_of_a_loss_what_diverged_is_the_highest():
    rows = [printed("base", 1.0, metric="loss"), printed("a", 0.5, metric="loss")]
    parts = seeds("base", [np.nan] * 3, "loss"), seeds("a", 0.5 + SPREAD / 9, "loss")
    assert last(rows, *parts, loss=1.0)["ranking"] == "reproduced"


def test_the_seeds_said_to_decide_are_those_of_the_statistics():
    values = 70.5 + 0.5 * SPREAD
    found = last([printed("a", 70.0)], seeds("a", values), top1=1.0)
    needed = str(seeds_needed(70.5, 0.5, 69.0, 71.0))
    assert found["level_seeds"] == needed
    assert found["level_why"].endswith(f"; {needed} seeds in total are needed (80 % power)")


def test_of_seeds_that_nobody_trains_the_number_is_not_told():
    found = last([printed("a", 70.0)], seeds("a", 71.001 + SPREAD), top1=1.0)
    assert found["level_seeds"] == "more than 1000"


def standard(n):
    """n values of mean 0 and sample sd 1."""
    values = np.linspace(-1, 1, n)
    return values / values.std(ddof=1)


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
    found = speeds(value, low, high, throughput=5.0)
    assert words(found) == ("not comparable", difference, ranking)


def test_the_sentences_about_speed():
    found = speeds(125, 110, 140, throughput=5.0)
    assert found["level_why"] == "a throughput is comparable only as a ratio between rows"
    assert found["difference_why"] == (
        "+25 [+8, +43] %, over all rounds, published +25 ± 6.25 %; the spread is too wide"
    )


def test_speed_without_a_margin_is_not_comparable_but_ranked():
    found = speeds(125, 124, 126)
    assert words(found) == ("not comparable", "not comparable", "reproduced")
    assert found["difference_why"] == "no margin is stated for throughput"


@pytest.mark.parametrize(
    ("peak", "difference", "ranking"),
    [(1e9, "reproduced", "reproduced"), (8.1e8, "contradicted", "underpowered")],
)
def test_what_was_taken_once_is_known_to_a_hundredth(peak, difference, ranking):
    rows = [printed("base", 800, 0, "memory"), printed("a", 1000, 0, "memory")]
    found = last(rows, count("base", 8e8, "memory"), count("a", peak, "memory"), memory=5.0)
    assert words(found) == ("not comparable", difference, ranking)
    assert "each ± 1 %" in found["difference_why"]


def test_one_round_is_no_spread():
    found = speeds(125, 125, 125, throughput=5.0)
    assert words(found) == ("not comparable", "underpowered", "underpowered")
    assert found["difference_why"].startswith("throughput of A was timed in one round")


def test_of_a_speed_of_zero_there_is_no_ratio():
    with pytest.raises(SpecError, match=r"throughput of A is not above 0"):
        judged([printed("a", 0, metric="throughput")], timing("a", 1, 2, 3))


# ---- rankings ----


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
    found = ranked(50, 53, 52)
    assert found["ranking"] == "contradicted"
    assert "72.00, A1 71.00" in found["ranking_why"]


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
        found = judged(rows, *(seeds(f"a{n}", own) for n, own in enumerate(values)))
        reversed_ += "contradicted" in set(found["ranking"])
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
    found = last(rows, *parts)
    assert (found["difference"], found["ranking"]) == ("reproduced", "")
    assert "± 1, of which 1 is the published spread" in found["difference_why"]
    rows[0]["spread"] = 0.1
    assert last(rows, *parts)["ranking"] != ""


def test_what_was_refused_is_not_measured():
    assert judged([printed("a", 1.0, metric="macs")], count("a", np.nan, "macs")).empty


def test_undecided_pairs_are_counted():
    found = ranked(50, 52, 52.001)
    assert found["ranking"] == "underpowered"
    assert found["ranking_why"] == "1 of 2 pairs are undecided"


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


# ---- which cells are judged ----


def test_only_what_is_sure_and_measured_has_a_row():
    rows = [printed("base", 70.0), printed("a", 72.0, status="unverified"), printed("c", 1.0)]
    found = judged(
        [*rows, printed("a", 1.0, metric="loss")], seeds("base", 70 + SPREAD), seeds("a", [1, 2])
    )
    assert list(found["row"]) == ["BASE"]
    assert tuple(found) == VERDICT_COLUMNS


def test_no_cells_make_no_verdicts():
    assert judged([]).empty


@pytest.mark.parametrize("columns", [{"status": "unverified"}, {"unlike": "other data"}])
def test_an_unsure_or_unlike_baseline_gives_no_difference(columns):
    rows = [printed("base", 70.0, **columns), printed("a", 72.0)]
    found = last(rows, seeds("base", 70 + SPREAD), seeds("a", 75 + SPREAD**2 / 9), top1=1.0)
    assert words(found) == ("contradicted", "", "")


def test_unlike_protocols_are_not_comparable_in_any_aspect():
    rows = [
        printed("base", 70.0, unlike="100 epochs, not 2"),
        printed("a", 72.0, unlike="other data"),
    ]
    found = judged(rows, seeds("base", 70 + SPREAD), seeds("a", 72 + SPREAD), top1=1.0)
    assert words(found.iloc[0]) == ("not comparable", "", "not comparable")
    assert words(found.iloc[1]) == ("not comparable",) * 3
    assert found.iloc[1]["ranking_why"] == "other data"


def test_of_a_baseline_printed_twice_the_more_precise_number_counts():
    rows = [printed("base", 70.0, 0, row="z"), printed("base", 70.4, 1), printed("a", 72.4)]
    found = last(rows, seeds("base", 70 + SPREAD), seeds("a", 72 + SPREAD**2), top1=1.0)
    assert "published +2.00 ± 1" in found["difference_why"]


def test_a_negative_number_has_a_real_minus():
    rows = [printed("base", 72.0), printed("a", 70.0)]
    found = last(rows, seeds("base", 72 + SPREAD), seeds("a", 69 + SPREAD**2), top1=1.0)
    assert "published −2.00 ± 1" in found["difference_why"]


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
    shuffled = (one.sample(frac=1, random_state=chance) for one in (published, frame(*parts)))
    kept = ["row", *ASPECTS, "level_why", "difference_why"]
    before = judged(rows, *parts, **margin)[kept].set_index("row").sort_index()
    after = verdicts(*shuffled, baseline="base", margins=margin)[kept]
    pd.testing.assert_frame_equal(after.set_index("row").sort_index(), before)


# ---- how often a verdict errs ----


def drawn(effect, *, n, margin=0.5, times=500):
    """Shares of the words on a printed difference of +1 where `effect` is true."""
    chance = np.random.default_rng(7)
    rows = [printed("base", 70.0), printed("a", 71.0)]
    found = []
    for _ in range(times):
        base = chance.normal(70, 1, n)
        other = base + effect + chance.normal(0, 0.4, n)
        found.append(last(rows, seeds("base", base), seeds("a", other), top1=margin))
    words = pd.DataFrame(found)["difference"].value_counts(normalize=True)
    return words.reindex(VERDICT_WORDS, fill_value=0.0)


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

"""Every sentence of an answer against computations of its own, on many small studies."""

import numpy as np

from study.analysis.analysis import Analysis
from study.report import report
from study.report.text.answer import answer

ARMS = ["Aa", "Bb", "Cc", "Dd", "Ee", "Ff"]
NAN, LOST = float("nan"), ("pending", "failed")


def answer_text(plan_and_store):
    return answer(Analysis(*plan_and_store))


def study(lab, **top1):
    labels = [label for label in top1 if label != "baseline"]
    return lab(
        {"model.x": ["Base", *labels]},
        top1=top1,
        seeds=len(top1["baseline"]),
        columns=("params", "top1"),
    )


# ---- one sentence each ----


def test_an_arm_without_an_interval_is_told_with_its_value(lab):
    text = answer_text(
        study(lab, baseline=[0.90, 0.91, 0.92], Aa=[0.93, 0.94, 0.95], Bb=[0.91, 0.90, 0.92])
    )
    assert "Bb cannot be distinguished from Base" in text
    assert (
        "Aa (+3.0 pp) differs from Base in Top-1 by the same amount for every one of 3 paired "
        "seeds, so it has no interval."
    ) in text


def test_an_arm_that_equals_the_baseline_is_said_to(lab):
    values = [0.90, 0.91, 0.92]
    text = answer_text(study(lab, baseline=values, Aa=values))
    assert text == "Aa equals Base in Top-1 for every one of 3 paired seeds."


def test_arms_that_lack_seeds_are_said_first_and_nothing_is_concluded_of_them(lab):
    text = answer_text(
        study(
            lab,
            baseline=[0.90, 0.91, 0.92],
            Aa=[0.91, 0.90, 0.92],
            Bb=["pending"] * 3,
            Cc=[0.1, "failed", "pending"],
        )
    )
    first, second, concluded = text.split(". ", 2)
    assert first == "So far 7 of 12 trials have finished"
    assert second == "Compared in fewer than 3 seeds: Bb (0), Cc (1)"
    assert "Aa cannot be distinguished from Base" in concluded
    assert "Bb" not in concluded
    assert "Cc (−80.0 pp) shares one seed with Base" in concluded


def test_a_baseline_that_diverged_is_named(lab):
    plan_and_store = study(lab, baseline=[0.9, NAN, 0.9], Aa=[0.9, 0.9, 0.9], Bb=[NAN, 0.9, 0.9])
    assert answer_text(plan_and_store) == (
        "The baseline diverged in 1 of 3 seeds, so no difference from Base can be given. Aa did "
        "not diverge. Bb (1 of 3 seeds) diverged, too."
    )


def test_an_arm_that_diverged_without_a_pair_has_no_difference(lab):
    plan_and_store = study(lab, baseline=["pending", 0.9, 0.9], Aa=[NAN, 0.9, 0.9])
    assert answer_text(plan_and_store) == (
        "So far 5 of 6 trials have finished. Compared in fewer than 3 seeds: Aa (2). Aa (1 of 3 "
        "seeds) diverged, so it has no mean."
    )
    rows = Analysis(*plan_and_store).effect_rows
    assert rows["mean"].isna().tolist() == [True]


def test_claims_against_a_baseline_that_diverged_say_the_same(lab):
    claims = ("Aa is better than Base on top1", "Aa is better than Base on top1 by 1")
    plan_and_store = lab(
        {"model.x": ["Base", "Aa"]},
        claims=claims,
        columns=("top1",),
        top1={"baseline": [0.9, NAN, 0.9], "Aa": [0.9, 0.9, 0.9]},
    )
    study_report = report.report(*plan_and_store)
    assert "Aa did not diverge." in study_report.answer
    states = [judgement.state for judgement in study_report.analysis.claims]
    assert states == ["undecided", "undecided"]
    assert all(
        "1 of 3 seeds of Base diverged (Aa: 0 of 3)" in judgement.why
        for judgement in study_report.analysis.claims
    )


def test_intervals_that_exclude_zero_stand_beside_the_correction(lab):
    chance = np.random.default_rng(0)
    base = 0.9 + chance.normal(0, 0.002, 3)
    arms = {name: base + chance.normal(0, 0.004, 3) for name in ARMS[1:]}
    arms["Aa"] = base + np.array([0.010, 0.013, 0.009])  # p = 0.012
    text = answer_text(study(lab, baseline=list(base), **{a: list(v) for a, v in arms.items()}))
    assert "none of 6 arms can be distinguished from Base (3 paired seeds, corrected for 6" in text
    assert "; those of Ff and Aa exclude zero before the correction" in text


def test_a_cost_that_prints_alike_does_not_go_from_one_to_the_other(lab):
    plan_and_store = lab(
        {"model.x": ["Base", "Aa"]},
        seeds=0,
        columns=("params", "top1"),
        cost={"baseline": {"params": 10.49e6}, "Aa": {"params": 10.4901e6}},
    )
    assert (
        answer_text(plan_and_store)
        == "Nothing was trained, and no measured cost differs at the printed precision."
    )


def test_a_cost_that_was_refused_is_not_spoken_for(lab):
    plan_and_store = lab(
        {"model.x": ["Base", "Aa", "Bb"]},
        seeds=0,
        columns=("params", "top1"),
        cost={"Aa": {"params": 9e6}, "Bb": "the counters disagree"},
    )
    assert answer_text(plan_and_store) == (
        "Nothing was trained; Params (M) goes from 9.00 (Aa) to 10.5 (Base) over 2 of 3 arms."
    )


# ---- cost ----


def with_costs(lab, *, ratios=None, factors=None, **macs):
    """Base has 100 M multiply-adds; every arm has the same accuracies, but for Worse."""
    arms = {label: [0.90, 0.92, 0.91] for label in macs}
    arms |= {"Worse": [0.50, 0.51, 0.495]} if "Worse" in macs else {}
    return answer_text(
        lab(
            factors or {"model.x": ["Base", *macs]},
            top1={"baseline": [0.90, 0.91, 0.92], **arms},
            cost={"baseline": {"macs": 1e8}, **{a: {"macs": m} for a, m in macs.items()}},
            columns=("macs", "throughput", "top1"),
            timed=ratios or {},
        )
    )


def test_the_arm_that_saves_most_is_named_with_what_its_quality_leaves_open(lab):
    text = with_costs(lab, Aa=31e6, Bb=60e6)
    assert "Aa saves 69 % of the MACs; its Top-1 cannot be distinguished from the base" in text
    assert "Bb saves" not in text


def test_an_arm_that_is_worse_saves_nothing(lab):
    text = with_costs(lab, Worse=10e6, Aa=80e6)
    assert "Worse saves" not in text
    assert "Aa saves 20 % of the MACs" in text


def test_a_difference_in_cost_that_nobody_sees_is_not_mentioned(lab):
    assert "MACs" not in with_costs(lab, Aa=99e6)


def test_a_better_arm_is_named_with_its_price(lab):
    text = answer_text(
        lab(
            {"model.x": ["Base", "Aa"]},
            top1={"baseline": [0.50, 0.51, 0.52], "Aa": [0.90, 0.911, 0.92]},
            cost={"baseline": {"macs": 1e8}, "Aa": {"macs": 4.05e8}},
            columns=("macs", "top1"),
        )
    )
    assert "Aa costs 4.05 times the MACs." in text


# ---- labels in sentences ----


def test_a_level_that_is_a_number_or_a_bare_word_is_named_with_its_factor(lab):
    levels = {"model.drop_path_rate": ["0", "0.1"], "recipe.aa": ["None", "RandAugment"]}
    text = answer_text(
        lab(
            levels,
            top1={
                "baseline": [0.50, 0.51, 0.52],
                "0.1": [0.90, 0.911, 0.92],
                "RandAugment": [0.1, 0.111, 0.12],
            },
            columns=("top1",),
        )
    )
    assert "Drop path rate 0.1 (+40" in text
    assert "RandAugment (−40.0" in text
    assert "better than the baseline" in text

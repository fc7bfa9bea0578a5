"""Intervals, ties, bold, fronts and claims of given weights rest on the images."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats as reference

from study import stats
from study.analysis.analysis import Analysis
from study.report import report
from study.report.figures.effects import points as effect_points
from study.report.figures.pareto import points as pareto_points
from study.tasks.classification.schema import Recipe

BASE, SECOND, THIRD = "Depth-wise Conv2d", "Average Pooling", "Max Pooling"
BETTER = f"{SECOND} is better than {BASE} on top1"
WRONG = {BASE: range(60), SECOND: range(40, 70), THIRD: range(5, 62)}
"""By arm, the images of 200 that its weights get wrong."""


@pytest.fixture
def given(lab):
    """given(wrong, images=200, other=()): a study of given weights with one answer per arm."""

    def study(wrong=WRONG, *, images=200, other=(), **fields):
        right = {label: ~np.isin(np.arange(images), [*out]) for label, out in wrong.items()}
        top1 = {k if k != BASE else "baseline": [hits.mean()] for k, hits in right.items()}
        fields = {"columns": ("params", "top1", "top5")} | fields
        plan, store = lab(seeds=1, top1=top1, **fields)
        arms = []
        for arm in plan.arms:
            hits = right[arm.label]
            top = np.stack([np.where(hits, 0, 1), *np.tile(range(2, 6), (images, 1)).T], axis=1)
            top[:, 4] = np.where(np.arange(images) % 2, 0, 5)
            target = np.zeros(images, int) if arm.label not in other else np.arange(images) % 2
            np.savez(store.trial(arm.trials[0].name) / "predictions.npz", target=target, top=top)
            config = replace(arm.arm.config, arguments={"pretrained": True})
            planned = replace(arm.arm, config=replace(config, recipe=Recipe(epochs=0)))
            arms.append(replace(arm, arm=planned, epochs=0, evaluates_given_weights=True))
        return Analysis(replace(plan, arms=tuple(arms)), store)

    return study


def cells(analysis):
    """The cells of the main table by label and key of the column."""
    table = report.wide_table(analysis)
    rows = [row for block in table.blocks for row in block.rows]
    return {
        row.label: dict(zip(table.keys, (cell.text for cell in row.cells), strict=True))
        for row in rows
    }


def reference_interval(wrong, first, second, images=200):
    change = np.array([(i in wrong[second]) * 1.0 - (i in wrong[first]) for i in range(images)])
    return reference.bootstrap((change,), np.mean, method="percentile", rng=1).confidence_interval


def test_a_difference_has_the_interval_of_its_images(given):
    analysis = given()
    row = next(row for (arm, m), row in analysis.effects.items() if m == "top1" and row.mean > 0.1)
    low, high = reference_interval(WRONG, SECOND, BASE)
    assert (row.low, row.high) == pytest.approx((low, high), abs=0.006)
    text = cells(analysis)[SECOND]["top1-delta"]
    assert text == f"+15.00 [{100 * row.low:.2f}, {100 * row.high:.2f}]"
    assert "Δ Top-1 (pp) [95 % CI]" in report.wide_table(analysis).heads
    assert "paired by image, with its 95 % bootstrap interval over 200 images" in (
        " ".join(report.wide_table(analysis).notes)
    )


def test_the_best_is_bold_where_images_tell_it_from_all_others(given):
    table = report.wide_table(given())
    bold = [row.label for b in table.blocks for row in b.rows if row.cells[1].bold]
    assert bold == [SECOND]
    assert "Bold: best" in " ".join(table.notes)


def test_arms_that_images_do_not_tell_apart_are_tied_and_none_is_bold(given):
    analysis = given(WRONG | {THIRD: range(38, 70)})
    labels = {arm.digest: arm.label for arm in analysis.plan.arms}
    assert {labels[arm] for arm, name in analysis.tied if name == "top1"} == {SECOND, THIRD}
    assert "top1" not in analysis.leaders
    assert cells(analysis)[THIRD]["top1"].endswith(" ≈")
    assert "or fewer than 6 images differ" in " ".join(report.wide_table(analysis).notes)


def states(analysis):
    return [claim.state for claim in analysis.claims]


def test_claims_are_decided_by_images(given):
    analysis = given(
        claims=(
            BETTER,
            f"{SECOND} is worse than {BASE} on top1",
            f"{THIRD} is better than {BASE} on top1",
        )
    )
    assert states(analysis) == ["supported", "contradicted", "undecided"]
    low, high = reference_interval(WRONG, THIRD, BASE)
    assert low < 0 < high
    for claim in analysis.claims:
        assert "200 images" in claim.why
        assert "seeds" not in claim.why


@pytest.mark.parametrize("first", range(12))
def test_a_claim_is_supported_where_mcnemars_test_agrees(given, first):
    """Of 12 images that differ; the bootstrap and the exact test part at the border alone."""
    wrong = {BASE: range(first), SECOND: range(20, 32 - first), THIRD: range(0)}
    state = states(given(wrong, claims=(BETTER,)))[0]
    p = reference.binomtest(first, 12).pvalue
    if p < 0.03:
        assert state == ("supported" if first > 6 else "contradicted")
    if p > 0.15:
        assert state == "undecided"


def test_the_rank_and_the_level_of_given_weights_rest_on_images(given):
    analysis = given(
        claims=(f"{SECOND} ranks first on top1", f"{SECOND} has at least 75 top1"),
    )
    assert states(analysis) == ["supported", "supported"]


def test_one_image_gives_no_interval(given):
    analysis = given({BASE: [0], SECOND: [], THIRD: []}, images=1, claims=(BETTER,))
    assert cells(analysis)[SECOND]["top1-delta"] == "+100.00"
    assert states(analysis) == ["undecided"]
    assert "1 image, 1 image differs: no interval" in analysis.claims[0].why
    assert "over 1 image." in " ".join(report.wide_table(analysis).notes)


def test_arms_that_agree_on_every_image_have_no_interval_and_a_note_says_so(given):
    analysis = given(dict.fromkeys(WRONG, range(40)), claims=(BETTER,))
    assert cells(analysis)[SECOND]["top1-delta"] == "0.00"
    assert states(analysis) == ["undecided"]
    assert "no image differs" in analysis.claims[0].why
    notes = " ".join(report.wide_table(analysis).notes)
    assert f"No interval of Δ Top-1 for {SECOND}, {THIRD}: fewer than 6 images" in notes


def test_an_arm_of_other_images_has_no_interval(given):
    analysis = given(other=(SECOND,), claims=(BETTER,))
    assert "[" not in cells(analysis)[SECOND]["top1-delta"]
    assert "[" in cells(analysis)[THIRD]["top1-delta"]
    assert states(analysis) == ["undecided"]
    assert not analysis.tied
    assert "top1" not in analysis.leaders
    notes = report.wide_table(analysis).notes
    assert f"No interval for {SECOND}: not evaluated on the images of the baseline." in notes


def test_top5_counts_the_first_five_classes(given):
    analysis = given()
    hits = analysis.hits.of("top5")[analysis.plan.arms[1].digest]
    expected = np.isin(np.arange(200), [*WRONG[SECOND]], invert=True) | (np.arange(200) % 2 == 1)
    assert np.array_equal(hits, expected)


def test_the_answer_for_top5_is_by_images_too(given):
    analysis = given(columns=("top5", "top1"))
    rows = {row.label: row for row in analysis.image_tests}
    assert rows[SECOND].images == 200
    first = np.isin(np.arange(0, 200, 2), [*WRONG[SECOND]], invert=True)
    second = np.isin(np.arange(0, 200, 2), [*WRONG[BASE]], invert=True)
    gained, lost = (first & ~second).sum(), (second & ~first).sum()
    p = reference.binomtest(int(gained), int(gained + lost)).pvalue
    assert rows[SECOND].p == pytest.approx(p)


def test_a_size_without_predictions_has_no_interval_and_a_note_says_so(given):
    analysis = given(columns=("top1", "top1@96"))
    notes = " ".join(report.wide_table(analysis).notes)
    assert "Top-1 at 96 px: no interval, since it is not counted" in notes
    assert "more seeds" not in notes


def test_a_published_difference_is_judged_by_images(given):
    protocol = {"data": "digits", "img_size": 64, "recipe": "smoke", "epochs": 0, "batch_size": 128}
    printed = {"protocol": protocol}
    published = {SECOND: {"top1": 85.0, **printed}, BASE: {"top1": 70.0, **printed}}
    analysis = given(published=published, margins={"top1": 12.0})
    row = analysis.assessment.verdicts.set_index("row").loc[SECOND]
    assert (row["level"], row["difference"], row["ranking"]) == ("reproduced",) * 3
    assert "200 images" in row["level_why"]
    assert row["low"] < 85 < row["high"]


# ---- figures and fronts ----


def test_the_figure_of_effects_has_the_interval_and_no_seed(given):
    analysis = given()
    data = effect_points(report.report(analysis.plan, analysis.store))
    data = data[data["metric"] == "top1"]
    assert set(data["what"]) == {"mean"}
    row = data[data["label"] == SECOND].iloc[0]
    assert row["low"] < 15 < row["high"]


def test_a_front_is_decided_by_images(given):
    cost = {SECOND: {"params": 1e6}, THIRD: {"params": 2e7}, "baseline": {"params": 1e7}}
    analysis = given(WRONG | {THIRD: range(40, 70)}, cost=cost)
    labels = {arm.digest: arm.label for arm in analysis.plan.arms}
    standings = {labels[a]: word for a, word in analysis.standings("top1", "params").items()}
    assert standings == {SECOND: "front", BASE: "behind", THIRD: "not told apart"}
    points = pareto_points(report.report(analysis.plan, analysis.store), "top1", "params")
    assert points[["low", "high"]].notna().all(axis=None)
    hits = analysis.hits.of("top1")[analysis.plan.baseline.digest]
    level = reference.bootstrap((hits.astype(float),), np.mean, method="percentile", rng=2)
    ends = level.confidence_interval
    row = points[points["arm"] == analysis.plan.baseline.digest].iloc[0]
    assert (row["low"], row["high"]) == pytest.approx((100 * ends.low, 100 * ends.high), abs=0.6)


def test_trained_arms_have_no_hits(lab):
    analysis = Analysis(*lab(top1={"baseline": [0.8, 0.9, 0.7]}))
    assert not analysis.hits.arrays
    assert stats.CONFIDENCE == 0.95

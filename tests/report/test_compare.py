"""Two arms side by side."""

import json

import numpy as np
import pytest
import scipy.stats

from study.cli.plan_table import plan_table
from study.errors import SpecError
from study.report import report
from study.report.compare import answer, comparison, record, tables
from tests.report.conftest import NASTY
from tests.report.measured import timing

NAN = float("nan")
FIRST, SECOND = "Depth-wise Conv2d", "Average Pooling"


def faster(times):
    ends = {"value": times, "low": 0.98 * times, "high": 1.02 * times}
    spread = {"value": 100.0 * times, "low": 98.0 * times, "high": 103.0 * times, "ratio": ends}
    return {"throughput": spread}


def seen(store, arm, seed, right):
    """Leave predictions of so many images, of which the listed are right."""
    target = np.zeros(8, int)
    top = np.ones((8, 1), int)
    top[list(right)] = 0
    np.savez(store.trial(f"{arm:010x}-{seed}") / "predictions.npz", target=target, top=top)


@pytest.fixture
def two(lab):
    """Worse by 2 points in every seed but for a little, half the costs, a quarter faster."""
    return lab(
        top1={"baseline": [0.90, 0.91, 0.92], SECOND: [0.88, 0.888, 0.902]},
        cost={"baseline": {"params": 2e6, "macs": 4e9}, SECOND: {"params": 2e6, "macs": 2e9}},
        timed={"baseline": timing(100), SECOND: faster(1.25), "Max Pooling": faster(1.5)},
        columns=("params", "macs", "throughput", "top1"),
    )


def metric_rows(compared):
    return record(compared)["metrics"]


def test_a_difference_is_the_second_arms_from_the_first_paired_by_seed(two):
    row = next(
        row for row in metric_rows(comparison(*two, FIRST, SECOND)) if row["metric"] == "top1"
    )
    test = scipy.stats.ttest_rel([0.88, 0.888, 0.902], [0.90, 0.91, 0.92])
    ends = test.confidence_interval()
    assert row["mean"] == pytest.approx(-0.02)
    assert (row["low"], row["high"]) == pytest.approx((ends.low, ends.high))
    assert row["t_p"] == pytest.approx(test.pvalue)
    assert row["p"] == row["smallest_p"] == 0.25
    back = next(r for r in metric_rows(comparison(*two, SECOND, FIRST)) if r["metric"] == "top1")
    assert back["mean"] == pytest.approx(0.02)


def test_the_answer_says_what_the_test_does_and_what_it_costs(two):
    sentences = answer(comparison(*two, FIRST, SECOND))
    assert sentences.startswith("Average Pooling is worse than Depth-wise Conv2d in Top-1: −2.00 [")
    assert sentences.endswith("; Params equal, MACs (all) −50.0 %, Throughput ×1.25 [1.23, 1.27].")


def test_two_arms_beside_the_baseline_are_compared_by_their_ratios_to_it(two):
    row = metric_rows(comparison(*two, SECOND, "Max Pooling"))
    speed = next(r for r in row if r["metric"] == "throughput")
    assert speed["ratio"] == pytest.approx(1.2)
    assert speed["ratio_low"] < 1.2 * 0.98
    assert speed["ratio_high"] > 1.2 * 1.02


def test_what_cannot_be_told_is_not_claimed_and_says_what_it_would_take(lab):
    plan, store = lab(top1={"baseline": [0.90, 0.91, 0.92], SECOND: [0.91, 0.90, 0.92]})
    noisy = lab(top1={"baseline": [0.90, 0.91, 0.92], SECOND: [0.92, 0.90, 0.93]})
    assert "cannot be distinguished from" in answer(comparison(plan, store, FIRST, SECOND))
    assert "seeds would detect a difference of this size with 80 % power" in answer(
        comparison(*noisy, FIRST, SECOND)
    )


@pytest.mark.parametrize(
    ("outcomes", "message"),
    [
        (["pending"] * 3, "have no finished seed in common yet"),
        (["failed"] * 3, "have no finished seed in common yet"),
        ([0.9, NAN, 0.9], "Average Pooling diverged, so Top-1 cannot be compared"),
        ([0.93, "pending", "failed"], "with one seed, too few to separate a difference from noise"),
    ],
)
def test_unfinished_failed_and_diverged_arms(lab, outcomes, message):
    compared = comparison(
        *lab(top1={"baseline": [0.9, 0.91, 0.92], SECOND: outcomes}), FIRST, SECOND
    )
    assert message in answer(compared)
    assert tables(compared)
    json.dumps(record(compared), allow_nan=False)


@pytest.mark.parametrize(
    ("outcomes", "words"),
    [
        (
            [0.93, 0.94, 0.95],
            "Average Pooling differs from Depth-wise Conv2d by +3.00 pp for every one of",
        ),
        ([0.90, 0.91, 0.92], "Average Pooling equals Depth-wise Conv2d for every one of"),
        ([0.93, 0.95, "pending"], "So far 5 of 6 trials have finished. "),
    ],
)
def test_the_same_difference_in_every_seed_and_seeds_that_lack_are_said(lab, outcomes, words):
    compared = comparison(
        *lab(top1={"baseline": [0.9, 0.91, 0.92], SECOND: outcomes}), FIRST, SECOND
    )
    assert words in answer(compared)


def test_without_seeds_costs_are_all_there_is(lab):
    compared = comparison(*lab(seeds=0, columns=("params", "macs")), FIRST, SECOND)
    assert answer(compared) == "Average Pooling; Params equal, MACs (all) equal."
    assert len(tables(compared)) == 1


def test_images_are_compared_seed_by_seed(two):
    plan, store = two
    for seed in range(3):
        seen(store, 0, seed, {0, 1, 2})
        seen(store, 1, seed, {2, 3})
    compared = comparison(plan, store, FIRST, SECOND)
    assert compared.seeds[["gained", "lost"]].to_numpy().tolist() == [[1, 2]] * 3
    assert compared.seeds["p"].tolist() == [1.0] * 3
    assert compared.images.mean == pytest.approx(-1 / 8)


def test_what_is_left_of_an_arm_that_diverged_is_not_summed_up(lab):
    plan, store = lab(top1={"baseline": [0.9, 0.91, 0.92], SECOND: [0.9, NAN, 0.9]})
    for seed in (0, 2):
        seen(store, 0, seed, {0, 1, 2})
        seen(store, 1, seed, {2, 3})
    compared = comparison(plan, store, FIRST, SECOND)
    assert compared.images is None
    assert "Average Pooling diverged" in tables(compared)[1].notes[0]


def test_other_images_are_not_compared_and_the_note_says_why(two):
    plan, store = two
    for seed in range(3):
        seen(store, 0, seed, {0})
        target = store.trial(f"{1:010x}-{seed}") / "predictions.npz"
        np.savez(target, target=np.ones(3, int), top=np.ones((3, 1), int))
    compared = comparison(plan, store, FIRST, SECOND)
    assert "not of the same images" in tables(compared)[1].notes[0]
    assert compared.seeds["gained"].isna().all()


def test_whether_it_was_declared_in_advance_is_said(lab):
    results = {"baseline": [0.9, 0.91, 0.92], SECOND: [0.88, 0.888, 0.902]}
    declared = lab(top1=results, contrasts=((SECOND, FIRST),))
    assert comparison(*declared, FIRST, SECOND).declared
    assert not comparison(*lab(top1=results), FIRST, SECOND).declared


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ("Depthwise Conv2d", SECOND, 'did you mean "Depth-wise Conv2d"?'),
        ("Average", FIRST, 'did you mean "Average Pooling"?'),
        (FIRST, "baseline", "are the same arm"),
    ],
)
def test_names_that_do_not_fit_are_refused(two, first, second, message):
    with pytest.raises(SpecError, match=message.replace("?", r"\?")):
        comparison(*two, first, second)


def test_an_unknown_metric_is_refused(two):
    with pytest.raises(SpecError, match='unknown metric "top2"; did you mean "top1"'):
        comparison(*two, FIRST, SECOND, "top2")


def test_labels_are_data(lab):
    plan, store = lab(
        {"model.reduction": ["DW", *NASTY]}, top1={"baseline": [0.9] * 3, NASTY[0]: [0.8] * 3}
    )
    compared = comparison(plan, store, "DW", NASTY[0])
    for table in tables(compared):
        for form in report.FORMATS.values():
            assert form(table)


def test_the_command(inside, tiny):
    failed = inside("compare", tiny, "DW", "avg")
    assert failed.returncode == 2
    assert 'did you mean "Avg"?' in failed.stderr
    done = inside("compare", tiny, "DW", "Avg")
    assert "Reduction: DW → Avg" in done.stdout
    assert "no finished seed in common" in done.stdout
    parsed = json.loads(inside("compare", tiny, "DW", "Avg", "--json").stdout)
    assert parsed["differs"] == {"model.reduction": ["depthwise", "average"]}


def test_costs_are_in_the_units_of_the_report(lab):
    small = {"params": 692e3, "macs": 12e6}
    plan, store = lab(seeds=0, columns=("params", "macs"), cost={"baseline": small, SECOND: small})
    (compared, *_) = tables(comparison(plan, store, FIRST, SECOND))
    assert [r.label for r in compared.rows] == ["Params (k)", "MACs (M, all)"]
    assert [r.cells[0].text for r in compared.rows] == ["692", "12.0"]
    planned = lab(seeds=0, cost=dict.fromkeys(["baseline", SECOND, "Max Pooling"], small))[0]
    assert "Params (k)" in plan_table(planned).heads

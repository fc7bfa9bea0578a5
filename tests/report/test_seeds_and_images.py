"""Intervals over new seeds and new images, where the predictions of a study are kept."""

from typing import NamedTuple

import numpy as np
import pytest

from study import stats
from study.analysis.analysis import Analysis
from study.report import report

BASE, SECOND, THIRD = "Depth-wise Conv2d", "Average Pooling", "Max Pooling"
IMAGES = 400
SECOND_WINS = f"{SECOND} is better than {BASE} on top1"


@pytest.fixture
def predicted(lab):
    """predicted(shared, left_out=()): a study whose second arm gains the same images in all seeds.

    Each seed of each arm also gets images wrong of its own. Labels in `left_out` keep no file.
    """

    def study(shared=12, *, left_out=(), seeds=4, other=(), **fields):
        draws = np.random.default_rng(3)
        wrong = {BASE: range(60), SECOND: range(shared, 60), THIRD: range(60)}
        right = {
            label: [
                ~np.isin(np.arange(IMAGES), [*out, *draws.integers(100, IMAGES, 8 + s)])
                for s in range(seeds)
            ]
            for label, out in wrong.items()
        }
        top1 = {k if k != BASE else "baseline": [h.mean() for h in v] for k, v in right.items()}
        plan, store = lab(seeds=seeds, top1=top1, **{"columns": ("params", "top1")} | fields)
        for arm in plan.arms:
            target = np.arange(IMAGES) % (7 if arm.label in other else 10)
            for trial, hits in zip(arm.trials, right[arm.label], strict=True):
                top = (target[:, None] + np.arange(5) + ~hits[:, None]) % 10
                if arm.label not in left_out:
                    np.savez(store.trial(trial.name) / "predictions.npz", target=target, top=top)
        return Analysis(plan, store), {arm.label: arm.digest for arm in plan.arms}

    return study


def test_an_effect_has_an_interval_over_seeds_and_images(predicted):
    analysis, arms = predicted()
    key = (arms[SECOND], "top1")
    narrow, wide = analysis.effects[key], analysis.generalising[key]
    assert (wide.seeds, wide.images, wide.mean) == (4, IMAGES, narrow.mean)
    assert wide.high - wide.low > 1.2 * (narrow.high - narrow.low)
    rows = stats.typed_rows(stats.of_arm(analysis.images, key[0]), Ends)
    assert rows == [pytest.approx((wide.low, wide.high))]


class Ends(NamedTuple):
    low: float
    high: float


def test_what_seeds_alone_decide_may_be_the_luck_of_the_images(predicted):
    analysis, arms = predicted(shared=4, claims=(SECOND_WINS,))
    key = (arms[SECOND], "top1")
    assert analysis.effects[key].low > 0
    assert analysis.generalising[key].low <= 0
    assert [claim.state for claim in analysis.claims] == ["undecided"]
    assert f"4 pairs, {IMAGES} images" in analysis.claims[0].why
    row = analysis.contrasts[0]
    assert row.low < 0 < row.high
    assert row.t_p > 0.05
    assert not analysis.different


def test_what_both_decide_is_decided(predicted):
    analysis, arms = predicted(shared=40, claims=(SECOND_WINS,))
    assert [claim.state for claim in analysis.claims] == ["supported"]
    assert analysis.different == {arms[SECOND]}
    assert analysis.contrasts[0].t_p < 0.01


@pytest.mark.parametrize("without", [{"left_out": [SECOND]}, {"other": [SECOND]}])
def test_without_predictions_of_the_same_images_the_interval_is_over_seeds(predicted, without):
    analysis, arms = predicted(shared=4, claims=(SECOND_WINS,), **without)
    assert (arms[SECOND], "top1") not in analysis.generalising
    assert (arms[THIRD], "top1") in analysis.generalising
    assert [claim.state for claim in analysis.claims] == ["supported"]
    assert "images" not in analysis.claims[0].why


def test_a_published_order_is_tested_over_images_and_a_level_over_seeds(predicted):
    protocol = {"data": "digits", "img_size": 64, "recipe": "smoke", "epochs": 3, "batch_size": 128}
    printed = {
        BASE: {"top1": 80.0, "protocol": protocol},
        SECOND: {"top1": 84.0, "protocol": protocol},
    }
    analysis, arms = predicted(shared=4, published=printed, margins={"top1": 20.0})
    row = analysis.assessment.verdicts.set_index("arm").loc[arms[SECOND]]
    assert (row["level"], row["ranking"]) == ("reproduced", "underpowered")
    assert "images" not in row["level_why"]
    assert f"4 pairs, {IMAGES} images" in row["difference_why"]


def test_one_seed_has_no_interval_over_images(predicted):
    analysis, _ = predicted(seeds=1)
    assert analysis.generalising == {}


def test_the_table_can_be_made_of_what_is_over_images(predicted):
    analysis, _ = predicted(claims=(SECOND_WINS,))
    assert report.table(analysis)

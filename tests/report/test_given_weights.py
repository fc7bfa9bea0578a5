"""Given weights, of which no seed changes anything: images are what is tested."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binomtest

from study.cli.plan_table import plan_notes
from study.report import report
from study.report.compare import answer, comparison
from study.tasks.classification.config import config_of, evaluates_given_weights
from study.tasks.classification.schema import Recipe

FIRST, SECOND, THIRD = "Depth-wise Conv2d", "Average Pooling", "Max Pooling"
WRONG = {0: range(40), 1: range(40, 50), 2: range(1, 41)}
"""By arm, the images of 200 that its weights get wrong."""


@pytest.fixture
def given(lab):
    """Three arms of one seed that evaluate weights; the second is clearly better."""
    plan, store = lab(
        seeds=1, columns=("params", "top1"), top1={"baseline": [0.8], SECOND: [0.95], THIRD: [0.8]}
    )
    arms = []
    for number, arm in enumerate(plan.arms):
        target = np.zeros(200, int)
        top = np.isin(np.arange(200), WRONG[number]).astype(int)[:, None]
        np.savez(store.trial(arm.trials[0].name) / "predictions.npz", target=target, top=top)
        config = replace(arm.arm.config, arguments={"pretrained": True}, recipe=Recipe(epochs=0))
        planned = replace(arm.arm, config=config)
        arms.append(replace(arm, arm=planned, epochs=0, evaluates_given_weights=True))
    return replace(plan, arms=tuple(arms)), store


def test_given_weights_are_told_apart_by_their_images(given):
    assert report.report(*given).answer == (
        "Average Pooling (+15.00 pp) is better than the baseline; Max Pooling (0.00 pp) cannot be "
        "distinguished from the baseline (given weights in Top-1, McNemar's exact test on 200 "
        "images, corrected for 2 comparisons)."
    )


def test_two_given_weights_are_compared_by_mcnemars_test_and_need_no_seeds(given):
    p = binomtest(10, 50).pvalue
    assert p < 0.001
    sentences = answer(comparison(*given, FIRST, SECOND))
    assert sentences.startswith(
        "Average Pooling is better than Depth-wise Conv2d in Top-1: +15.00 pp ("
    )
    assert "200 images, McNemar's exact test: p < 0.001)" in sentences
    assert "no evidence" not in sentences
    same = answer(comparison(*given, FIRST, THIRD))
    assert same.startswith(
        "Max Pooling cannot be distinguished from Depth-wise Conv2d in Top-1: 0.00 pp"
    )


def test_neither_plan_nor_table_asks_for_seeds(given):
    plan, _ = given
    words = " ".join([*report.report(*given).tables["table"].notes, *plan_notes(plan, None, 1)])
    assert "seeds change nothing" in words
    assert "6 seeds" not in words
    assert "One seed" not in words
    assert "one seed" not in words


def test_an_arm_that_trains_or_starts_at_random_is_not_given(given):
    plan, _ = given
    config = config_of(plan.arms[0].arm)
    assert evaluates_given_weights(config)
    for change in ({"arguments": {}}, {"recipe": Recipe(epochs=1)}):
        assert not evaluates_given_weights(replace(config, **change))

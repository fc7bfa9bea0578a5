"""Directions of metrics by their names, which every command guesses alike."""

import pytest

from study.api.better import lower_is_better


@pytest.mark.parametrize(
    "name",
    [
        "val/loss",
        "loss1",
        "cross_entropy",
        "crossEntropy",
        "MSELoss",
        "NLL",
        "test rmse",
        "runtime",
    ],
)
def test_lower_is_better_of_losses_and_of_what_a_run_takes(name):
    assert lower_is_better(name)


@pytest.mark.parametrize("name", ["accuracy", "top1", "mIoU", "closeness", "F1", "terror", "mAP"])
def test_higher_is_better_of_all_others(name):
    assert not lower_is_better(name)

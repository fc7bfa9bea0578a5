"""Training of detectors: the same bits after a kill, and by two processes what one computes."""

import math

import pytest
import torch

from study.models import paired_init
from study.tasks.detection.data import load
from study.tasks.detection.schema import CocoData, DetectionRecipe
from study.tasks.detection.train.fit import fit
from study.tasks.detection.train.setup import optimizer_of
from study.trial.callbacks import Callbacks, Stopped
from tests.tasks.detection.detectors import small
from tests.train.trials import together

DATA = CocoData(name="digits_coco", train_limit=12, val_limit=4)
RECIPE = DetectionRecipe(
    iterations=5,
    eval_every=3,
    batch_size=4,
    opt="adamw",
    lr=1e-3,
    sizes=[64, 96],
    test_size=64,
    max_size=160,
    warmup_iterations=2,
    steps=[4],
    clip_grad=1.0,
    flip=0.5,
)

# AdamW would make steps of the rounding in gradients that are 0, as of a bias before a norm.
PLAIN = RECIPE.model_copy(update={"opt": "sgd", "lr": 0.01})


def detector(name="retinanet", **backbone):
    keys = {"name": "test_rest", "drop_path_rate": 0.3, **backbone}
    return paired_init.seeded(lambda: small(name, keys, classes=10), 0)


def trained(folder, *, recipe=RECIPE, name="retinanet", **options):
    masks, model = name == "mask_rcnn", detector(name)
    result = fit(model, load(DATA), recipe, masks=masks, seed=3, folder=folder, **options)
    return result, {key: value.clone() for key, value in model.state_dict().items()}


def stopping(after):
    """Callbacks that ask to stop at the update `after`, counted from 1."""
    calls = iter(range(1, 100))
    return Callbacks(stop=lambda: next(calls) >= after)


def test_the_rate_warms_up_and_falls_by_iteration():
    recipe = DetectionRecipe(lr=1.0, warmup_iterations=4, warmup_factor=0.2, steps=[6, 8])
    rates = [recipe.rate(i) for i in range(10)]
    assert rates == pytest.approx([0.2, 0.4, 0.6, 0.8, 1, 1, 0.1, 0.1, 0.01, 0.01])


def test_a_detector_is_evaluated_at_iterations_and_at_the_end():
    assert DetectionRecipe(iterations=7, eval_every=3).evaluations == (3, 6, 7)
    assert DetectionRecipe(iterations=6, eval_every=3).evaluations == (3, 6)
    assert DetectionRecipe(iterations=0).evaluations == (0,)


def test_norms_have_a_weight_decay_of_their_own_and_biases_that_of_their_layer():
    model = detector()
    first, norms = optimizer_of(model, RECIPE).param_groups
    assert (first["weight_decay"], norms["weight_decay"]) == (1e-4, 0.0)
    names = {id(weight): name for name, weight in model.named_parameters()}
    assert all("norm" in names[id(w)] or ".bn" in names[id(w)] for w in norms["params"])
    assert "head.classification_head.cls_logits.bias" in {names[id(w)] for w in first["params"]}
    assert len(first["params"]) + len(norms["params"]) == len(names)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["retinanet", "mask_rcnn"])
def test_a_training_that_stops_at_any_iteration_ends_with_the_same_bits(name, tmp_path):
    whole, weights = trained(tmp_path / "whole", name=name)
    for after in (2, 3, 4):  # within a part, at its last update, in the next
        folder = tmp_path / f"stopped {after}"
        with pytest.raises(Stopped):
            trained(folder, name=name, caller=stopping(after))
        resumed, again = trained(folder, name=name)
        assert all(torch.equal(again[key], value) for key, value in weights.items())
        assert resumed.metrics == whole.metrics
        assert _rows(resumed) == _rows(whole)


def _rows(result):
    times = ("seconds", "images_per_second")
    return [{k: v for k, v in row.plain.items() if k not in times} for row in result.history]


def test_a_row_has_the_iteration_the_rate_and_all_losses(tmp_path):
    result, _ = trained(tmp_path)
    rows = [row.plain for row in result.history]
    assert [(row["epoch"], row["iteration"]) for row in rows] == [(0, 3), (1, 5)]
    assert rows[0]["train_loss"] == pytest.approx(
        rows[0]["classification"] + rows[0]["bbox_regression"]
    )
    assert {"lr", "ap", "ap50", "images_per_second"} <= rows[0].keys()


def test_no_iterations_only_evaluate(tmp_path):
    result, weights = trained(tmp_path, recipe=RECIPE.model_copy(update={"iterations": 0}))
    assert all(torch.equal(weights[key], x) for key, x in detector().state_dict().items())
    assert [row.plain["iteration"] for row in result.history] == [0]
    assert result.metrics["ap"] is not None


def test_a_loss_that_is_not_finite_ends_a_trial_as_diverged(tmp_path):
    wild = RECIPE.model_copy(update={"lr": 1e12, "warmup_iterations": 0, "clip_grad": None})
    result, _ = trained(tmp_path, recipe=wild)
    assert result.diverged
    assert result.detections is None
    assert math.isnan(result.metrics["ap"])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["retinanet", "mask_rcnn"])
def test_two_processes_compute_what_one_computes(name, tmp_path):
    whole, weights = trained(tmp_path / "one", name=name, recipe=PLAIN)
    both = together(2, _process, tmp_path / "two", name)
    assert [result for result in both if isinstance(result, str)] == []
    for metrics, losses, theirs in both:
        assert metrics == pytest.approx(whole.metrics, abs=1e-3)
        assert losses == pytest.approx([r.plain["train_loss"] for r in whole.history], rel=1e-3)
        for key, value in weights.items():
            # Sums over processes are in another order.
            assert theirs[key] == pytest.approx(value.numpy(), rel=1e-3, abs=2e-4), key


def _process(group, folder, name):
    result, weights = trained(folder, name=name, recipe=PLAIN, group=group)
    # As arrays: the memory of a tensor goes with its process.
    arrays = {key: value.numpy() for key, value in weights.items()}
    return result.metrics, [row.plain["train_loss"] for row in result.history], arrays

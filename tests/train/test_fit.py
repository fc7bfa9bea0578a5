"""Training: what it computes."""

import math

import numpy as np
import pytest
import timm
import torch
from timm.models import load_checkpoint
from timm.task import ClassificationEvaluator

from study.store import atomic
from study.tasks.classification.data import load
from study.tasks.classification.quality import qualities
from study.tasks.classification.schema import Data
from study.tasks.classification.train import evaluation, fit, step_seconds
from study.trial.callbacks import Callbacks
from tests.train.trials import IMAGES, PLAIN, RICH, recipe, resnet, same, vit

# result


@pytest.mark.heavy
def test_it_learns_the_digits(tmp_path):
    images = load(Data(name="digits", img_size=32, train_limit=640))
    given = recipe(smoothing=0.0, scale=[0.7, 1.0], batch_size=16)
    fitted = fit(resnet(), images, given, seed=0, folder=tmp_path)
    assert fitted.metrics["top1"] > 0.8
    assert fitted.history[-1].train_loss < fitted.history[0].train_loss / 2


def test_metrics_are_those_of_timms_evaluator(tmp_path):
    model = resnet()
    fitted = fit(model, IMAGES, PLAIN, seed=0, folder=tmp_path)
    evaluator = ClassificationEvaluator()
    for x, target in IMAGES.val_batches(PLAIN):
        evaluator.update(model.eval()(x), target)
    theirs = evaluator.compute()
    assert fitted.metrics["loss"] == pytest.approx(theirs["loss"], rel=1e-6)
    assert [fitted.metrics[k] * 100 for k in ("top1", "top5")] == [theirs["top1"], theirs["top5"]]


def test_predictions_rank_five_classes_of_each_image(tmp_path):
    model = resnet()
    fitted = fit(model, IMAGES, PLAIN, seed=0, folder=tmp_path)
    x = torch.cat([x for x, _ in IMAGES.val_batches(PLAIN)])
    with torch.inference_mode():
        order = model.eval()(x).argsort(1, descending=True)[:, :5]
    assert np.array_equal(fitted.predictions["top"], order.numpy())
    assert np.array_equal(fitted.predictions["target"], IMAGES.val.targets.numpy())


def test_of_three_classes_three_are_ranked(tmp_path):
    model = timm.create_model("test_resnet", num_classes=3)
    images = _Three()
    fitted = fit(model, images, recipe(epochs=0), seed=0, folder=tmp_path)
    assert fitted.predictions["top"].shape == (8, 3)
    assert fitted.metrics["top5"] == 1


class _Three:
    classes = 3
    multi_label = False

    def val_batches(self, recipe, *, device, rank, world):
        return [(torch.randn(8, 3, 32, 32), torch.arange(8) % 3)]


def test_no_epochs_only_evaluate(tmp_path):
    model = resnet()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    fitted = fit(model, IMAGES, recipe(epochs=0), seed=0, folder=tmp_path)
    assert fitted.history == []
    assert same(before, model.state_dict())
    assert 0 <= fitted.metrics["top1"] <= 1


def test_history_says_what_each_epoch_did(tmp_path):
    rows = []
    fitted = fit(
        resnet(), IMAGES, PLAIN, seed=0, folder=tmp_path, caller=Callbacks(report=rows.append)
    )
    assert rows == fitted.history
    assert [row.epoch for row in rows] == [0, 1, 2]
    assert [row.lr for row in rows] == pytest.approx([0.05, 0.0375, 0.0125])
    assert {k: rows[-1].measured[k] for k in fitted.metrics} == fitted.metrics
    assert atomic.decoded_lines((tmp_path / "history.jsonl").read_bytes()) == [
        row.plain for row in rows
    ]


def test_another_seed_is_another_trial(tmp_path):
    ours, theirs = (
        fit(vit(), IMAGES, PLAIN, seed=seed, folder=tmp_path / str(seed)) for seed in (0, 1)
    )
    assert ours.history[0].train_loss != theirs.history[0].train_loss


def test_the_global_random_state_is_left_alone(tmp_path):
    model = vit()
    before = torch.get_rng_state(), np.random.get_state()[1].copy()
    fit(model, IMAGES, RICH, seed=0, folder=tmp_path)
    step_seconds(model, IMAGES, RICH, seed=0)
    assert torch.equal(before[0], torch.get_rng_state())
    assert np.array_equal(before[1], np.random.get_state()[1])


def test_a_diverged_trial_is_a_result_without_numbers(tmp_path):
    fitted = fit(resnet(), IMAGES, recipe(lr=1e30), seed=0, folder=tmp_path)
    assert fitted.state == "diverged"
    assert all(math.isnan(value) for value in fitted.metrics.values())
    assert fitted.predictions == {}
    assert len(fitted.history) < 3


# given weights


@pytest.mark.parametrize(
    ("build", "given"),
    [
        (vit, RICH),
        (resnet, recipe(amp=True, amp_dtype="bfloat16", channels_last=True)),
        (resnet, recipe(crop_pct=0.875)),
    ],
    ids=["average", "half precision", "cropped"],
)
def test_weights_from_disk_are_evaluated_in_the_bits_of_their_training(build, given, tmp_path):
    fitted = fit(build(), IMAGES, given, seed=0, folder=tmp_path)
    model = build()
    load_checkpoint(model, str(tmp_path / "last.pth.tar"), use_ema=given.model_ema)
    again = evaluation(model.train(), IMAGES.val_batches(given), recipe=given)
    assert qualities(again) == fitted.metrics
    assert same({"target": again.target, "top": again.top}, fitted.predictions)

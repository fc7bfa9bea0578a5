"""Losses, schedules, optimizers and transforms by name: one contract each."""

from itertools import pairwise

import pytest
import torch
from PIL import Image
from torch import nn

from study.errors import DataError, SpecError
from study.tasks.classification.data import transforms
from study.tasks.classification.data.dataset import load
from study.tasks.classification.data.transforms import TRANSFORMS, image_transform
from study.tasks.classification.schema import Data, Recipe
from study.tasks.classification.train.losses import LOSSES, balanced, loss
from study.tasks.classification.train.optimizers import OPTIMIZERS, check
from study.tasks.classification.train.schedules import SCHEDULES, rate_schedule
from study.tasks.classification.train.setup import set_up
from study.tasks.classification.trial.class_weights import weighted

SHORT = {"epochs": 10, "lr": 0.1, "warmup_epochs": 2, "decay_epochs": 4, "min_lr": 0.0}


@pytest.mark.parametrize("mixed", [False, True])
@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_is_a_scalar_with_a_gradient(name, mixed):
    recipe = Recipe(loss=name, mixup=0.8 if mixed else 0.0)
    outputs = torch.randn(6, 5, requires_grad=True)
    target = torch.softmax(torch.randn(6, 5), 1) if mixed else torch.arange(6) % 5
    value = loss(recipe)(outputs, target)
    value.backward()
    assert value.shape == ()
    assert outputs.grad.abs().sum() > 0


@pytest.mark.parametrize("binary", [False, True])
def test_a_recipe_without_a_loss_has_that_of_trainpy(binary):
    named = Recipe(loss="bce" if binary else "ce")
    assert Recipe(bce_loss=binary).loss_name == named.loss_name


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_warms_up_and_never_rises_after(name):
    recipe = Recipe(sched=name, **SHORT, decay_milestones=[5, 8])
    rates = rate_schedule(recipe).rates
    assert len(rates) == 10
    assert rates[0] < rates[1] < rates[2] <= 0.1
    assert all(first >= second for first, second in pairwise(rates[2:]))


def test_wsd_is_constant_and_then_decays_in_the_last_epochs():
    rates = rate_schedule(Recipe(sched="wsd", **SHORT)).rates
    assert rates[2:7] == [0.1] * 5
    assert rates[7] > rates[8] > rates[9] > 0


@pytest.mark.parametrize("opt", ["sgd", "adamw", "lookahead_adam"])
def test_an_optimizer_is_built_by_its_name(opt):
    assert opt.removeprefix("lookahead_") in OPTIMIZERS
    setup = set_up(nn.Linear(2, 2), Recipe(opt=opt), classes=2, device="cpu")
    assert setup.optimizer.param_groups


def test_an_optimizer_of_a_plugin_has_no_lookahead(monkeypatch):
    monkeypatch.setitem(OPTIMIZERS, "own", lambda model, recipe: None)
    check(Recipe(opt="own"))
    with pytest.raises(SpecError, match="a plugin's optimizer has no Lookahead"):
        check(Recipe(opt="lookahead_own"))


@pytest.mark.parametrize("name", TRANSFORMS)
@pytest.mark.parametrize("training", [False, True])
def test_a_transform_gives_bytes_of_the_size(name, training):
    data, recipe = Data(name="folder", root="x", img_size=32), Recipe(transform=name)
    image = Image.new("RGB", (50, 40), "red")
    pixels = torch.as_tensor(image_transform(data, recipe, training=training)(image))
    assert (pixels.shape, pixels.dtype) == ((3, 32, 32), torch.uint8)


@pytest.mark.parametrize(
    ("keys", "refuse"),
    [
        ({"opt": "sgx"}, check),
        ({"loss": "bcf"}, check),
        ({"sched": "cosin"}, rate_schedule),
        ({"transform": "tim"}, transforms.check),
    ],
)
def test_a_name_that_does_not_exist_is_told_with_its_key(keys, refuse):
    with pytest.raises(SpecError, match="did you mean") as refused:
        refuse(Recipe(**keys))
    assert refused.value.key == next(iter(keys))


def test_an_entry_of_ones_own_is_one_function_and_one_line(monkeypatch):
    monkeypatch.setitem(LOSSES, "squares", lambda recipe: nn.MSELoss())
    setup = set_up(nn.Linear(2, 2), Recipe(loss="squares"), classes=2, device="cpu")
    assert isinstance(setup.task.criterion, nn.MSELoss)


# ---- weights of classes ----


def test_a_weight_multiplies_the_loss_of_its_images():
    outputs, target = torch.randn(6, 3), torch.tensor([0, 0, 0, 0, 1, 2])
    each = nn.functional.cross_entropy(outputs, target, reduction="none", label_smoothing=0.1)
    weighted = loss(Recipe(class_weights=[1.0, 2.0, 4.0]))(outputs, target)
    assert torch.isclose(weighted, (each * torch.tensor([1, 1, 1, 1, 2, 4])).mean())
    plain = loss(Recipe())(outputs, target)
    assert torch.isclose(loss(Recipe(class_weights=[1.0] * 3))(outputs, target), plain)


def test_balanced_weights_give_each_class_the_same_share_and_keep_the_scale():
    weights = balanced([4, 1, 1])
    assert weights == [0.5, 2.0, 2.0]
    assert sum(w * n for w, n in zip(weights, [4, 1, 1], strict=True)) == 6
    outputs, target = torch.randn(6, 3), torch.tensor([0, 0, 0, 0, 1, 2])
    theirs = nn.CrossEntropyLoss(torch.tensor(weights))(outputs, target)
    ours = loss(Recipe(class_weights=weights, smoothing=0.0))(outputs, target)
    assert torch.isclose(ours, theirs)  # of the whole set, torch's mean is the same


def test_balanced_weights_are_of_the_images_that_are_trained_on():
    images = load(Data(name="digits", img_size=8, train_limit=200), workers=0)
    recipe = weighted(Recipe(class_weights="balanced"), images)
    counts = images.train.targets.bincount(minlength=10).tolist()
    assert recipe.class_weights == balanced(counts)
    assert weighted(Recipe(), images) == Recipe()
    few = load(Data(name="digits", img_size=8, train_limit=4), workers=0)
    with pytest.raises(DataError, match="no training image of class"):
        weighted(Recipe(class_weights="balanced"), few)


@pytest.mark.parametrize(
    ("keys", "key", "message"),
    [
        ({"bce_loss": True}, "bce_loss", "loss bce takes no weights of classes"),
        ({"loss": "bce"}, "loss", "loss bce takes no weights of classes"),
        ({"mixup": 0.2}, "mixup", "mixup gives an image two classes"),
        ({"cutmix": 1.0}, "cutmix", "cutmix gives an image two classes"),
    ],
)
def test_weights_of_classes_are_refused_where_they_mean_nothing(keys, key, message):
    ((wrong, other, why),) = Recipe(class_weights="balanced", **keys).contradictions
    assert (wrong, other) == ("class_weights", key)
    assert message in why


@pytest.mark.parametrize("weights", [[], [0.0], [-1.0], "even", 2.0])
def test_weights_of_classes_are_positive_numbers(weights):
    with pytest.raises(ValueError, match="class_weights"):
        Recipe(class_weights=weights)

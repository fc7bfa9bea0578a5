"""A plan looks at what every model answers to the study's images before anything runs."""

import pytest
import torch
from timm.models import _registry
from torch import nn

from study.api.request import StudyRequest
from study.errors import SpecError
from study.models import outputs
from study.models.parts.reductions import REDUCTIONS, Average

FACTORS = "model.reduction: {DW: depthwise, Avg: average}"


class Answering(nn.Module):
    """Answers with `form` of (B, classes) numbers."""

    def __init__(self, form, classes):
        super().__init__()
        self.form, self.head = form, nn.Linear(3, classes)

    def forward(self, images):
        return self.form(self, self.head(images.mean((2, 3))))


FORMS = {
    "a tuple": (lambda m, x: (x, x), "a tuple of (2, 10), (2, 10)"),
    "a dict": (lambda m, x: {"logits": x, "aux": x}, "a dict with logits, aux"),
    "in training": (
        lambda m, x: (x, x) if m.training else x,
        "a tuple of (2, 10), (2, 10) in training",
    ),
    "features": (lambda m, x: x[..., None, None], "(2, 10, 1, 1)"),
    "classes": (lambda m, x: x.argmax(1), "(2,) of int64"),
    "whole numbers": (lambda m, x: x.long(), "(2, 10) of int64"),
    "nothing": (lambda m, x: None, "a NoneType"),
    "one image": (lambda m, x: x[:1], "(1, 10)"),
}


@pytest.fixture
def entrypoint(monkeypatch):
    """entrypoint(name, make): a model of the user's in timm's registry."""

    def register(name, make):
        def own(pretrained=False, pretrained_cfg=None, pretrained_cfg_overlay=None, **kwargs):
            kwargs.pop("cache_dir", None)
            kwargs.pop("device", None)
            return make(**kwargs)

        monkeypatch.setitem(_registry._model_entrypoints, name, own)

    return register


@pytest.fixture
def planned(tiny):
    text = tiny.read_text()

    def plan(model, factors="recipe.lr: {low: 1.0e-3, high: 2.0e-3}", *settings):
        tiny.write_text(text.replace("test_rest", model).replace(FACTORS, factors))
        return StudyRequest(tiny, None, settings, tiny.parent / "own").plan()[0]

    return plan


def refusal(planned, *words):
    with pytest.raises(SpecError) as refused:
        planned(*words)
    return str(refused.value)


def answering(form):
    return lambda num_classes, in_chans: Answering(form, num_classes)


@pytest.mark.parametrize("form", FORMS)
def test_a_model_that_gives_no_score_per_class_is_an_error_at_its_place(form, planned, entrypoint):
    give, complaint = FORMS[form]
    entrypoint("mine", answering(give))
    message = refusal(planned, "mine")
    assert f"mine gives {complaint} for 2 images of 10 classes" in message
    assert "one tensor (B, num_classes) of numbers, here (2, 10)" in message
    assert "tiny.yaml:3:10" in message


def test_a_model_with_a_head_of_its_own_size_is_an_error(planned, entrypoint):
    entrypoint("mine", lambda num_classes, in_chans: Answering(lambda m, x: x, 1000))
    assert "mine gives (2, 1000) for 2 images of 10 classes" in refusal(planned, "mine")


def test_what_nothing_is_trained_on_may_answer_as_it_likes(planned, entrypoint):
    entrypoint("mine", answering(FORMS["a tuple"][0]))
    settings = ("seeds=0", "columns=[params, macs]", "factors={}")
    assert planned("mine", FACTORS, *settings).arms[0].cost_record.misfit
    more = ("seeds=0", "columns=[params, train_throughput]", "factors={}")
    assert "mine gives a tuple" in refusal(planned, "mine", FACTORS, *more)


def test_a_model_of_images_of_another_kind_is_an_error(planned, entrypoint):
    entrypoint("grey", lambda num_classes, in_chans: nn.Sequential(nn.Conv2d(1, 10, 64)))
    message = refusal(planned, "grey")
    assert "grey takes no images of 64 px and 3 channels: RuntimeError" in message


def test_a_model_that_needs_values_is_run_with_them(planned, entrypoint):
    def give(m, x):
        return x if float(x.sum()) > -1e9 else None

    entrypoint("mine", answering(give))
    assert planned("mine").arms


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("model", "side", "taken"),
    [
        ("crossvit_tiny_240", 224, "it takes images of 240 px: set data.img_size"),
        ("halonet26t", 100, "it takes images of 256 px: set data.img_size"),
    ],
)
def test_a_model_that_takes_no_such_images_says_which_it_takes(planned, model, side, taken):
    levels = f"model: {{a: test_resnet, b: {model}}}"
    message = refusal(planned, "test_resnet", levels, f"baseline.data.img_size={side}")
    assert f"{model} takes no images of {side} px and 3 channels" in message
    assert taken in message
    assert "tiny.yaml:7:" in message


@pytest.mark.heavy
def test_the_size_of_the_images_is_at_fault_where_it_is_what_departs(planned):
    levels = "data.img_size: {a: 64, b: 100}"
    message = refusal(planned, "halonet26t", levels)
    assert "halonet26t takes no images of 100 px" in message
    assert "tiny.yaml:7:" in message


class Wider(Average):
    """Keys and values of twice the channels, which no attention can use."""

    def forward(self, x):
        return super().forward(x).repeat(1, 2, 1, 1)


def test_a_part_of_the_wrong_shape_is_an_error_at_its_level(planned, monkeypatch):
    monkeypatch.setitem(REDUCTIONS, "wide", Wider)
    message = refusal(planned, "test_rest", "model.reduction: {DW: depthwise, Wide: wide}")
    assert "test_rest takes no images of 64 px and 3 channels: RuntimeError" in message
    assert "tiny.yaml:7:" in message
    assert "it takes images" not in message


def test_what_counters_refuse_is_a_note_and_no_error(planned, entrypoint):
    class Distant(nn.Module):
        def __init__(self, classes):
            super().__init__()
            self.places, self.head = nn.Parameter(torch.randn(8, 64)), nn.Linear(8, classes)

        def forward(self, images):
            return self.head(torch.cdist(images.mean((1, 2)), self.places))

    entrypoint("distant", lambda num_classes, in_chans: Distant(num_classes))
    assert "cdist" in planned("distant").arms[0].cost_record.refused


@pytest.mark.heavy
def test_a_second_plan_looks_at_no_model_again(planned, entrypoint, monkeypatch):
    entrypoint("mine", answering(FORMS["a tuple"][0]))
    first = refusal(planned, "mine")
    side = refusal(planned, "halonet26t", FACTORS, "baseline.data.img_size=100", "factors={}")
    monkeypatch.setattr(outputs, "misfit", lambda *words: pytest.fail("looked again"))
    assert refusal(planned, "mine") == first
    again = refusal(planned, "halonet26t", FACTORS, "baseline.data.img_size=100", "factors={}")
    assert again == side


def test_looking_leaves_the_random_state_alone():
    state = torch.get_rng_state()
    shape = {"num_classes": 10, "in_chans": 3, "img_size": 8}
    assert not outputs.misfit("mine", lambda d, s: Answering(lambda m, x: x, 10).to(d), shape)
    assert torch.equal(torch.get_rng_state(), state)

"""Given weights are loaded whole, under whatever names they come, or not at all."""

import hashlib

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file
from timm.models.vision_transformer import checkpoint_filter_fn

from study.errors import BuildError
from study.models import build
from study.models.weights import load, pretrained, pretrained_cfg
from tests.models.checkpoints import AVERAGED, FORMS, GIVEN, SHAPE, model, prefixed, same


@pytest.mark.parametrize("form", FORMS)
def test_weights_are_found_in_every_wrapping(form, saved):
    filled = model()
    origin = load(filled, saved(FORMS[form]))
    assert same(filled.state_dict(), GIVEN)
    assert not origin.average
    assert origin.state == next((k for k in ("state_dict", "model") if k in FORMS[form]), None)


ELSEWHERE = {
    "net": ({"net": GIVEN, "epoch": 3}, "net", ""),
    "model_state_dict": ({"model_state_dict": GIVEN, "loss": 0.1}, "model_state_dict", ""),
    "a key of its own": ({"weights of mine": GIVEN}, "weights of mine", ""),
    "a level deeper": ({"ema": {"module": GIVEN, "decay": 0.9}}, "ema.module", ""),
    "beside a random state": (
        {"net": GIVEN, "rng": torch.get_rng_state(), "optimizer": {"state": {0: {"m": GIVEN}}}},
        "net",
        "",
    ),
    "beside plain values": ({**GIVEN, "epoch": 3, "name": "mine"}, None, ""),
    "Lightning's": ({"state_dict": prefixed(GIVEN, "model.")}, "state_dict", "model."),
    "a backbone's": (prefixed(GIVEN, "backbone."), None, "backbone."),
    "wrapped twice": (prefixed(GIVEN, "module._orig_mod.net."), None, "module._orig_mod.net."),
    "averaged": ({"n_averaged": torch.tensor(3), **prefixed(GIVEN, "module.")}, None, "module."),
}


@pytest.mark.parametrize("form", ELSEWHERE)
def test_weights_are_recognised_under_any_key_and_prefix(form, saved):
    content, key, prefix = ELSEWHERE[form]
    filled = model()
    origin = load(filled, saved(content))
    assert same(filled.state_dict(), GIVEN)
    assert (origin.state, origin.prefix) == (key, prefix)


def test_numbers_of_numpy_beside_the_tensors_are_read(saved):
    kinds = (np.float64, np.float32, np.float16, np.int64, np.uint8, np.bool_, np.str_)
    numbers = {kind.__name__: kind(1) for kind in kinds}
    filled = model()
    load(filled, saved({"state_dict": GIVEN, "best_acc": np.float64(0.7), "more": numbers}))
    assert same(filled.state_dict(), GIVEN)


BOTH = {"teacher": AVERAGED, "student": GIVEN}


def test_several_sets_that_fit_are_listed_and_one_can_be_named(saved):
    path, filled = saved(BOTH), model()
    message = rf"several fit: teacher \({len(GIVEN)}\), student .*--checkpoint-key.*checkpoint_key"
    with pytest.raises(BuildError, match=message):
        load(filled, path)
    assert load(filled, path, key="teacher").state == "teacher"
    assert same(filled.state_dict(), AVERAGED)
    with pytest.raises(BuildError, match='did you mean "teacher"'):
        load(filled, path, key="teachr")


def test_an_average_of_any_name_is_told_from_the_trained_weights(saved):
    path, filled = saved({"net": GIVEN, "net_ema": AVERAGED}), model()
    assert load(filled, path, ema=True).average
    assert same(filled.state_dict(), AVERAGED)
    assert not load(filled, path, ema=False).average
    assert same(filled.state_dict(), GIVEN)


def test_safetensors_are_read(tmp_path):
    save_file(GIVEN, tmp_path / "weights.safetensors")
    filled = model()
    load(filled, tmp_path / "weights.safetensors")
    assert same(filled.state_dict(), GIVEN)


def test_a_file_is_known_by_its_digest(saved):
    path = saved(GIVEN)
    assert load(model(), path).sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("ema", "expected", "state"),
    [
        (None, AVERAGED, "state_dict_ema"),
        (True, AVERAGED, "state_dict_ema"),
        (False, GIVEN, "state_dict"),
    ],
)
def test_the_average_is_taken_unless_it_is_refused(ema, expected, state, saved):
    filled = model()
    path = saved({"state_dict": GIVEN, "state_dict_ema": prefixed(AVERAGED, "module.")})
    origin = load(filled, path, ema=ema)
    assert same(filled.state_dict(), expected)
    assert (origin.state, origin.average) == (state, state.endswith("ema"))


def test_an_average_that_is_not_there_cannot_be_asked_for(saved):
    with pytest.raises(BuildError, match="keeps no moving average"):
        load(model(), saved({"state_dict": GIVEN}), ema=True)


def test_released_names_are_understood(released, saved):
    filled = build("rest_lite", {}, num_classes=1000, in_chans=3, img_size=64)
    tensors = released("rest_lite")
    load(filled, saved({"model": prefixed(tensors, "module.")}))
    assert torch.equal(filled.head.weight, tensors["head.weight"].float())
    assert torch.equal(
        filled.stages[0].position.conv.weight, tensors["stem.pos.pa_conv.weight"].float()
    )


def test_released_names_of_pvt_are_understood_at_another_size(released, saved):
    filled = build("pvt_tiny", {}, num_classes=1000, in_chans=3, img_size=96)
    tensors = released("pvt_tiny")
    load(filled, saved(tensors))
    assert torch.equal(filled.head.weight, tensors["head.weight"].float())
    assert filled.stages[0].position.theta.shape == (1, 64, 24, 24)


def test_a_family_of_timms_renames_and_resizes_its_own(saved):
    small = timm.create_model("test_vit", num_classes=10, img_size=64)
    large = timm.create_model("test_vit", num_classes=10, img_size=96)
    load(large, saved(small.state_dict()))
    expected = checkpoint_filter_fn(small.state_dict(), large)["pos_embed"]
    assert torch.equal(large.pos_embed, expected)
    assert large.pos_embed.shape != small.pos_embed.shape


# refusals


def test_all_that_does_not_fit_is_told_and_nothing_is_loaded(saved):
    spoilt = {f"{k}_": v for k, v in GIVEN.items() if k.startswith("stages.0")}
    spoilt |= {k: v for k, v in GIVEN.items() if not k.startswith("stages.0")}
    spoilt["norm.weight"] = torch.ones(7)
    filled = model()
    lost = [k for k in GIVEN if k.startswith("stages.0")]
    with pytest.raises(BuildError) as raised:
        load(filled, saved(spoilt))
    head, missing, unexpected, misshapen = str(raised.value).splitlines()
    assert "weights.pth does not fit this ResT" in head
    assert missing.strip() == f"{len(lost)} missing: {', '.join(lost[:12])}, ..."
    assert unexpected.strip().startswith(f"{len(lost)} unexpected: {lost[0]}_, ")
    assert misshapen.strip() == "1 misshapen: norm.weight (7,) for (128,)"
    assert same(filled.state_dict(), model().state_dict())


def test_another_number_of_classes_is_told_as_such(saved):
    other = build("test_rest", {}, num_classes=20, in_chans=3, img_size=64).state_dict()
    message = r"head\.weight \(20, 128\) for \(10, 128\).*\n.*class_map"
    with pytest.raises(BuildError, match=message):
        load(model(), saved(other))


# timm's own


def fetched(overlay, **shape):
    arguments = {"pretrained_cfg_overlay": {"url": "", "hf_hub_id": None, **overlay}}
    config = pretrained_cfg("test_resnet", arguments)
    return pretrained("test_resnet", arguments, config, **{**SHAPE, **shape})


def test_timms_weights_are_those_of_its_configuration(saved):
    theirs = timm.create_model("test_resnet").state_dict()
    path = saved(theirs)
    filled, origin = fetched({"file": str(path)}, num_classes=1000)
    assert same(filled.state_dict(), theirs)
    assert origin.source == str(path)


def test_a_new_classifier_is_never_made_in_silence(saved):
    path = saved(timm.create_model("test_resnet").state_dict())
    with pytest.raises(BuildError, match="weights for 1000 classes, the images have 10"):
        fetched({"file": str(path)})


def test_weights_that_cannot_be_fetched_are_told_with_their_place():
    with pytest.raises(BuildError, match=r"could not be fetched from http://127\.0\.0\.1:9/none"):
        fetched({"url": "http://127.0.0.1:9/none.pth"}, num_classes=1000)


def test_untrained_models_have_no_weights_to_fetch():
    config = pretrained_cfg("test_rest", {})
    with pytest.raises(BuildError, match="no weights for test_rest"):
        pretrained("test_rest", {}, config, **SHAPE)

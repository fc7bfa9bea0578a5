"""A name and arguments make a model, and a user's mistakes are told as such."""

import json

import pytest
import torch

from study.errors import BuildError, UnknownModelError
from study.models import SLOTS, build, resolved

DATA = {"num_classes": 10, "in_chans": 3, "img_size": 64}


def built(name="test_rest", arguments=(), **changes):
    return build(name, dict(arguments), **{**DATA, "device": "meta", **changes})


@pytest.mark.parametrize("slot", SLOTS)
@pytest.mark.parametrize("name", ["test_rest", "test_pvt"])
def test_every_entry_builds_and_runs(name, slot):
    for entry in SLOTS[slot]:
        arm = built(name, {slot: entry}, device=None).eval()
        assert arm(torch.randn(2, 3, 64, 64)).shape == (2, 10)


@pytest.mark.parametrize("name", ["resnet18", "deit_tiny_patch16_224", "rest_large", "pvt_large"])
def test_a_meta_model_has_no_storage(name):
    model = built(name)
    tensors = [*model.parameters(), *model.buffers()]
    assert {tensor.device.type for tensor in tensors} == {"meta"}
    assert model(torch.empty(2, 3, 64, 64, device="meta")).shape == (2, 10)


MISTAKES = [
    ({"reduction": "maximun"}, "reduction", "maximum"),
    ({"redution": "average"}, "redution", "reduction"),
    ({"embedding": "overlap"}, "embedding", "overlapping"),
    ({"stem": 7}, "stem", "known: pvt, resnet, rest"),
    ({"position": None}, "position", "no value"),
    ({"ratios": [8, 4, 2]}, "ratios", "4 values"),
    ({"ratios": [8, 4, 2, 0]}, "ratios", "1 or more"),
    ({"ratios": "8421"}, "ratios", "4 values"),
    ({"dims": [64, 128, 256.0, 512]}, "dims", "whole numbers"),
    ({"mlp_ratios": [4, 4, 4, -1]}, "mlp_ratios", "above 0"),
    ({"heads": [1, 2, 4, 5]}, "heads", "5 heads do not divide 128"),
    ({"attn_norm": "yes"}, "attn_norm", "true or false"),
    ({"drop_path_rate": 1}, "drop_path_rate", "from 0 up to 1"),
    ({"global_pool": ""}, "global_pool", "num_classes 0"),
    ({"num_classes": 3}, "num_classes", "follows from the data"),
]


@pytest.mark.parametrize(("arguments", "at_fault", "message"), MISTAKES, ids=str)
@pytest.mark.parametrize("name", ["test_rest", "test_pvt"])
def test_a_mistake_names_its_argument(name, arguments, at_fault, message):
    with pytest.raises(BuildError, match=message) as raised:
        built(name, arguments)
    assert raised.value.argument == at_fault


def test_an_unknown_model_is_told_the_nearest_name():
    with pytest.raises(UnknownModelError, match='did you mean "rest_lite"'):
        built("rest_lit")


@pytest.mark.parametrize("value", [0.1, None])
def test_an_unknown_argument_of_a_timm_model_is_told_the_nearest(value):
    with pytest.raises(BuildError, match='did you mean "drop_rate"') as raised:
        built("resnet18", {"drop_rat": value})
    assert raised.value.argument == "drop_rat"


def test_what_timm_raises_is_told_and_chained():
    with pytest.raises(BuildError, match="resnet18 cannot be built") as raised:
        built("resnet18", {"output_stride": 5})
    assert isinstance(raised.value.__cause__, AssertionError)


def test_an_image_too_small_to_normalise_is_refused_at_once():
    with pytest.raises(BuildError, match="at least 33 px"):
        built(img_size=32)
    assert built(img_size=33)
    assert built(arguments={"attn_norm": False}, img_size=32)


def test_a_ratio_that_leaves_no_keys_is_refused():
    with pytest.raises(BuildError, match="leaves no key"):
        built(arguments={"ratios": [8, 4, 2, 3], "attn_norm": False}, img_size=32)


def test_lists_and_tuples_make_the_same_model():
    first, other = (built(arguments={"ratios": kind([4, 2, 1, 1])}) for kind in (list, tuple))
    assert first.state_dict().keys() == other.state_dict().keys()


def test_resolved_is_complete_and_ready_for_json():
    arguments = resolved("rest_base", {})
    assert arguments["dims"] == [96, 192, 384, 768]
    assert arguments["reduction"] == "depthwise"
    assert not arguments.keys() & {"num_classes", "in_chans", "img_size", "device", "dtype"}
    assert json.loads(json.dumps(arguments)) == arguments


def test_every_model_of_ours_has_defaults_of_its_own():
    rest, pvt = resolved("rest_lite", {}), resolved("pvt_small", {"heads": [1, 2, 5, 8]})
    assert rest.keys() == pvt.keys()
    assert (rest["reduction"], rest["embedding"]) == ("depthwise", "overlapping")
    assert (pvt["reduction"], pvt["embedding"], pvt["depths"]) == ("strided", "pvt", [3, 4, 6, 3])


def test_writing_a_default_resolves_to_the_same():
    written = {"drop_path_rate": 0, "depths": (2, 2, 2, 2), "mlp_ratios": [4, 4, 4, 4]}
    assert resolved("rest_lite", written) == resolved("rest_lite.untrained", {})
    assert resolved("rest_lite", {"attn_norm": False}) != resolved("rest_lite", {})


def test_other_timm_models_resolve_to_what_was_given():
    assert resolved("resnet18", {"drop_rate": 0.1}) == {"drop_rate": 0.1}

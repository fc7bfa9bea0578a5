"""The released checkpoints load, and then our models answer what the released code answers."""

import pytest
import timm
import torch

import study.models  # noqa: F401
from study.models.released_checkpoints import checkpoint_filter_fn, renamed

SIZES = {"rest": [(2, 64, 64), (1, 96, 160), (1, 224, 224)], "pvt": [(1, 224, 224)]}
SLOW = ["rest_small", "rest_base", "rest_large", "pvt_small", "pvt_medium", "pvt_large"]
NAMES = ["rest_lite", "pvt_tiny", *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW)]


def restored(name, released):
    model = timm.create_model(name).eval().double()
    model.load_state_dict(checkpoint_filter_fn(released(name), model), strict=True)
    return model


def worst(model, picture, expected, name, dtype):
    """The largest difference over all sizes, in units of the largest logit."""
    differences = []
    for size in SIZES[name.partition("_")[0]]:
        reference = expected[f"{name}_{'x'.join(map(str, size))}"]
        with torch.no_grad():
            logits = model.to(dtype)(picture(*size).to(dtype)).double()
        first = torch.tensor(reference["first"], dtype=torch.float64)
        apart = (logits[0, :16] - first).abs().max(), logits.abs().max() - reference["largest"]
        differences.append(max(abs(float(d)) for d in apart) / reference["largest"])
    return max(differences)


@pytest.mark.parametrize("name", NAMES)
def test_logits_are_those_of_the_released_code(name, released, released_logits, picture):
    model = restored(name, released)
    assert worst(model, picture, released_logits, name, torch.float64) < 1e-10
    assert worst(model, picture, released_logits, name, torch.float32) < 1e-3


@pytest.mark.parametrize("name", ["test_rest", "test_pvt"])
def test_own_names_stay_as_they_are(name):
    names = timm.create_model(name, device="meta").state_dict()
    assert [renamed(name) for name in names] == list(names)


def test_a_checkpoint_wrapped_in_model_is_unwrapped(released):
    model = timm.create_model("rest_lite", device="meta")
    wrapped = checkpoint_filter_fn({"model": released("rest_lite")}, model)
    assert wrapped.keys() == model.state_dict().keys()


def test_learned_positions_are_brought_to_the_models_size():
    small, large = (
        timm.create_model("test_rest", position="learned", img_size=n) for n in (64, 96)
    )
    large.load_state_dict(checkpoint_filter_fn(small.state_dict(), large))
    picture = torch.randn(1, 3, 96, 96)
    torch.testing.assert_close(large.eval()(picture), small.eval()(picture))


def test_timm_loads_a_released_checkpoint_file(released, tmp_path):
    file = tmp_path / "released.pth"
    torch.save({k: v.float() for k, v in released("rest_lite").items()}, file)
    overlay = {"file": str(file), "url": "", "hf_hub_id": None}
    model = timm.create_model("rest_lite", pretrained=True, pretrained_cfg_overlay=overlay)
    expected = released("rest_lite")["head.weight"].float()
    torch.testing.assert_close(model.head.weight.detach(), expected)

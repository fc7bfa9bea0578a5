"""Models on images that are not square: built, counted, trained and filled with weights."""

from functools import partial

import pytest
import torch

from study.errors import SizeError
from study.metrics.cost import cost
from study.metrics.fvcore_counter import by_fvcore
from study.models import build
from study.models.outputs import misfit
from study.models.released_checkpoints import checkpoint_filter_fn

FAMILIES = {
    "test_vit": {},
    "vit_tiny_patch16_224": {},
    "swin_tiny_patch4_window7_224": {},
    "test_convnext": {},
    "test_resnet": {},
    "test_rest": {"position": "learned"},
    "test_pvt": {},
}
SHAPE = {"num_classes": 10, "in_chans": 3, "img_size": (64, 96)}


@pytest.mark.heavy
@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_is_built_counted_and_trained(name):
    build_on = partial(build, name, FAMILIES[name], **SHAPE)
    counted = cost(lambda device: build_on(device=device), (3, 64, 96))
    model = build_on()
    by_others = by_fvcore(model.eval(), (3, 64, 96))
    assert counted.macs["conv+linear+matmul"] == pytest.approx(
        sum(by_others.macs[kind] for kind in ("conv", "linear", "matmul")), rel=0.01
    )
    model.train()(torch.randn(2, 3, 64, 96)).sum().backward()
    assert not misfit(name, lambda device, size: build_on(device=device), SHAPE)


def test_costs_of_a_convolution_follow_the_area():
    wide, high = (
        cost(lambda device, size=size: built(size, device), (3, *size))
        for size in ((64, 96), (96, 64))
    )
    assert wide.macs == high.macs


def built(size, device):
    return build("test_resnet", {}, **{**SHAPE, "img_size": size}, device=device)


def test_a_model_of_one_size_is_refused_with_sizes_that_it_takes():
    shape = {**SHAPE, "img_size": (64, 90)}

    def builder(device, size):
        return build("test_vit", {}, **{**shape, "img_size": size}, device=device)

    with pytest.raises(SizeError, match=r"no images of 64×90 px.* takes images of 64, 64×96, "):
        misfit("test_vit", builder, shape)


@pytest.mark.parametrize("name", ["test_rest", "test_pvt"])
def test_learned_positions_are_resampled_to_an_oblong_grid(name):
    arguments = FAMILIES[name]
    square = build(name, arguments, **{**SHAPE, "img_size": 64})
    oblong = build(name, arguments, **SHAPE)
    key = next(n for n, _ in oblong.named_parameters() if n.endswith("position.theta"))
    assert oblong.state_dict()[key].shape[-2:] == (16, 24)
    oblong.load_state_dict(checkpoint_filter_fn(square.state_dict(), oblong))
    theirs = torch.nn.functional.interpolate(
        square.state_dict()[key], size=(16, 24), mode="bilinear"
    )
    assert torch.equal(oblong.state_dict()[key], theirs)
    back = checkpoint_filter_fn(oblong.state_dict(), square)
    assert back[key].shape == square.state_dict()[key].shape
    # The model resamples by itself for an image of another size.
    assert square.eval()(torch.randn(1, 3, 64, 96)).shape == (1, 10)


def test_vits_positions_are_resampled_from_a_square_to_an_oblong_grid():
    from timm.models.vision_transformer import checkpoint_filter_fn as of_timm

    square, oblong = (build("test_vit", {}, **{**SHAPE, "img_size": s}) for s in (64, (64, 96)))
    oblong.load_state_dict(of_timm(square.state_dict(), oblong))
    assert oblong.patch_embed.grid_size == (4, 6)

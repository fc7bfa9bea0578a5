"""Embeddings, against independent computations; their contract is tested with that of all slots."""

import pytest
import torch
from torch.nn import functional

from study.models.channel_norm import ChannelNorm
from study.models.parts.embeddings import EMBEDDINGS


@pytest.fixture
def images():
    return torch.randn(2, 3, 8, 6, generator=torch.Generator().manual_seed(0))


def built(name):
    torch.manual_seed(0)
    return EMBEDDINGS[name](3, 4).eval()


@pytest.mark.parametrize("size", [(8, 6), (7, 6), (8, 5), (1, 3)])
@pytest.mark.parametrize("name", EMBEDDINGS)
def test_every_embedding_halves_the_map_and_rounds_up(name, size):
    halves = tuple(-(-side // 2) for side in size)
    assert built(name)(torch.randn(2, 3, *size)).shape == (2, 4, *halves)


@pytest.mark.parametrize("name", EMBEDDINGS)
def test_names_are_those_of_the_released_checkpoints(name):
    assert {parameter.rpartition(".")[0] for parameter in built(name).state_dict()} == {
        "conv",
        "norm",
    }


def test_the_norm_alone_tells_pvts_from_plain(images):
    plain, pvt = built("plain"), built("pvt")
    torch.testing.assert_close(pvt.norm(plain.conv(images)), pvt(images))
    assert (type(plain.norm), type(pvt.norm)) == (torch.nn.BatchNorm2d, ChannelNorm)


def test_overlap_alone_tells_plain_from_overlapping(images):
    plain, overlapping = built("plain"), built("overlapping")
    with torch.no_grad():
        overlapping.conv.weight.zero_()[:, :, 1:, 1:] = plain.conv.weight  # without its first row
        overlapping.conv.bias.copy_(plain.conv.bias)
    torch.testing.assert_close(plain(images), overlapping(images))


def test_pvts_is_the_linear_map_of_a_patch_and_layer_norm(images):
    pvt = built("pvt")
    patches = functional.unfold(images, 2, stride=2).mT  # (B, N, 4*C')
    tokens = functional.linear(patches, pvt.conv.weight.flatten(1), pvt.conv.bias)
    expected = functional.layer_norm(tokens, (4,), pvt.norm.weight, pvt.norm.bias, 1e-5)
    torch.testing.assert_close(pvt(images).flatten(2).mT, expected)


@pytest.mark.parametrize("name", ["plain", "pvt"])
def test_an_odd_side_is_filled_up_with_zeros(name, images):
    odd, filled = images[:, :, :7, :5], images.clone()
    filled[:, :, 7:], filled[:, :, :, 5:] = 0, 0
    torch.testing.assert_close(built(name)(odd), built(name)(filled))

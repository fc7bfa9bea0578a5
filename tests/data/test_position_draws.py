"""Draws by position: arms see the same images, whatever else differs."""

import numpy as np
import pytest
import torch

from study.tasks.classification.data import load
from study.tasks.classification.data.crops import CropsAndFlips
from study.tasks.classification.data.in_memory import InMemoryImages
from study.tasks.classification.data.position_draws import PIECE
from study.tasks.classification.data.random_erasing import Erasing
from study.tasks.classification.data.sampler import order
from study.tasks.classification.schema import Recipe
from tests.data.digits import DIGITS, EPOCH, PILLOW, VARIED, drawn, of_folder

LARGER = {"held": VARIED, "pillow": PILLOW.model_copy(update={"reprob": 0.5})}
ODD = 48  # divides neither 64 nor the 1,437 digits


@pytest.mark.parametrize("recipe", LARGER.values(), ids=LARGER)
@pytest.mark.parametrize("remode", ["const", "rand", "pixel"])
def test_an_image_is_augmented_alike_whatever_the_size_of_its_batch(recipe, remode):
    data = DIGITS.model_copy(update={"train_limit": 256})
    recipe = recipe.model_copy(update={"remode": remode})
    images, targets = drawn(data, recipe)
    for size in (ODD, 256):
        others = drawn(data, recipe.model_copy(update={"batch_size": size}))
        both = min(len(targets), len(others[1]))
        assert torch.equal(images[:both], others[0][:both])
        assert torch.equal(targets[:both], others[1][:both])


def test_files_are_erased_alike_whatever_the_size_of_their_batch(folder):
    recipe = PILLOW.model_copy(update={"reprob": 0.5, "recount": 2, "batch_size": 8})
    images, _ = drawn(of_folder(folder), recipe)
    others, _ = drawn(of_folder(folder), recipe.model_copy(update={"batch_size": 12}))
    assert torch.equal(images[:36], others)


@pytest.mark.parametrize("recipe", LARGER.values(), ids=LARGER)
def test_an_epoch_that_goes_on_sees_what_it_would_have_seen(recipe):
    data = DIGITS.model_copy(update={"train_limit": 200})
    recipe = recipe.model_copy(update={"batch_size": ODD})
    whole = list(load(data, workers=0).train_batches(recipe, seed=3, epoch=1))
    rest = list(load(data, workers=0).train_batches(recipe, seed=3, epoch=1, first=2))
    assert len(rest) == len(whole) - 2
    assert all(torch.equal(a[0], b[0]) for a, b in zip(whole[2:], rest, strict=True))


@pytest.mark.parametrize("recipe", LARGER.values(), ids=LARGER)
def test_processes_that_share_a_batch_see_what_is_seen_alone(recipe):
    data = DIGITS.model_copy(update={"train_limit": 96})
    recipe = recipe.model_copy(update={"batch_size": ODD, "recount": 3})
    images = load(data, workers=0)
    shares = [
        [x for x, _ in images.train_batches(recipe, seed=0, epoch=0, first=1, rank=r, world=3)]
        for r in range(3)
    ]
    alone = list(images.train_batches(recipe, seed=0, epoch=0))[1][0]
    assert torch.equal(torch.cat([share[0] for share in shares]), alone)


def test_another_interpolation_sees_the_same_part_of_an_image():
    """Where a pixel is its own column and row, the mean of a crop says where it lies."""
    ramp = torch.arange(32, dtype=torch.uint8).mul(8)
    pixels = torch.stack([ramp.expand(32, 32), ramp.expand(32, 32).T, ramp.expand(32, 32)])
    held = InMemoryImages(pixels.expand(64, 3, 32, 32), torch.zeros(64, dtype=torch.long), DIGITS)
    recipe = VARIED.model_copy(update={"scale": [0.1, 0.6]})
    nearest, *others = (
        next(iter(held.training(recipe.model_copy(update={"interpolation": how}), EPOCH)))[0]
        for how in ("nearest", "bilinear", "bicubic", "random")
    )
    for other in others:
        gap = nearest.float().mean((2, 3)) - other.float().mean((2, 3))
        assert gap.abs().max() < 4  # half a pixel
        corners = [x[:, :, ::31, ::31].float().sign().diff() for x in (nearest, other)]
        assert (corners[0] - corners[1]).abs().mean() < 0.05  # flipped alike


def test_pillows_nearest_neighbours_are_those_of_the_gather():
    recipe = VARIED.model_copy(update={"batch_size": 64})
    held = load(DIGITS, workers=0).train
    gathered, _ = next(iter(held.training(recipe, EPOCH)))
    views = CropsAndFlips.of(recipe, (32, 32), EPOCH.keys(1))
    places = order(len(held), recipe, EPOCH)
    for place in range(20):
        actual = np.asarray(views.applied(held.picture(places[place])[0], place))
        assert (actual[..., 0] != gathered[place, 0].numpy()).mean() < 0.02  # ties of rounding


def test_the_smaller_chance_of_erasing_erases_some_of_what_the_larger_does():
    blank = [torch.full((PIECE, 1, 8, 8), 7.0) for _ in range(2)]
    for x, reprob in zip(blank, (0.2, 0.6), strict=True):
        Erasing.of(Recipe(reprob=reprob, remode="pixel"), (8, 8), (0,))(x, range(PIECE))
    few, many = ((x != 7).flatten(1).any(1) for x in blank)
    assert 0.17 < few.float().mean() < 0.23
    assert (few & ~many).sum() == 0
    assert torch.equal(blank[0][few], blank[1][few])


def test_draws_go_on_from_piece_to_piece():
    views = CropsAndFlips.of(VARIED, (32, 32), (0,))
    across = views.at(range(PIECE - 2, PIECE + 2))
    apart = [views.at([place]) for place in range(PIECE - 2, PIECE + 2)]
    assert torch.equal(across.box.left, torch.cat([view.box.left for view in apart]))
    assert not torch.equal(views.at(range(8)).box.left, views.at(range(PIECE, PIECE + 8)).box.left)

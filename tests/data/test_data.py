"""Images by name: what is read, what is refused, and that chance depends on its keys alone."""

import io
import random
import tarfile
from contextlib import nullcontext
from importlib.util import find_spec

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_digits
from timm.data import create_transform
from torch.testing import assert_close
from torchvision.transforms import RandomResizedCrop

from study.data import evaluated_split, load, validation
from study.data.crops import CropsAndFlips, crops
from study.data.dataset import _load, _validation
from study.data.generators import generator, seeded
from study.data.in_memory import InMemoryImages, cropped
from study.data.position_draws import PIECE
from study.data.random_erasing import Erasing
from study.data.sampler import Epoch, cut, order
from study.data.transforms import AtLeastOneBit, image_transform
from study.data.webdataset import ShardStream
from study.errors import DataError
from study.seeding import fold
from study.spec.schema import Data, Recipe

VARIED = Recipe(batch_size=64, color_jitter=0, interpolation="nearest", vflip=0.5, reprob=0.5)
PLAIN = VARIED.model_copy(
    update={"hflip": 0, "vflip": 0, "reprob": 0, "scale": [1, 1], "ratio": [1, 1], "crop_pct": 1}
)
PILLOW = Recipe(batch_size=64, aa="rand-m9-mstd0.5-inc1")
DIGITS = Data(name="digits", img_size=32)
EPOCH = Epoch(seed=0, number=0)
FIRST_TARGETS = [1, 4, 8, 6, 5, 9, 9, 1, 3, 2, 2, 2, 0, 7, 4, 8]
PIXELS = 5_137_274_752  # weighted by place


@pytest.fixture(autouse=True)
def _nothing_cached():
    yield
    _load.cache_clear()
    _validation.cache_clear()


def drawn(data, recipe, *, seed=0, epoch=0, workers=0):
    batches = load(data, workers=workers).train_batches(recipe, seed=seed, epoch=epoch)
    images, targets = zip(*batches, strict=True)
    return torch.cat(images), torch.cat(targets)


def seen(data, recipe=PLAIN):
    images, targets = zip(*load(data, workers=0).val_batches(recipe), strict=True)
    return torch.cat(images), torch.cat(targets)


DATABASE = load_digits()


def digit(index):
    pixels = (DATABASE.images[index] * (255 / 16)).round().astype(np.uint8)
    return Image.fromarray(pixels), int(DATABASE.target[index])


@pytest.fixture
def folder(tmp_path):
    """A class folder of 40 digits to train on and 30 to evaluate, as PNG files."""
    for split, indices in (("train", range(40)), ("val", range(40, 70))):
        for index in indices:
            picture, target = digit(index)
            place = tmp_path / "digits" / split / str(target)
            place.mkdir(parents=True, exist_ok=True)
            picture.resize((24, 24)).save(place / f"{index:03}.png")
    return tmp_path / "digits"


@pytest.fixture
def tars(folder, tmp_path):
    """The same in train.tar and validation.tar."""
    root = tmp_path / "tars"
    root.mkdir()
    for split, name in (("train", "train"), ("val", "validation")):
        with tarfile.open(root / f"{name}.tar", "w") as tar:
            for path in sorted((folder / split).rglob("*.png")):
                tar.add(path, arcname=str(path.relative_to(folder / split)))
    return root


@pytest.fixture
def fashion(tmp_path):
    """torchvision's files of fashion-MNIST, holding digits: 50 to train on and 20 to evaluate."""
    raw = tmp_path / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for prefix, indices in (("train", range(50)), ("t10k", range(50, 70))):
        pictures, targets = zip(*(digit(i) for i in indices), strict=True)
        pixels = np.stack([np.asarray(p.resize((28, 28))) for p in pictures])
        _idx(raw / f"{prefix}-images-idx3-ubyte", pixels)
        _idx(raw / f"{prefix}-labels-idx1-ubyte", np.asarray(targets, np.uint8))
    return tmp_path


def _idx(path, array):
    head = bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    path.write_bytes(head + array.tobytes())


# digits


def test_digits_are_split_1437_to_360_with_every_class_in_its_share():
    images = load(DIGITS)
    shares = [torch.bincount(half.targets) / len(half) for half in (images.train, images.val)]
    assert (images.train_size, images.val_size, images.classes) == (1437, 360, 10)
    assert_close(*shares, atol=0.003, rtol=0)


def test_the_split_of_the_digits_is_this_one_for_ever():
    val = load(DIGITS).val
    assert val.targets[:16].tolist() == FIRST_TARGETS
    assert (val.pixels.sum((1, 2, 3)) * torch.arange(360)).sum() == PIXELS


def test_digits_are_enlarged_by_nearest_neighbour():
    small, large = (load(Data(name="digits", img_size=s)).val.pixels for s in (8, 24))
    assert torch.equal(small.repeat_interleave(3, 2).repeat_interleave(3, 3), large)


def test_other_sizes_are_resized_by_pillow():
    assert load(Data(name="digits", img_size=30)).val.pixels.shape == (360, 1, 30, 30)


def test_a_set_is_decoded_once_in_a_process():
    assert load(DIGITS) is load(Data(name="digits", img_size=32))


def test_pixels_are_normalised_with_imagenets_statistics():
    images, _ = seen(DIGITS)
    pixels = load(DIGITS).val.pixels / 255
    assert_close(images[:, 2], (pixels[:, 0] - 0.406) / 0.225)


def test_one_channel_is_normalised_with_the_mean_of_three():
    images, _ = seen(DIGITS.model_copy(update={"in_chans": 1}))
    assert images.shape == (360, 1, 32, 32)
    assert images.min().item() == pytest.approx(-(0.485 + 0.456 + 0.406) / (0.229 + 0.224 + 0.225))


def test_given_statistics_are_used():
    images, _ = seen(DIGITS.model_copy(update={"mean": [0.0], "std": [1.0]}))
    assert (images.min(), images.max()) == (0, 1)


def test_two_statistics_are_refused():
    with pytest.raises(ValueError, match=r"2 values; give 1, or 3 \(one per channel\)"):
        Data(name="digits", mean=[0.0, 0.1])


# evaluation


def test_evaluation_sees_each_image_once_and_in_order():
    _, targets = seen(DIGITS)
    assert torch.equal(targets, load(DIGITS).val.targets)


@pytest.mark.parametrize("interpolation", ["nearest", "bicubic"])
@pytest.mark.parametrize("crop_pct", [0.875, 1.0])
def test_evaluation_crops_as_timm_does(crop_pct, interpolation):
    how = {"crop_pct": crop_pct, "interpolation": interpolation}
    recipe = PLAIN.model_copy(update=how)
    transform = create_transform(32, **how)
    expected = torch.stack([transform(load(DIGITS).val.picture(i)[0]) for i in range(20)])
    assert_close(seen(DIGITS, recipe)[0][:20], expected, atol=1e-5, rtol=1e-5)


# training


def test_without_augmentation_each_image_is_as_it_is():
    images, targets = drawn(DIGITS, PLAIN)
    indices = order(1437, PLAIN, EPOCH)[: len(images)]
    assert torch.equal(targets, load(DIGITS).train.targets[indices])
    assert_close(images[:, 0], (load(DIGITS).train.pixels[indices, 0] / 255 - 0.485) / 0.229)


def test_the_last_incomplete_batch_is_dropped_unless_it_is_the_only_one():
    assert [len(batch) for batch in cut(range(10), 4, training=True)] == [4, 4]
    assert [len(batch) for batch in cut(range(3), 4, training=True)] == [3]
    assert [len(batch) for batch in cut(range(10), 4, training=False)] == [4, 4, 2]


def test_the_number_of_batches_is_known_beforehand():
    batches = load(DIGITS).train_batches(VARIED, seed=0, epoch=0)
    assert len(batches) == len(list(batches)) == 22


@pytest.mark.parametrize("recipe", [VARIED, PILLOW], ids=["held", "pillow"])
def test_an_epoch_depends_on_seed_and_number_alone(recipe):
    data = DIGITS.model_copy(update={"train_limit": 128})
    first = drawn(data, recipe, seed=1, epoch=2)
    torch.manual_seed(99)
    random.seed(99)
    np.random.seed(99)
    second = drawn(data, recipe, seed=1, epoch=2)
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    for seed, epoch in ((1, 3), (2, 2)):
        assert not torch.equal(first[0], drawn(data, recipe, seed=seed, epoch=epoch)[0])


@pytest.mark.parametrize("recipe", [VARIED, PILLOW], ids=["held", "pillow"])
def test_reading_leaves_the_global_random_state_alone(recipe):
    before = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].copy()
    drawn(DIGITS.model_copy(update={"train_limit": 64}), recipe)
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1] == random.getstate()
    assert np.array_equal(before[2], np.random.get_state()[1])


def test_repeated_augmentation_shows_an_image_three_times_each_time_otherwise():
    recipe = PILLOW.model_copy(update={"aug_repeats": 3})
    assert len(set(order(600, recipe, EPOCH))) == 512 // 3 + 1
    data = DIGITS.model_copy(update={"train_limit": 64})
    images, targets = drawn(data, recipe)
    assert targets[0] == targets[1] == targets[2]
    assert not torch.equal(images[0], images[1])


def test_channels_last_is_only_a_layout():
    last = VARIED.model_copy(update={"channels_last": True})
    images = drawn(DIGITS, last)[0]
    batch = next(iter(load(DIGITS).train_batches(last, seed=0, epoch=0)))[0]
    assert batch.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(images, drawn(DIGITS, VARIED)[0])


def test_no_augmentation_at_all_is_just_the_order():
    recipe = VARIED.model_copy(update={"no_aug": True})
    assert torch.equal(drawn(DIGITS, recipe)[0], drawn(DIGITS, PLAIN)[0])


# crops, flips, erasing


def test_crops_have_the_areas_and_ratios_that_torchvision_draws():
    recipe = Recipe(scale=[0.2, 0.8])
    box = crops(4000, recipe, side=224, draws=generator(0))
    draw = RandomResizedCrop.get_params
    with seeded(0):
        picture = torch.empty(1, 224, 224)
        theirs = torch.tensor([draw(picture, [0.2, 0.8], [3 / 4, 4 / 3]) for _ in range(4000)])
    ours = torch.stack([box.top, box.left, box.height, box.width], 1)
    levels = torch.tensor([0.05, 0.25, 0.5, 0.75, 0.95])
    assert_close(ours.quantile(levels, 0), theirs.float().quantile(levels, 0), atol=7, rtol=0)


def test_crops_lie_inside_the_image():
    box = crops(2000, Recipe(), side=16, draws=generator(1))
    assert (box.top >= 0).all()
    assert (box.left >= 0).all()
    assert (box.top + box.height <= 16).all()
    assert (box.left + box.width <= 16).all()


def test_where_no_crop_fits_the_central_one_is_taken():
    box = crops(3, Recipe(scale=[1, 1], ratio=[2, 2]), side=16, draws=generator(0))
    assert [side.unique().tolist() for side in box] == [[4], [0], [8], [16]]


def test_flips_mirror_rows_and_columns():
    pixels = torch.arange(16, dtype=torch.uint8).view(1, 1, 4, 4)
    recipe = PLAIN.model_copy(update={"hflip": 1.0, "vflip": 1.0})
    flipped = cropped(pixels, torch.tensor([0]), CropsAndFlips.of(recipe, 4, (0,)).at([0]))
    assert torch.equal(flipped, pixels.flip(2, 3))


def test_a_half_size_crop_is_doubled_by_nearest_neighbour():
    pixels = torch.arange(16, dtype=torch.uint8).view(1, 1, 4, 4)
    recipe = PLAIN.model_copy(update={"scale": [0.25, 0.25]})
    crop = cropped(pixels, torch.tensor([0]), CropsAndFlips.of(recipe, 4, (0,)).at([0]))
    assert torch.equal(crop, crop[..., ::2, ::2].repeat_interleave(2, 2).repeat_interleave(2, 3))


@pytest.mark.parametrize("remode", ["const", "rand", "pixel"])
def test_erasing_fills_a_part_of_some_images(remode):
    recipe = Recipe(reprob=0.5, remode=remode)
    x = torch.full((400, 3, 32, 32), 7.0)
    Erasing.of(recipe, 32, (0,))(x, range(400))
    area = (x != 7).any(1).float().mean((1, 2))
    assert 0.4 < (area > 0).float().mean() < 0.6
    assert 0.01 < area[area > 0].min() < area.max() < 0.36
    assert area[area > 0].mean() == pytest.approx((0.02 + 1 / 3) / 2, abs=0.02)


def test_several_patches_share_the_area_of_one():
    x = torch.ones(400, 1, 32, 32)
    recipe = Recipe(reprob=1, remode="const", recount=3)
    Erasing.of(recipe, 32, (0,))(x, range(400))
    assert (x == 0).float().mean((1, 2, 3)).max() < 0.4


# pairing


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
    views = CropsAndFlips.of(recipe, 32, EPOCH.keys(1))
    places = order(len(held), recipe, EPOCH)
    for place in range(20):
        actual = np.asarray(views.applied(held.picture(places[place])[0], place))
        assert (actual[..., 0] != gathered[place, 0].numpy()).mean() < 0.02  # ties of rounding


def test_the_smaller_chance_of_erasing_erases_some_of_what_the_larger_does():
    blank = [torch.full((PIECE, 1, 8, 8), 7.0) for _ in range(2)]
    for x, reprob in zip(blank, (0.2, 0.6), strict=True):
        Erasing.of(Recipe(reprob=reprob, remode="pixel"), 8, (0,))(x, range(PIECE))
    few, many = ((x != 7).flatten(1).any(1) for x in blank)
    assert 0.17 < few.float().mean() < 0.23
    assert (few & ~many).sum() == 0
    assert torch.equal(blank[0][few], blank[1][few])


def test_draws_go_on_from_piece_to_piece():
    views = CropsAndFlips.of(VARIED, 32, (0,))
    across = views.at(range(PIECE - 2, PIECE + 2))
    apart = [views.at([place]) for place in range(PIECE - 2, PIECE + 2)]
    assert torch.equal(across.box.left, torch.cat([view.box.left for view in apart]))
    assert not torch.equal(views.at(range(8)).box.left, views.at(range(PIECE, PIECE + 8)).box.left)


# Pillow


@pytest.mark.parametrize("interpolation", ["random", "bilinear", "bicubic", "lanczos"])
def test_only_nearest_neighbours_keep_to_the_levels_of_the_digits(interpolation):
    data, recipe = DIGITS.model_copy(update={"train_limit": 64}), Recipe(color_jitter=0)
    counts = [
        len(drawn(data, recipe.model_copy(update={"interpolation": how}))[0][:, 0].unique())
        for how in ("nearest", interpolation)
    ]
    assert counts[0] <= 17 < counts[1]


def test_posterize_of_no_bits_keeps_one():
    assert AtLeastOneBit(lambda level, hparams: (0,))(9.0, {}) == (1,)
    assert AtLeastOneBit(lambda level, hparams: (3,))(2.0, {}) == (3,)


@pytest.mark.parametrize("aa", ["rand-m10-n15-p1-inc1", "v0", "originalr", "augmix-m10-w1-d3"])
def test_every_augmentation_survives_its_full_strength(aa):
    recipe = Recipe(aa=aa)
    transform = image_transform(DIGITS, recipe, training=True)
    with seeded(0):
        for _ in range(60):
            assert transform(load(DIGITS).train.picture(0)[0]).dtype == torch.uint8


def test_one_channel_goes_through_pillow_too():
    images, _ = drawn(DIGITS.model_copy(update={"in_chans": 1, "train_limit": 64}), PILLOW)
    assert images.shape == (64, 1, 32, 32)


def test_an_augmentation_that_timm_does_not_know_is_named():
    with pytest.raises(DataError, match="rnd-m9"):
        drawn(DIGITS, PILLOW.model_copy(update={"aa": "rnd-m9"}))


# files


def of_folder(root, **more):
    return Data(name="folder", root=str(root), img_size=24, **more)


def test_a_class_folder_is_read(folder):
    images = load(of_folder(folder), workers=0)
    assert (images.train_size, images.val_size, images.classes) == (40, 30, 10)


def test_files_are_evaluated_as_timm_would(folder):
    how = {"crop_pct": 0.9, "interpolation": "bicubic"}
    recipe = PLAIN.model_copy(update=how)
    transform = create_transform(24, **how)
    paths = sorted((folder / "val").rglob("*.png"))
    expected = torch.stack([transform(Image.open(path).convert("RGB")) for path in paths])
    images, targets = seen(of_folder(folder), recipe)
    assert_close(images, expected, atol=1e-5, rtol=1e-5)
    assert targets.tolist() == [int(path.parent.name) for path in paths]


@pytest.mark.parametrize("recipe", [PLAIN, PILLOW], ids=["plain", "pillow"])
def test_a_tar_holds_what_its_folder_holds(folder, tars, recipe):
    recipe = recipe.model_copy(update={"batch_size": 16})
    ours, theirs = drawn(of_folder(folder), recipe), drawn(of_folder(tars), recipe)
    assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


def test_worker_processes_change_no_pixel(folder):
    recipe = PILLOW.model_copy(update={"batch_size": 16, "reprob": 0.5})
    alone = drawn(of_folder(folder), recipe, workers=0)
    helped = drawn(of_folder(folder), recipe, workers=2)
    assert all(torch.equal(a, b) for a, b in zip(alone, helped, strict=True))


def test_limits_keep_the_classes_mixed_and_are_nested(folder):
    ten, twenty = (load(of_folder(folder, train_limit=n), workers=0).train for n in (10, 20))
    assert set(ten.indices) < set(twenty.indices)
    assert len({ten.picture(i)[1] for i in range(10)}) > 4


def test_a_broken_picture_is_named_and_not_replaced_by_another(folder):
    (folder / "val" / "3" / "zzz.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"zzz\.png cannot be decoded"):
        seen(of_folder(folder))


def test_a_missing_split_says_what_was_looked_for_and_what_is_there(folder):
    (folder / "val").rename(folder / "holdout")
    with pytest.raises(DataError, match=r'no split "validation".*val\.tar.*holdout'):
        load(of_folder(folder))
    assert load(of_folder(folder, val_split="holdout")).val_size == 30


def test_a_missing_class_would_shift_the_others_and_is_refused(folder):
    for path in (folder / "val" / "3").iterdir():
        path.unlink()
    with pytest.raises(DataError, match=r"val: 3 has no picture of its own"):
        load(of_folder(folder))
    (folder / "val" / "3").rmdir()
    with pytest.raises(DataError, match=r"different classes \(3 only in .*train\)"):
        load(of_folder(folder))


def test_a_class_map_settles_the_classes(folder):
    (folder / "map.txt").write_text("4\n7\n")
    images = load(of_folder(folder, class_map="map.txt"), workers=0)
    assert images.classes == 2
    assert {images.val.picture(i)[1] for i in range(images.val_size)} == {0, 1}


# without a training half


def looked(data, recipe=PLAIN):
    images, targets = zip(*validation(data, workers=0).val_batches(recipe), strict=True)
    return torch.cat(images), torch.cat(targets)


def alike(ours, theirs):
    return all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


def test_what_is_evaluated_is_the_same_without_a_training_half(folder, tars):
    for root in (folder, tars):
        whole = seen(of_folder(root, val_limit=20))
        half = next(path for path in root.iterdir() if path.stem == "train")
        half.rename(root.parent / f"away-{half.name}")
        assert alike(looked(of_folder(root, val_limit=20)), whole)


def test_a_root_may_itself_be_what_is_evaluated(folder, tars):
    expected = seen(of_folder(folder))
    for root in (folder / "val", tars / "validation.tar"):
        assert alike(looked(of_folder(root, val_split=".")), expected)


def test_the_training_half_can_be_evaluated_too(folder):
    images = validation(of_folder(folder, val_split="train"), workers=0)
    assert images.val_size == 40


def test_where_no_split_is_named_a_root_that_has_none_is_the_split(folder, tars):
    assert evaluated_split(str(folder)) == evaluated_split(str(tars)) == "validation"
    assert evaluated_split(str(folder / "val")) == "."
    assert evaluated_split(str(tars / "train.tar")) == "."
    (folder / "val").rename(folder / "holdout")  # beside train, so no class
    assert evaluated_split(str(folder)) == "validation"


def test_a_tar_that_cannot_be_read_is_refused(folder, tars):
    (tars / "validation.tar").write_bytes(b"no tar" * 200)
    with pytest.raises(DataError, match=r"validation\.tar"):
        looked(of_folder(tars))


def test_digits_are_evaluated_alike_by_themselves():
    assert alike(looked(DIGITS), seen(DIGITS))
    assert validation(DIGITS) is validation(DIGITS)


@pytest.mark.parametrize("images", [60_000, 70_000])
def test_a_set_is_held_for_one_half_where_it_is_for_both(images, fashion, monkeypatch):
    monkeypatch.setattr("study.spec.schema.data.HELD", images * 28**2 * 3)
    data = Data(name="torch/fashion_mnist", root=str(fashion), img_size=28)
    assert type(validation(data).val) is type(load(data).val)
    assert isinstance(load(data).val, InMemoryImages) == (images == 70_000)


def test_the_training_half_of_a_torch_set_is_not_read_to_evaluate_the_other(fashion):
    data = Data(name="torch/fashion_mnist", root=str(fashion), img_size=28)
    expected = seen(data)
    (fashion / "FashionMNIST" / "raw" / "train-images-idx3-ubyte").write_bytes(b"no images")
    assert alike(looked(data), expected)


@pytest.mark.parametrize("crop_pct", [0.875, 0.95, 1.0])
def test_preprocessing_is_told_as_timm_does_it(crop_pct, folder):
    recipe = PLAIN.model_copy(update={"crop_pct": crop_pct, "interpolation": "random"})
    data = of_folder(folder)
    told = validation(data, workers=0).preprocessing(recipe)
    resize, crop = image_transform(data, recipe, training=False).transforms[:2]
    assert (told.resize, told.img_size) == (resize.size, crop.size[0])
    assert told.interpolation == resize.interpolation.value == "bilinear"
    assert (told.mean, told.held) == ([0.485, 0.456, 0.406], False)


# torchvision


def test_fashion_mnist_is_held_with_torchvisions_test_set_for_validation(fashion):
    images = load(Data(name="torch/fashion_mnist", root=str(fashion), img_size=28))
    assert (images.train_size, images.val_size, images.classes) == (50, 20, 10)
    assert images.train.pixels.dtype == torch.uint8
    assert images.val.targets.tolist() == [digit(i)[1] for i in range(50, 70)]


def test_a_split_that_timm_would_take_for_the_test_set_is_refused(fashion):
    data = Data(name="torch/fashion_mnist", root=str(fashion), train_split="trian")
    with pytest.raises(DataError, match='mean "train'):
        load(data)


def test_a_set_too_large_to_hold_is_read_picture_by_picture(fashion, monkeypatch):
    data = Data(name="torch/fashion_mnist", root=str(fashion), img_size=28)
    held = seen(data)
    _load.cache_clear()
    monkeypatch.setattr("study.spec.schema.data.HELD", 0)
    read = seen(data)
    assert all(torch.equal(a, b) for a, b in zip(held, read, strict=True))


# the hub


@pytest.fixture
def shards(folder, tmp_path):
    """Two tars to train on and one to evaluate, as webdataset writes them."""
    root = tmp_path / "shards"
    root.mkdir()
    paths = [sorted((folder / split).rglob("*.png")) for split in ("train", "val")]
    named = {"train-0": paths[0][::2], "train-1": paths[0][1::2], "val-0": paths[1]}
    for name, members in named.items():
        with tarfile.open(root / f"{name}.tar", "w") as tar:
            for number, path in enumerate(members):
                tar.add(path, arcname=f"{number:04}.png")
                _add(tar, f"{number:04}.cls", path.parent.name.encode())
    return Data(
        name="wds/digits",
        root=str(root),
        img_size=24,
        num_classes=10,
        train_split="train-{0..1}.tar|40",
        val_split="val-0.tar|30",
    )


def _add(tar, name, content):
    member = tarfile.TarInfo(name)
    member.size = len(content)
    tar.addfile(member, io.BytesIO(content))


class Tar:
    """timm's data set of a tar that holds 30 pictures, whatever it was said to hold."""

    def set_loader_cfg(self, num_workers):
        assert num_workers == 1

    def __iter__(self):
        return map(digit, range(30))


@pytest.mark.parametrize("declared", [29, 30, 31])
def test_a_stream_is_evaluated_to_its_declared_end_or_not_at_all(declared):
    data = Data(name="wds/digits", val_split="val.tar|N", img_size=24)
    stream = ShardStream(lambda is_training: Tar(), declared, 1, data)
    batches = stream.evaluation(Recipe(batch_size=8), "cpu")
    assert len(batches) == 4
    expected = pytest.raises(DataError, match=f"val.tar.*has 30 .*declared {declared}")
    with nullcontext() if declared == 30 else expected:
        assert sum(len(x) for x, _ in batches) == 30


def test_shards_are_evaluated_once_each(shards):
    pytest.importorskip("webdataset")
    _, targets = seen(shards)
    assert len(targets) == load(shards, workers=0).val_size == 30
    assert sorted(targets.tolist()) == sorted(digit(i)[1] for i in range(40, 70))


def test_an_epoch_of_shards_depends_on_seed_and_number_alone(shards):
    pytest.importorskip("webdataset")
    recipe = PILLOW.model_copy(update={"batch_size": 8})
    first, second, third = (drawn(shards, recipe, epoch=epoch)[0] for epoch in (0, 0, 1))
    assert torch.equal(first, second)
    assert first.shape == third.shape
    assert not torch.equal(first, third)


def test_shards_cannot_be_limited(shards):
    pytest.importorskip("webdataset")
    with pytest.raises(DataError, match="cannot be limited"):
        load(shards.model_copy(update={"val_limit": 10}))


def test_shards_of_unknown_number_are_refused(shards):
    pytest.importorskip("webdataset")
    with pytest.raises(DataError, match="how many images"):
        load(shards.model_copy(update={"val_split": "val-0.tar"}))


def test_a_hub_data_set_is_read(folder, tmp_path):
    pytest.importorskip("datasets")
    name = f"hfds/{folder}"  # a local folder is a data set to that library
    images = load(Data(name=name, root=str(tmp_path / "cache"), img_size=24), workers=0)
    assert (images.train_size, images.val_size, images.classes) == (40, 30, 10)
    assert images.val.picture(0)[0].size == (24, 24)


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A data set of that library with labels of any kind, and a cache that is not there yet."""
    datasets = pytest.importorskip("datasets")
    datasets.disable_progress_bars()
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)

    def written(labels, kind, column="label", pictures=None):
        pictures = pictures or [digit(i)[0] for i in range(len(labels))]
        features = datasets.Features({"image": datasets.Image(), column: kind})
        table = datasets.Dataset.from_dict({"image": pictures, column: labels}, features=features)
        (tmp_path / "set").mkdir()
        for split in ("train", "validation"):
            table.to_parquet(tmp_path / "set" / f"{split}-0.parquet")
        return Data(name=f"hfds/{tmp_path}/set", root=str(tmp_path / "cache"), img_size=8)

    return written


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (["cat", "dog"], 'image 0 .*has the label "cat", which is text .*class_encode_column'),
        ([0, None], r"image 1 .*has no class \(label is None\)"),
        ([0, -1], r"image 1 .*has no class \(label is -1\)"),
        ([0, 5], "image 1 .*has the class 5, and num_classes: 2 ends at 1"),
    ],
)
def test_labels_that_are_no_classes_are_told_before_an_image_is_read(hub, labels, said):
    import datasets

    kind = datasets.Value("string" if "cat" in labels else "int64")
    data = hub(labels, kind).model_copy(update={"num_classes": 2})
    with pytest.raises(DataError, match=said):
        load(data, workers=0)


def test_a_column_that_is_not_there_is_told_with_those_that_are(hub):
    import datasets

    data = hub([0, 1], datasets.ClassLabel(names=["a", "b"]), column="fine")
    with pytest.raises(DataError, match="has no column label, only image, fine: give target_key"):
        load(data, workers=0)
    assert load(data.model_copy(update={"target_key": "fine"}), workers=0).classes == 2


def test_a_row_without_an_image_is_named(hub):
    import datasets

    data = hub([0, 1], datasets.ClassLabel(names=["a", "b"]), pictures=[digit(0)[0], None])
    with pytest.raises(DataError, match=r"image 1 of .*it has no image"):
        load(data, workers=0).train.picture(1)


# refusals


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"name": "folder"}, "needs root"),
        ({"name": "folder", "root": "/nowhere"}, "does not exist"),
        ({"name": "folder", "root": "$NO_SUCH_PLACE"}, "not set"),
        ({"name": "folder", "root": ".", "val_split": "train"}, "would use the same images"),
        ({"name": "digits", "num_classes": 3}, "has 10 classes"),
    ],
)
def test_what_is_not_there_is_refused_with_the_reason(data, said):
    with pytest.raises(DataError, match=said):
        load(Data(**data))


def test_a_set_that_was_never_downloaded_says_how_to(tmp_path):
    with pytest.raises(DataError, match=r"looked in .*set download: true"):
        load(Data(name="torch/mnist", root=str(tmp_path)))


@pytest.mark.parametrize(("name", "package"), [("hfds/mnist", "datasets"), ("wds/x", "webdataset")])
def test_an_optional_package_that_is_absent_is_named(name, package, tmp_path):
    if find_spec(package):
        pytest.skip(f"{package} is installed here")
    with pytest.raises(DataError, match=r'pip install -e "\.\[hub\]"'):
        load(Data(name=name, root=str(tmp_path)))


# chance


def test_the_number_of_keys_makes_another_seed():
    assert len({fold(1), fold(1, 0), fold(0, 1), fold(1, 0, 0)}) == 4

"""Images in arrays: read as they were saved, of up to 16 channels, and every mistake."""

import numpy as np
import pytest
import torch
from PIL import Image

from study.errors import DataError
from study.spec.yaml import read
from study.store.store import Store
from study.tasks.classification.data.dataset import load, validation
from study.tasks.classification.data.planes import Planes
from study.tasks.classification.data.sources import npz
from study.tasks.classification.plan import image_changes, image_summaries, images
from study.tasks.classification.recipes import contradictions
from study.tasks.classification.schema import Data, Recipe

BOTH = ("train", "validation")
PLAIN = Recipe(color_jitter=0, crop_pct=1.0, batch_size=4, interpolation="nearest")


def pixels(count, *shape):
    return np.random.default_rng(0).integers(0, 256, (count, *shape), dtype=np.uint8)


def labels(count):
    return np.arange(count) % 2


def arrays(*shape):
    return {
        "x_train": pixels(8, *shape),
        "y_train": labels(8),
        "x_val": pixels(4, *shape)[::-1],
        "y_val": labels(4),
    }


def saved(tmp_path, compressed=False, **parts):
    (np.savez_compressed if compressed else np.savez)(tmp_path / "a.npz", **parts)
    return tmp_path / "a.npz"


def data(root, **more):
    return Data(name="npz", root=str(root), **{"img_size": 8, **more})


def wrong(root, **more):
    image_summaries.forget()
    settings = data(root, **more)
    faults = images.image_problems(settings, Store(root.parent / "store"))
    if faults:
        with pytest.raises(DataError) as refused:
            npz(settings, BOTH, 0)
        assert faults[0].message in str(refused.value)
    return [fault.message for fault in faults]


@pytest.mark.parametrize(
    ("shape", "in_chans"),
    [((8, 8), 1), ((8, 8), 3), ((8, 8, 1), 1), ((8, 8, 3), 3), ((8, 8, 4), 4), ((8, 8, 16), 16)],
)
def test_pixels_are_given_to_the_model_as_they_were_saved(tmp_path, shape, in_chans):
    parts = arrays(*shape)
    settings = data(saved(tmp_path, **parts), in_chans=in_chans, mean=[0.0], std=[1.0])
    assert wrong(tmp_path / "a.npz", in_chans=in_chans) == []
    x, y = next(iter(load(settings, workers=0).val_batches(PLAIN)))
    expected = torch.from_numpy(parts["x_val"].reshape(4, 8, 8, -1).copy()).permute(0, 3, 1, 2)
    assert torch.allclose(x, expected.expand(-1, in_chans, -1, -1) / 255)
    assert y.tolist() == [0, 1, 0, 1]


def test_colours_become_grey_for_a_model_of_one_channel(tmp_path):
    parts = arrays(8, 8, 3)
    (train, _) = npz(data(saved(tmp_path, **parts), in_chans=1), BOTH, 0).splits
    grey = np.asarray(Image.fromarray(parts["x_train"][0]).convert("L"))
    assert (train.pixels[0, 0].numpy() == grey).all()


def test_a_folder_of_arrays_and_a_compressed_file_are_the_same_images(tmp_path):
    parts = arrays(8, 8, 3)
    for name, array in parts.items():
        np.save(tmp_path / f"{name}.npy", array)
    first = image_summaries.fingerprints(data(tmp_path), Store(tmp_path / "store"))
    file = saved(tmp_path, compressed=True, **parts)
    assert image_summaries.fingerprints(data(file), Store(tmp_path / "store")) == first


def test_one_array_is_split_by_class(tmp_path):
    file = saved(tmp_path, x=pixels(20, 8, 8), y=labels(20))
    train, val = npz(data(file, split=0.2), BOTH, 0).splits
    assert (len(train), len(val), val.targets.bincount().tolist()) == (16, 4, [2, 2])
    assert not {x.numpy().tobytes() for x in train.pixels} & {
        x.numpy().tobytes() for x in val.pixels
    }
    assert wrong(file, split=0.2) == []


def test_images_of_another_size_are_resized_channel_by_channel(tmp_path):
    parts = arrays(8, 8, 3)
    (train, _) = npz(data(saved(tmp_path, **parts), img_size=16), BOTH, 0).splits
    whole = Image.fromarray(parts["x_train"][1]).resize((16, 16), Image.Resampling.BICUBIC)
    assert (train.pixels[1].permute(1, 2, 0).numpy() == np.asarray(whole)).all()


@pytest.mark.parametrize("name", ["nearest", "bicubic", "random"])
def test_many_channels_are_cropped_alike(tmp_path, name):
    """Every channel is the first, so that every channel of a crop is, too."""
    parts = arrays(16, 16)
    parts |= {key: np.stack([parts[key]] * 5, -1) for key in ("x_train", "x_val")}
    settings = data(saved(tmp_path, **parts), img_size=16, in_chans=5, mean=[0.0], std=[1.0])
    recipe = PLAIN.model_copy(update={"interpolation": name, "crop_pct": 0.8, "vflip": 0.5})
    splits = load(settings, workers=0)
    for batches in (splits.train_batches(recipe, seed=0, epoch=0), splits.val_batches(recipe)):
        for x, _ in batches:
            assert x.shape[1:] == (5, 16, 16)
            assert torch.equal(x, x[:, :1].expand_as(x))
    three = data(tmp_path / "a.npz", img_size=16, in_chans=5)
    assert isinstance(validation(three, workers=0).val.picture(0)[0], Planes)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x_train": pixels(8, 8, 8).astype(np.float32)}, "x_train: of type float32; images are"),
        ({"x_train": pixels(8, 64)}, "of shape (8, 64); images are (N, H, W)"),
        ({"x_train": pixels(8, 8, 6, 3)}, "8 high and 6 wide, which img_size 8 would distort"),
        ({"x_train": pixels(8, 3, 32, 32)}, "channels first; transpose to (N, H, W, C)"),
        ({"x_train": pixels(8, 8, 8, 17)}, "17 channels, of at most 16"),
        ({"x_train": pixels(8, 8, 8, 4)}, "has images of 4 channels; write in_chans: 4"),
        ({"y_train": labels(7)}, "y_train: of shape (7,); 8 images need (8,)"),
        ({"y_train": labels(8).astype(float)}, "y_train: of type float64; labels are the numbers"),
        ({"y_train": labels(8) - 1}, "a label of -1; classes count from 0"),
        ({"y_train": labels(8) * 2, "y_val": labels(4) * 2}, "trains on no image of class 1"),
        ({"y_train": labels(8) + 1, "y_val": labels(4) + 1}, "trains on no image of class 0"),
        ({"y_val": labels(4) + 1}, "2 is never trained on"),
        ({"y_train": labels(8).astype(object)}, "array y_train: Object arrays cannot be loaded"),
        ({"y_train": labels(8) * 0, "y_val": labels(4) * 0}, "only one class"),
    ],
)
def test_arrays_that_are_no_images_are_refused(tmp_path, change, message):
    whole = wrong(saved(tmp_path, **(arrays(8, 8, 3) | change)))
    assert any(message in text for text in whole), whole


def test_arrays_that_are_absent_or_damaged_are_named(tmp_path):
    parts = arrays(8, 8)
    file = saved(tmp_path, **{name: parts[name] for name in ("x_train", "y_train", "x_val")})
    assert "no array y_val, only x_train, x_val, y_train" in wrong(file)[0]
    assert "no array x, only" in wrong(file, split=0.2)[0]
    file.write_bytes(b"text")
    assert "File is not a zip file; save it anew" in wrong(file)[0]
    assert "no array x_train, only none" in wrong(tmp_path)[0]


def test_class_numbers_agree_with_num_classes(tmp_path):
    file = saved(tmp_path, **arrays(8, 8))
    assert "has the class 1, and num_classes 1 ends below" in wrong(file, num_classes=1)[0]


def test_a_fingerprint_is_of_the_content_of_each_split(tmp_path):
    store, parts = Store(tmp_path / "store"), arrays(8, 8)
    first = image_summaries.fingerprints(data(saved(tmp_path, **parts)), store)
    parts["x_train"][0, 0, 0] ^= 1
    image_summaries.forget()
    second = image_summaries.fingerprints(data(saved(tmp_path, **parts)), store)
    assert first["validation"] == second["validation"]
    change = image_changes.difference(first, second, kind="npz")
    assert change == "train: other pixels or labels of 8 pictures"


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"in_chans": 0}, "in_chans"),
        ({"in_chans": 17}, "in_chans"),
        ({"in_chans": 4, "mean": [0.1, 0.1, 0.1]}, "mean: 3 values; give 1, or 4"),
        ({"in_chans": 3, "std": [0.1, 0.1]}, "std: 2 values; give 1, or 3"),
        ({"class_map": "x.txt"}, "npz does not use class_map"),
        ({"val_split": "val"}, "npz does not use val_split"),
    ],
)
def test_keys_that_do_not_fit_arrays_are_refused(keys, message):
    with pytest.raises(ValueError, match=message):
        Data(name="npz", root="a.npz", **keys)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({}, "recipe.color_jitter changes RGB images"),
        ({"aa": "rand-m9"}, "recipe.aa rand-m9 changes RGB images"),
        ({"transform": "mine", "no_aug": True}, "recipe.transform mine gets Pillow's images"),
        ({"color_jitter": 0.0}, None),
        ({"no_aug": True}, None),
        ({"epochs": 0}, None),
    ],
)
def test_what_needs_colours_is_refused_for_other_channels(keys, expected):
    tree, _ = read("name: npz\nin_chans: 4", "x.yaml")
    settings = Data(name="npz", root="a.npz", in_chans=4)
    messages = [p.message for p in contradictions(settings, Recipe(**keys), tree)]
    assert (expected in messages[0]) if expected else not messages
    three = Data(name="npz", root="a.npz", in_chans=3)
    assert not contradictions(three, Recipe(**keys), tree)

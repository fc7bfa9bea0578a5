"""Given weights on given images."""

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from timm.data import create_transform

from study import models
from study.errors import BuildError, DataError
from study.tasks.classification import evaluate as evaluation
from tests.evaluate.conftest import MEAN, NAMES, STD
from tests.evaluate.subjects import (
    compared,
    filled,
    folder,
    logits,
    metrics,
    predictions,
    subject,
    tarred,
)

# named models


def test_a_folder_a_tar_and_the_digits_are_the_same_images(checkpoint, pictures):
    digits = {"name": "digits", "val_limit": 40}
    first = predictions(subject(checkpoint, digits))
    places = [folder(pictures, "validation"), folder(pictures / "val")]
    second, third = (predictions(subject(checkpoint, place)) for place in places)
    fourth = predictions(subject(checkpoint, folder(tarred(pictures / "val"))))
    assert np.array_equal(second, third)
    assert np.array_equal(second, fourth)
    assert np.array_equal(in_rows(first), in_rows(second))  # a folder goes class by class


def in_rows(array):
    return array[np.lexsort(array.T)]


def test_given_weights_do_as_well_as_in_their_trial(store, checkpoint, pictures):
    record = evaluation.evaluate(subject(checkpoint, folder(pictures, "validation")))
    expected = store.result(NAMES["pa"]).metrics
    assert record.metrics == pytest.approx(expected, rel=1e-6)
    assert record.metrics["top1"] > 0.2  # chance is a tenth


def shown(path, *, size, crop_pct):
    """Pillow and numpy: the shorter side resized, the middle cut out, normalised."""
    picture = Image.open(path)
    side = int(size / crop_pct)
    shorter = min(picture.size)
    lengths = [int(side * length / shorter) for length in picture.size]
    picture = picture.resize(lengths, Image.Resampling.BICUBIC)
    left, top = (round((length - size) / 2) for length in picture.size)
    pixels = np.asarray(picture.crop((left, top, left + size, top + size))) / 255
    return ((pixels - MEAN) / STD).transpose(2, 0, 1)


def test_images_are_resized_cropped_and_normalised_as_by_hand(checkpoint, oblong):
    paths = sorted(oblong.rglob("*.png"))
    x = np.stack([shown(path, size=64, crop_pct=0.875) for path in paths])
    targets = torch.tensor([int(path.parent.name) for path in paths])
    expected = metrics(logits(filled(checkpoint), torch.from_numpy(x).float()), targets)
    record = evaluation.evaluate(
        subject(checkpoint, folder(oblong), crop_pct=0.875, interpolation="bicubic")
    )
    assert compared(record, expected) == pytest.approx(expected, rel=1e-4)
    assert (record.preprocessing.resize, record.preprocessing.img_size) == (73, 64)


def test_a_model_sees_images_as_its_weights_were_published(whole, oblong):
    model, path = whole
    record = evaluation.evaluate(evaluation.named("test_resnet", path, images=folder(oblong)))
    config = timm.data.resolve_model_data_config(model, use_test_size=True)
    transform = create_transform(**config)
    paths = sorted(oblong.rglob("*.png"))
    x = torch.stack([transform(Image.open(path)) for path in paths])
    targets = torch.tensor([int(path.parent.name) for path in paths])
    expected = metrics(logits(model, x), targets)
    assert compared(record, expected) == pytest.approx(expected, rel=1e-4)
    seen = record.preprocessing
    assert seen.resize == transform.transforms[0].size
    assert {k: getattr(seen, k) for k in ("crop_pct", "interpolation")} == {
        k: config[k] for k in ("crop_pct", "interpolation")
    }


def test_keys_that_are_given_are_used_instead(whole, oblong):
    images = {**folder(oblong), "img_size": 48, "mean": [0.5] * 3, "std": [0.25] * 3}
    look = {"crop_pct": 0.75, "interpolation": "bilinear", "batch_size": 7}
    record = evaluation.evaluate(
        evaluation.named("test_resnet", whole[1], images=images, look=look)
    )
    seen = record.preprocessing
    assert (seen.resize, seen.img_size, seen.interpolation) == (64, 48, "bilinear")
    assert (seen.mean, seen.std, record.batch_size) == ([0.5] * 3, [0.25] * 3, 7)


def test_progress_is_told_batch_by_batch(checkpoint, oblong):
    reports = []
    looked = subject(checkpoint, folder(oblong), batch_size=8)
    evaluation.evaluate(looked, tick=lambda *done: reports.append(done))
    assert reports == [(0, 3), (1, 3), (2, 3), (3, 3)]


# classes


@pytest.fixture
def thousand(tmp_path):
    """A checkpoint of test_rest with 1000 classes."""
    torch.manual_seed(0)
    model = models.build("test_rest", {}, num_classes=1000, in_chans=3, img_size=64)
    torch.save(model.state_dict(), tmp_path / "thousand.pth")
    return tmp_path / "thousand.pth"


def test_a_class_map_places_ten_classes_among_a_thousand(thousand, oblong):
    (oblong / "map.txt").write_text("\n".join(str(999 - n) for n in range(1000)))
    images = {**folder(oblong), "class_map": "map.txt"}
    record = evaluation.evaluate(subject(thousand, images))
    targets = predictions(subject(thousand, images))[:, 0]
    assert record.classes == 1000
    assert sorted(set(targets.tolist())) == list(range(990, 1000))


def test_folders_that_are_not_all_classes_would_be_numbered_wrongly(thousand, oblong):
    with pytest.raises(DataError, match="numbered from 0; give class_map"):
        subject(thousand, {**folder(oblong), "num_classes": 1000})


def test_fewer_classes_than_the_weights_know_are_refused(thousand, oblong):
    with pytest.raises(BuildError, match="another number of classes"):
        subject(thousand, folder(oblong))


@pytest.mark.parametrize(
    ("images", "message"),
    [
        ({"name": "digitz"}, 'did you mean "digits"'),
        ({"name": "folder", "root": "/nowhere"}, "does not exist"),
        ({"name": "digits", "root": "here"}, "does not use root"),
        ({"name": "digits", "img_size": 2}, "img_size: .*8"),
    ],
)
def test_images_that_are_not_there_are_told(images, message, checkpoint):
    with pytest.raises(DataError, match=message):
        subject(checkpoint, images)


def test_what_is_published_uncropped_is_cropped_only_if_asked(whole, oblong):
    arguments = {"pretrained_cfg_overlay": {"crop_mode": "squash"}}
    request = {"arguments": arguments, "images": folder(oblong)}
    with pytest.raises(BuildError, match=r"squash.*give crop_pct"):
        evaluation.named("test_resnet", whole[1], **request)
    assert evaluation.named("test_resnet", whole[1], **request, look={"crop_pct": 0.95})

"""Data sets that are evaluated without a training half, and those that are refused."""

from importlib.util import find_spec

import pytest
import torch

from study.errors import DataError
from study.tasks.classification.data import evaluated_split, load, validation
from study.tasks.classification.data.in_memory import InMemoryImages
from study.tasks.classification.data.transforms import image_transform
from study.tasks.classification.schema import Data
from tests.data.digits import DIGITS, PLAIN, of_folder, seen

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
    monkeypatch.setattr("study.tasks.classification.schema.data.HELD", images * 28**2 * 3)
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
    preprocessing = validation(data, workers=0).preprocessing(recipe)
    resize, crop = image_transform(data, recipe, training=False).transforms[:2]
    assert (preprocessing.resize, preprocessing.img_size) == (resize.size, crop.size[0])
    assert preprocessing.interpolation == resize.interpolation.value == "bilinear"
    assert (preprocessing.mean, preprocessing.held) == ([0.485, 0.456, 0.406], False)


# refusals


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"name": "folder"}, "needs root"),
        ({"name": "folder", "root": "/nowhere"}, "does not exist"),
        ({"name": "folder", "root": "$NO_SUCH_PLACE"}, "not set"),
        ({"name": "folder", "root": ".", "val_split": "train"}, "would use the same images"),
        ({"name": "digits", "num_classes": 3}, "has 10 classes"),
    ],
)
def test_what_is_not_there_is_refused_with_the_reason(data, message):
    with pytest.raises(DataError, match=message):
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

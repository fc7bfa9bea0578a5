"""Image files on disk, and an empty cache after every test."""

import tarfile

import numpy as np
import pytest

from study.tasks.classification.data.dataset import _load, _validation
from tests.data.digits import digit


@pytest.fixture(autouse=True)
def _nothing_cached():
    yield
    _load.cache_clear()
    _validation.cache_clear()


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

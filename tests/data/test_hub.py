"""Data sets of the hub: shards of WebDataset, and rows."""

import io
import tarfile
from contextlib import nullcontext

import pytest
import torch

from study.errors import DataError
from study.tasks.classification.data import load
from study.tasks.classification.data.webdataset import ShardStream
from study.tasks.classification.schema import Data, Recipe
from tests.data.digits import PILLOW, digit, drawn, seen


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
    ("labels", "message"),
    [
        (["cat", "dog"], 'image 0 .*has the label "cat", which is text .*class_encode_column'),
        ([0, None], r"image 1 .*has no class \(label is None\)"),
        ([0, -1], r"image 1 .*has no class \(label is -1\)"),
        ([0, 5], "image 1 .*has the class 5, and num_classes: 2 ends at 1"),
    ],
)
def test_labels_that_are_no_classes_are_told_before_an_image_is_read(hub, labels, message):
    import datasets

    kind = datasets.Value("string" if "cat" in labels else "int64")
    data = hub(labels, kind).model_copy(update={"num_classes": 2})
    with pytest.raises(DataError, match=message):
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

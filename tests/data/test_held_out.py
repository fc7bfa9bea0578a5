"""The part of the training images that tuning trials are judged on."""

from collections import Counter

import pytest
import torch
from pydantic import ValidationError

from study.errors import DataError
from study.tasks.classification.data import dataset, sources
from study.tasks.classification.data.held_out import divided, indices
from study.tasks.classification.schema import Data, Recipe

DIGITS = Data(name="digits", img_size=8)
HELD = DIGITS.model_copy(update={"holdout": 0.2})


def images(split):
    return [tuple(row) for row in split.pixels.flatten(1).tolist()]


def test_a_share_of_each_class_is_drawn_and_at_least_one_image_of_two():
    labels = [0] * 10 + [1] * 25 + [2] * 2 + [3]
    part = indices(labels, 0.2)
    assert Counter(labels[i] for i in part) == {0: 2, 1: 5, 2: 1}
    assert part == sorted(part)
    assert indices(labels, 0.2) == part


def test_images_of_another_class_change_no_draw():
    few, more = [0] * 10 + [1] * 10, [0] * 10 + [1] * 10 + [2] * 5
    assert indices(more, 0.2)[:4] == indices(few, 0.2)


def test_the_two_parts_are_the_training_images_and_share_none():
    whole, held = dataset.load(DIGITS), dataset.load(HELD)
    rest, part = images(held.train), images(held.val)
    assert Counter(rest + part) == Counter(images(whole.train))
    # Some digits are drawn twice in the data, so places are compared and not pictures.
    places = indices(whole.train.labels, 0.2)
    assert part == [images(whole.train)[i] for i in places]
    assert len(part) == len(places) == len({*places})
    shares = {c: n / Counter(whole.train.labels)[c] for c, n in Counter(held.val.labels).items()}
    assert len(shares) == 10
    assert all(abs(share - 0.2) < 0.01 for share in shares.values())


def test_the_validation_images_are_not_opened(monkeypatch):
    opened = []

    def digits(data, splits, workers):
        opened.extend(splits)
        return sources.digits(data, splits, workers)

    monkeypatch.setitem(dataset.SOURCES, "digits", digits)
    dataset.load(HELD)
    assert opened == ["train"]


def test_a_limit_is_drawn_first_so_that_no_image_is_new(folder):
    limited = Data(name="digits", img_size=8, train_limit=200)
    whole = Counter(images(dataset.load(limited).train))
    held = dataset.load(limited.model_copy(update={"holdout": 0.5}))
    assert Counter(images(held.train) + images(held.val)) == whole


def test_files_are_divided_and_carry_the_fingerprint_of_the_training_images(folder):
    data = Data(name="folder", root=str(folder), val_split="val", img_size=8, holdout=0.25)
    held = dataset.load(data)
    assert held.train_size + held.val_size == 40
    assert held.fingerprints.keys() == {"train"}
    assert not {*held.train.indices} & {*held.val.indices}
    assert dataset.validation(data).val.indices == held.val.indices


def test_the_draw_is_the_same_for_every_recipe_and_seed():
    first, again = dataset.load(HELD), dataset.load(HELD)
    x, _ = next(iter(first.val_batches(Recipe(crop_pct=1))))
    other, _ = next(iter(again.val_batches(Recipe(crop_pct=1, lr=0.5))))
    assert torch.equal(x, other)


@pytest.mark.parametrize("labels", [None, [0, 1, 2]])
def test_a_set_that_cannot_be_divided_is_refused(labels):
    class Split:
        pass

    split = Split()
    split.labels = labels
    with pytest.raises(DataError, match="holdout"):
        divided(split, 0.2)


def test_images_of_several_labels_are_one_class(folder):
    rest, part = divided(dataset.load(DIGITS).train, 0.2, multi_label=True)
    assert len(part) == round(0.2 * 1437)
    assert len(rest) + len(part) == 1437


@pytest.mark.parametrize(
    "keys", [{"name": "torch/imagenet"}, {"name": "digits", "val_limit": 3}, {"name": "hfds/x"}]
)
def test_a_key_without_effect_or_classes_is_refused(keys):
    with pytest.raises(ValidationError, match="holdout"):
        Data(**keys, holdout=0.2)

"""A trial evaluated again: the numbers, what they depend on, and what is refused."""

import json

import pytest
import torch

from study.errors import BuildError, DataError, StoreError, StudyError
from study.store.atomic import write
from study.store.store import Store
from study.tasks.classification import data
from study.tasks.classification import evaluate as evaluation
from study.tasks.classification.schema import Data
from tests.evaluate.conftest import DIGITS, MEAN, NAMES, STD, TRIALS
from tests.evaluate.subjects import compared, filled, logits, metrics


@pytest.mark.parametrize("what", TRIALS)
def test_a_trial_at_its_own_size_is_its_result_to_the_last_digit(what, store):
    record = evaluation.evaluate_trial(store, NAMES[what])
    assert record.metrics == store.result(NAMES[what]).metrics
    assert record.images == 40
    assert record.weights.average == (what == "average")


@pytest.mark.parametrize("what", ["pa", "learned"])
def test_a_trial_is_evaluated_at_another_size(what, store):
    record = evaluation.evaluate_trial(store, NAMES[what], img_size=96)
    small = data.load(Data(**DIGITS)).val
    large = small.pixels.numpy()[:, 0, ::8, ::8].repeat(12, 1).repeat(12, 2)[:, None] / 255
    x = torch.from_numpy((large - MEAN[:, None, None]) / STD[:, None, None]).float()
    model = filled(store.trial(NAMES[what]) / "last.pth.tar", size=96, position=what)
    expected = metrics(logits(model, x), small.targets)
    assert compared(record, expected) == pytest.approx(expected, rel=1e-4)
    assert record.preprocessing.img_size == 96
    assert record.metrics != store.result(NAMES[what]).metrics


def test_the_plain_weights_of_an_averaged_trial_can_be_asked_for(store):
    plain = evaluation.trained(store, NAMES["average"], ema=False)
    model = filled(store.trial(NAMES["average"]) / "last.pth.tar")
    assert torch.equal(plain.model.head.weight, model.head.weight)
    assert evaluation.evaluate(plain).metrics != store.result(NAMES["average"]).metrics


def test_a_record_can_be_kept_as_json(store):
    record = evaluation.evaluate_trial(store, NAMES["pa"])
    assert json.loads(json.dumps(record.plain, allow_nan=False)) == record.plain


def test_a_model_of_one_size_takes_no_other(store):
    with pytest.raises(BuildError, match=r"test_vit .* takes no images of 96 px: .*96.*64"):
        evaluation.evaluate_trial(store, NAMES["one size"], img_size=96)


def test_images_too_small_for_a_model_are_refused(store):
    with pytest.raises(BuildError):
        evaluation.evaluate_trial(store, NAMES["pa"], img_size=8)


def test_an_unknown_trial_is_told_with_what_was_meant(store):
    with pytest.raises(StoreError, match=f'did you mean "{NAMES["learned"]}"'):
        evaluation.evaluate_trial(store, "0000000001-00")


def test_weights_that_are_gone_are_told_with_their_path(store, tmp_path):
    other = copied(store, tmp_path, NAMES["pa"])
    (other.trial(NAMES["pa"]) / "last.pth.tar").unlink()
    with pytest.raises(StudyError, match=rf"gone: {tmp_path}.*last\.pth\.tar"):
        evaluation.evaluate_trial(other, NAMES["pa"])


@pytest.mark.parametrize("state", ["diverged", "failed"])
def test_only_a_completed_trial_counts(state, store, tmp_path):
    other = copied(store, tmp_path, NAMES["pa"])
    result = other.result(NAMES["pa"]).plain | {"state": state}
    write(other.trial(NAMES["pa"]) / "result.json", result)
    with pytest.raises(StoreError, match=f"is {state}; only a completed trial"):
        evaluation.evaluate_trial(other, NAMES["pa"])


def copied(store, root, name):
    """The trial in a store of its own."""
    other = Store(root)
    other.trial(name).mkdir(parents=True)
    for file in store.trial(name).iterdir():
        (other.trial(name) / file.name).write_bytes(file.read_bytes())
    return other


def test_other_images_must_have_the_classes_that_a_trial_knows(store, pictures):
    for path in (pictures / "val" / "3").iterdir():
        path.unlink()
    (pictures / "val" / "3").rmdir()
    images = {"name": "folder", "root": str(pictures)}
    with pytest.raises(DataError, match="has 10 classes, folder has 9"):
        evaluation.trained(store, NAMES["pa"], images=images)

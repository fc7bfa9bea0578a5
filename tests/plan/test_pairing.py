"""Which draws two trainings of one seed share, and what a plan says of those that they do not."""

import pytest
import torch

from study.api.request import StudyRequest
from study.tasks.classification.data import load
from study.tasks.classification.schema import Data, Recipe, unshared

DIGITS = Data(name="digits", img_size=32, train_limit=96)
FOLDER = Data(name="folder", num_classes=10)
STREAM = Data(name="wds/x", num_classes=10)
LARGE = Data(name="torch/mnist", img_size=224)
MIXED, RANDOM = {"mixup": 0.2}, {"interpolation": "random"}
AA, FLIPS = {"aa": "rand-m9"}, {"hflip": 0.0, "vflip": 0.5}


@pytest.mark.parametrize(
    ("data", "ours", "theirs", "words"),
    [
        (DIGITS, {}, {"batch_size": 64, "grad_accum_steps": 2}, ()),
        (DIGITS, {"interpolation": "nearest"}, RANDOM, ()),
        (DIGITS, {"scale": [0.5, 1]}, {"hflip": 0.0, "reprob": 0.5}, ()),
        (DIGITS, {"no_aug": True}, {}, ()),
        (DIGITS, AA | RANDOM, AA, ["operations of aa"]),
        (DIGITS, AA | {"scale": [0.5, 1]}, AA, ()),
        (DIGITS, MIXED, MIXED | {"batch_size": 64}, ["mixup and CutMix"]),
        (DIGITS, MIXED, MIXED | {"grad_accum_steps": 4}, ()),
        (DIGITS, {}, MIXED | {"batch_size": 64}, ()),
        (DIGITS, {}, {"aug_repeats": 3}, ["order of images"]),
        (FOLDER, {}, {"batch_size": 64, "interpolation": "bilinear", "reprob": 0.5}, ()),
        (FOLDER, AA | {"scale": [0.5, 1]}, AA, ["operations of aa"]),
        (FOLDER, {"vflip": 0.5}, FLIPS, ["vertical flips", "colours"]),
        (STREAM, {}, {"batch_size": 64}, ["order of images"]),
    ],
)
def test_what_two_recipes_do_not_share_is_named(data, ours, theirs, words):
    differences = list(unshared((data, Recipe(**ours)), (data, Recipe(**theirs))))
    assert len(differences) == len(words)
    assert all(word in difference for word, difference in zip(words, differences, strict=True))


def test_other_images_are_not_paired():
    few = DIGITS.model_copy(update={"train_limit": 40})
    assert list(unshared((DIGITS, Recipe()), (few, Recipe()))) == ["images"]
    held = LARGE.model_copy(update={"img_size": 28})
    (difference,) = unshared((LARGE, Recipe()), (held, Recipe()))
    assert "held in memory" in difference


def rotated(recipe):
    images = load(DIGITS, workers=0).train_batches(recipe, seed=0, epoch=0)
    return torch.cat([x for x, _ in images])


def test_what_is_said_to_be_shared_is():
    still = {"scale": [1, 1], "ratio": [1, 1], "batch_size": 32, "interpolation": "bilinear"}
    jitter, plain = Recipe(**still, hflip=0.0), Recipe(**still, hflip=1.0)
    assert torch.equal(rotated(jitter), rotated(plain).flip(3))  # the same colours


FACTORS = "model.reduction: {DW: depthwise, Avg: average}"


@pytest.mark.parametrize(
    ("more", "factor", "note"),
    [
        ("mixup: 0.2", "recipe.batch_size: {some: 32, more: 64}", "not paired with some in mixup"),
        ("mixup: 0.0", "recipe.batch_size: {some: 32, more: 64}", None),
        ("mixup: 0.0", "data.train_limit: {some: 64, more: 96}", "not paired with some in images"),
    ],
)
def test_a_plan_says_between_which_arms_pairing_does_not_hold(tiny, more, factor, note):
    text = tiny.read_text().replace(FACTORS, factor).replace("epochs: 2", f"epochs: 2, {more}")
    tiny.write_text(text)
    notes = StudyRequest(tiny, None, (), tiny.parent / "results").plan()[0].notes
    assert [line for line in notes if line.startswith("not paired")] == (
        [line for line in notes if note and line.startswith(note) and line.endswith(": more")]
    )
    assert bool(note) == any(line.startswith("not paired") for line in notes)


def test_pairs_of_a_label_that_several_arms_have_are_told_by_names_of_their_own(tiny):
    text = tiny.read_text().replace(
        "model.reduction: {DW: depthwise, Avg: average}",
        "recipe.aug_repeats: {none: 0, big: 3}\n  recipe.mixup: {none: 0.0, big: 0.2}",
    )
    pair = '["big (recipe.aug_repeats)", "big (recipe.mixup)"]'
    tiny.write_text(
        f"{text}contrasts: [{pair}]\npublished: {{big (recipe.mixup): {{params: 371000}}}}\n"
    )
    notes = StudyRequest(tiny, None, (), tiny.parent / "results").plan()[0].notes
    assert any("with big (recipe.aug_repeats) in the order of images" in note for note in notes), (
        notes
    )
    assert any("published params" in note and "times" in note for note in notes), notes

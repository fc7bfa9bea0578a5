"""Image sizes: one value for a square, a pair for the rest, and what is neither."""

import pytest

from study.spec.image_size import mean_side, of_sides, parsed, plain, printed, sides, written
from study.spec.labels import with_labels
from study.spec.metric import sized
from study.spec.schema import Protocol, validated
from study.spec.yaml import read
from study.store.job_records import Work
from study.tasks.classification.quality import QUALITIES
from study.tasks.classification.records import Shape
from study.tasks.classification.schema import Data


def test_a_size_has_one_value_and_one_name():
    assert of_sides(64, 64) == 64
    assert sides(64) == (64, 64)
    assert sides(of_sides(64, 96)) == (64, 96)
    assert (written((64, 96)), printed((64, 96)), plain((64, 96))) == ("64x96", "64×96", [64, 96])
    assert mean_side((32, 128)) == mean_side(64) == 64


@pytest.mark.parametrize("size", [8, 224, (64, 96), (4096, 8)])
def test_a_written_size_is_read_again(size):
    assert parsed(written(size)) == size


@pytest.mark.parametrize(
    "text", ["", "x", "64x", "x64", "064", "7", "4097", "64x7", "64x96x3", "-64", "٦٤", "6.4"]
)
def test_other_texts_are_no_size(text):
    assert parsed(text) is None


def test_a_metric_at_a_size_has_one_name():
    assert sized("top1@64x96") == ("top1", (64, 96))
    assert sized("top1@64x64") == ("top1@64x64", None)
    assert QUALITIES["top1"].of is not None


@pytest.mark.parametrize("given", [[224, 224], (224, 224), 224])
def test_equal_sides_are_the_square(given):
    assert Data(name="digits", img_size=given).model_dump() == Data(name="digits").model_dump()


def test_a_pair_survives_files():
    data = Data(name="digits", img_size=[64, 96])
    assert Data.model_validate_json(data.model_dump_json()).sides == (64, 96)
    shape = Shape(num_classes=2, in_chans=3, img_size=(64, 96))
    assert Shape.checked(shape.model_dump(mode="json")).size == (3, 64, 96)
    assert Work.checked({"pairs": [["a", [64, 96]], ["b", 8]]}).pairs == [("a", (64, 96)), ("b", 8)]
    assert Protocol(img_size=[320, 320]).img_size == 320


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("[64]", "give one side, or [height, width], in whole pixels, not [64]"),
        ("[64, 64, 3]", "give one side, or [height, width]"),
        ("[64.0, 96]", "give one side, or [height, width]"),
        ("true", "give one side, or [height, width]"),
        ("[64, -1]", "input should be greater than or equal to 8"),
        ("[64, 5000]", "input should be less than or equal to 4096"),
    ],
)
def test_a_wrong_size_is_told_once_with_its_place(value, words):
    tree, _ = read(f"{{name: digits, img_size: {value}}}", "x.yaml")
    _, (problem,) = validated(Data, tree)
    assert words in str(problem)
    assert "x.yaml:1:26" in str(problem)


def test_levels_are_labelled_as_tables_print_sizes():
    tree, _ = read("factors: {data.img_size: [64, [96, 128], [96, 96]]}", "x.yaml")
    document, problems = with_labels(tree)
    assert not problems
    assert list(document.value["factors"].value["data.img_size"].value) == ["64", "96×128", "96"]
    twice, _ = read("factors: {data.img_size: [64, [64, 64]]}", "x.yaml")
    assert '"64" is listed twice' in str(with_labels(twice)[1][0])

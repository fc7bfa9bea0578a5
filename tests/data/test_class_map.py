"""Class maps with mistakes."""

import pytest

from study.store.store import Store
from study.tasks.classification.plan import image_summaries, images
from tests.data.trees import BOTH, data, drawn, wrong


def test_a_typo_in_a_class_map_is_told_and_drops_no_class(tmp_path):
    drawn(tmp_path, *BOTH)
    (tmp_path / "map.txt").write_text("cat\ndgo\n")
    ((key, message), _) = wrong(tmp_path, class_map="map.txt")
    assert key == "class_map"
    assert "names dgo, which" in message
    assert 'leaves out its folders dog; did you mean "dog"?' in message


def test_what_a_class_map_leaves_out_is_told(tmp_path):
    drawn(tmp_path, *BOTH, "train/cow/1.png", "val/cow/1.png")
    (tmp_path / "map.txt").write_text("dog\ncow\n")
    assert wrong(tmp_path, class_map="map.txt") == []
    notes = images.odd(data(tmp_path, class_map="map.txt"), Store(tmp_path / "store"))
    assert notes[0].endswith("class_map leaves out 1 class folders with 1 pictures: cat")
    (tmp_path / "map.txt").write_text("cat\ndog\ncow\nowl\n")
    image_summaries.forget()
    notes = images.odd(data(tmp_path, class_map="map.txt"), Store(tmp_path / "store"))
    assert notes[0].endswith("no pictures of 1 classes of class_map: owl")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cat\ncat\ndog\n", "names cat twice"),
        ("cat\n\ndog\n", "empty line"),
        ("x\ny\n", "no class"),
    ],
)
def test_a_class_map_that_is_none_is_told(tmp_path, text, message):
    drawn(tmp_path, *BOTH)
    (tmp_path / "map.txt").write_text(text)
    assert message in wrong(tmp_path, class_map="map.txt")[0][1]


def test_a_class_map_that_is_not_there_is_told_with_what_is(tmp_path):
    drawn(tmp_path, *BOTH, "map.txt")
    assert 'did you mean "map.txt"?' in wrong(tmp_path, class_map="maps.txt")[0][1]


def test_the_number_of_classes_is_that_of_the_folders(tmp_path):
    drawn(tmp_path, *BOTH)
    assert wrong(tmp_path, num_classes=2) == []
    assert "has 2 classes, and num_classes is 3" in wrong(tmp_path, num_classes=3)[0][1]
    assert "has 2 classes, which num_classes: 1 excludes" in wrong(tmp_path, num_classes=1)[0][1]

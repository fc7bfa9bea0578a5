"""Images that a CSV names: rows, classes, and every mistake with its line."""

import pytest

from study.errors import DataError
from study.store.store import Store
from study.tasks.classification.data import csv_listing
from study.tasks.classification.data.sources import csv
from study.tasks.classification.plan import image_changes, image_summaries, images
from study.tasks.classification.schema import Data
from tests.data.trees import drawn

BOTH = ("train", "validation")
NAMES = [f"{number}.png" for number in range(8)]
TRAIN = "path,label\n0.png,cat\n1.png,dog\n2.png,cat\n3.png,dog\n"
VAL = "path,label\n4.png,cat\n5.png,dog\n"


@pytest.fixture
def root(tmp_path):
    place = drawn(tmp_path / "images", *NAMES)
    (place / "train.csv").write_text(TRAIN)
    (place / "val.csv").write_text(VAL)
    return place


def data(root, **more):
    files = {"train": "train.csv"} | ({} if "split" in more else {"val": "val.csv"})
    return Data(name="csv", root=str(root), img_size=8, **{**files, **more})


def wrong(root, **more):
    """Problems at the plan, which training reports as well."""
    settings = data(root, **more)
    image_summaries.forget()
    faults = images.image_problems(settings, Store(root.parent / "store"))
    if faults:
        with pytest.raises(DataError) as refused:
            csv(settings, BOTH, 0)
        assert faults[0].message in str(refused.value)
    return [(fault.key, fault.message) for fault in faults]


def fingerprint(root, **more):
    image_summaries.forget()
    return image_summaries.fingerprints(data(root, **more), Store(root.parent / "store"))


def test_rows_are_images_of_their_classes(root):
    source = csv(data(root), BOTH, 0)
    assert (wrong(root), source.classes) == ([], 2)
    assert [source.splits[0].picture(i)[1] for i in range(4)] == [0, 1, 0, 1]
    assert source.splits[0].labels == [0, 1, 0, 1]
    assert len(source.splits[1]) == 2


def test_integers_are_numbered_by_value(root):
    rows = "".join(f"{name},{label}\n" for name, label in zip(NAMES, (10, 9, 10, 9), strict=False))
    (root / "train.csv").write_text("path,label\n" + rows)
    (root / "val.csv").write_text("path,label\n4.png,9\n")
    assert csv(data(root), BOTH, 0).splits[0].labels == [1, 0, 1, 0]
    # The numbers are those of the training images, also where these are not read.
    assert csv(data(root), ("validation",), 0).splits[0].labels == [0]
    (note,) = images.odd(data(root), Store(root.parent / "store"))
    assert note.endswith("val.csv: classes trained on and not evaluated: 10")


def test_spaces_quotes_marks_and_further_columns_are_read(root):
    text = '\ufefflabel, path ,width\r\n"cat", 0.png,3\r\ndog,"1.png",3\r\n'
    (root / "train.csv").write_text(text.replace(" ,", ","), encoding="utf-8")
    assert wrong(root) == []


def test_a_class_map_numbers_and_chooses_labels(root):
    (root / "map.txt").write_text("dog\ncat\n")
    (root / "train.csv").write_text(TRAIN + "6.png,cow\n7.png,cow\n")
    source = csv(data(root, class_map="map.txt"), BOTH, 0)
    assert (source.classes, source.splits[0].labels) == (2, [1, 0, 1, 0])


def test_a_share_of_each_label_is_drawn(root):
    labels = ["cat", "dog"] * 4
    rows = "".join(f"{name},{label}\n" for name, label in zip(NAMES, labels, strict=True))
    (root / "train.csv").write_text("path,label\n" + rows)
    source = csv(data(root, split=0.25), BOTH, 0)
    assert sorted(source.splits[1].labels) == [0, 1]
    assert len(source.splits[0]) == 6
    assert wrong(root, split=0.25) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "train.csv:1: the file is empty"),
        ("path,label\n", "train.csv:2: no rows"),
        ("path,class\n0.png,cat\n", "train.csv:1: no column label, only path, class"),
        ("path;label\n0.png;cat\n", "separate columns by commas"),
        (TRAIN + "9.png,dog\n", "train.csv:6: {root}/9.png cannot be read, No such file"),
        (TRAIN + "6.png\n", "train.csv:6: no label"),
        (TRAIN + ",dog\n", "train.csv:6: no path"),
        (TRAIN + "/6.png,dog\n", "train.csv:6: /6.png is absolute"),
        (TRAIN + "a/../../6.png,dog\n", "train.csv:6: a/../../6.png leads out of root"),
        ("path,label,label\n0.png,cat,dog\n", "train.csv:1: the column label is there twice"),
        (TRAIN + "val.csv,dog\n", "train.csv:6: val.csv has no ending of a picture"),
        (TRAIN + "./0.png,dog\n", "train.csv:6: ./0.png is in line 2 already"),
        (TRAIN + "9.png,a\n8.png,a\n", "; the same or worse in lines 7;"),
        (TRAIN.replace("dog", "cat"), "val.csv:3: dog is never trained on"),
        ('path,label\n"0.png,cat\n', "train.csv:2: no CSV"),
    ],
)
def test_a_wrong_file_is_refused_at_its_line(root, text, message):
    (root / "train.csv").write_text(text)
    ((key, whole), *_) = wrong(root)
    assert key == ("val" if "val.csv:3" in message else "train")
    assert message.format(root=root) in whole


def test_files_that_are_not_there_are_named(root):
    ((key, message),) = wrong(root, val="vall.csv")
    assert (key, 'did you mean "val.csv"?' in message) == ("val", True)
    (root / "train.csv").write_bytes(b"path,label\n\xff.png,cat\n")
    assert "no text in UTF-8" in wrong(root)[0][1]


def test_an_image_of_both_files_is_refused(root):
    (root / "val.csv").write_text(VAL + "0.png,cat\n")
    ((key, message),) = wrong(root)
    assert (key, "lead to the same files" in message) == ("val", True)


def test_one_label_is_nothing_to_tell_apart(root):
    for name, text in (("train", TRAIN), ("val", VAL)):
        (root / f"{name}.csv").write_text(text.replace("dog", "cat"))
    assert "has only one class, cat" in wrong(root)[0][1]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"val": "v.csv"}, "needs train"),
        ({"train": "t.csv"}, "either val"),
        ({"train": "t.csv", "val": "v.csv", "split": 0.2}, "either val"),
        ({"train": "t.csv", "val": "v.csv", "train_split": "t"}, "does not use train_split"),
        ({"train": "t.csv", "val": "v.csv", "in_chans": 4}, "images of 1 or 3"),
    ],
)
def test_keys_that_name_no_two_splits_are_refused(keys, message):
    with pytest.raises(ValueError, match=message):
        Data(name="csv", root=".", **keys)


def test_a_fingerprint_is_of_names_labels_and_sizes(root):
    first = fingerprint(root)
    (root / "train.csv").write_text(TRAIN.replace("0.png,cat", "0.png,dog"))
    second = fingerprint(root)
    assert first["validation"] == second["validation"]
    change = image_changes.difference(first, second, kind="csv")
    assert change == "train: other names, labels or sizes of 4 pictures"
    lines = TRAIN.splitlines(keepends=True)
    (root / "train.csv").write_text("".join([lines[0], *reversed(lines[1:])]))
    assert fingerprint(root) == first


def test_a_large_csv_is_read_again_once_an_image_is_gone(root, monkeypatch):
    monkeypatch.setattr(image_summaries, "LARGE", 0)
    monkeypatch.setattr(image_summaries, "SETTLED", -10.0)
    first = fingerprint(root)
    with monkeypatch.context() as patched:
        patched.setattr(image_summaries, "scanned", None)
        assert fingerprint(root) == first
    (root / "0.png").unlink()
    assert "0.png cannot be read" in wrong(root)[0][1]


def test_lines_count_those_of_quoted_fields(root):
    (root / "train.csv").write_text('path,label,note\n0.png,cat,"a\nb"\n9.png,dog,\n')
    assert [row.line for row in csv_listing.rows(root / "train.csv")] == [3, 4]

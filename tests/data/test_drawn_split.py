"""Splits that are drawn from class folders: by class, always the same, and checked."""

import pytest

from study.errors import DataError
from study.store.store import Store
from study.tasks.classification.data.drawn_split import count, validation
from study.tasks.classification.data.listing import listed
from study.tasks.classification.data.sources import folder
from study.tasks.classification.plan import image_changes, image_summaries, images
from study.tasks.classification.schema import Data
from tests.data.trees import drawn

BOTH = ("train", "validation")
NAMES = [f"{name}/{number}.png" for name in ("cat", "dog") for number in range(10)]


def data(root, **more):
    return Data(name="folder", root=str(root), img_size=8, split=0.2, **more)


def halves(root, **more):
    listings, _ = listed(data(root, **more), BOTH)
    return [[path for path, *_ in listing.pictures] for listing in listings]


def wrong(root, **more):
    image_summaries.forget()
    return images.image_problems(data(root, **more), Store(root.parent / "store"))


def test_a_share_of_each_class_is_evaluated_and_the_rest_is_trained_on(tmp_path):
    drawn(tmp_path, *NAMES, *(f"cow/{number}.png" for number in range(2)))
    train, val = halves(tmp_path)
    assert len(val) == 2 + 2 + 1
    assert {path.split("/")[0] for path in val} == {"cat", "cow", "dog"}
    assert sorted(train + val) == sorted([*NAMES, "cow/0.png", "cow/1.png"])
    assert not {*train} & {*val}


def test_the_draw_is_the_same_everywhere():
    """Another draw would change every stored trial of such a split."""
    labelled = [(name, name.split("/")[0]) for name in NAMES]
    assert validation(labelled, 0.2) == validation(labelled[::-1], 0.2) == DRAWN
    assert validation(labelled, 0.2) < validation(labelled, 0.5)


DRAWN = {"cat/8.png", "cat/9.png", "dog/4.png", "dog/8.png"}


@pytest.mark.parametrize(
    ("number", "share", "expected"),
    [(1, 0.5, 0), (2, 0.01, 1), (2, 0.99, 1), (10, 0.25, 3), (5, 0.1, 1), (100, 0.2, 20)],
)
def test_a_class_of_two_or_more_has_images_in_both(number, share, expected):
    assert count(number, share) == expected


def test_a_tar_of_class_folders_is_split_like_the_folder(tmp_path):
    import tarfile

    root = drawn(tmp_path / "images", *NAMES)
    with tarfile.open(tmp_path / "images.tar", "w") as tar:
        for name in NAMES:
            tar.add(root / name, arcname=name)
    assert halves(root) == halves(tmp_path / "images.tar")
    source = folder(data(tmp_path / "images.tar"), BOTH, 0)
    assert [len(split) for split in source.splits] == [16, 4]


def test_an_added_image_is_noticed_and_moves_few_others(tmp_path):
    root, store = drawn(tmp_path / "images", *NAMES), Store(tmp_path / "store")
    before, first = image_summaries.fingerprints(data(root), store), halves(root)
    drawn(root, "cat/new.png")
    image_summaries.forget()
    after, second = image_summaries.fingerprints(data(root), store), halves(root)
    assert image_changes.difference(before, after).startswith("train: ")
    assert len({*first[1]} ^ {*second[1]}) <= 2


def test_classes_have_the_numbers_of_the_training_images_where_only_some_are_evaluated(tmp_path):
    drawn(tmp_path, *NAMES, "ant/1.png")
    source = folder(data(tmp_path), ("validation",), 0)
    assert source.classes == 3
    assert {source.splits[0].picture(i)[1] for i in range(4)} == {1, 2}
    assert not wrong(tmp_path)
    (note,) = images.odd(data(tmp_path), Store(tmp_path.parent / "store"))
    assert note.endswith("classes trained on and not evaluated: ant")


def test_a_root_with_splits_is_not_split_again(tmp_path):
    drawn(tmp_path, *(f"{half}/{name}" for half in ("train", "val") for name in NAMES))
    (fault,) = wrong(tmp_path)
    assert (fault.key, "has the splits train, val already" in fault.message) == ("split", True)


def test_classes_of_one_image_leave_nothing_to_evaluate(tmp_path):
    drawn(tmp_path, "cat/1.png", "dog/1.png")
    (fault,) = wrong(tmp_path)
    assert "one image of each class, so none to evaluate" in fault.message
    with pytest.raises(DataError, match="none to evaluate"):
        folder(data(tmp_path), BOTH, 0)


def test_problems_of_the_folder_are_reported_once(tmp_path):
    drawn(tmp_path, *NAMES, "cat/1.heic")
    (fault,) = wrong(tmp_path)
    assert (fault.key, "1 .heic in cat" in fault.message) == ("root", True)


def test_a_folder_without_splits_is_pointed_to_a_drawn_one(tmp_path):
    drawn(tmp_path, *NAMES)
    plain = Data(name="folder", root=str(tmp_path), img_size=8)
    (fault, _) = images.image_problems(plain, Store(tmp_path.parent / "store"))
    assert "or write split: 0.2 to draw" in fault.message


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, 20, True, "a fifth"])
def test_a_share_lies_between_none_and_all(share):
    with pytest.raises(ValueError, match="split"):
        Data(name="folder", root=".", split=share)


def test_a_drawn_split_beside_named_ones_is_refused():
    with pytest.raises(ValueError, match="leave out train_split and val_split"):
        Data(name="folder", root=".", split=0.2, val_split="val")
    with pytest.raises(ValueError, match="digits does not use split"):
        Data(name="digits", split=0.2)

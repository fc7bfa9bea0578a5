"""Images at plan time: the number of classes, and the problems that would stop every trial."""

from collections.abc import Iterable
from importlib.util import find_spec

from study import registries
from study.errors import DataError, SpecError
from study.spec.places import Places
from study.spec.problems import Problem
from study.spec.study import Arm
from study.store.store import Store
from study.tasks.classification.config import config_of
from study.tasks.classification.data.class_map import class_map
from study.tasks.classification.data.image_files import Summary
from study.tasks.classification.data.locations import root_of, unread_splits
from study.tasks.classification.data.problems import ImageProblem, data_problems, oddities
from study.tasks.classification.plan.image_summaries import summaries, summary
from study.tasks.classification.schema import CLASSES, LISTED, Data
from study.text import path_text

PACKAGES = {"hf": "datasets", "hfds": "datasets", "wds": "webdataset"}
"""The package that a data set is read with, by the first part of its name."""


def classes(data: Data, store: Store) -> int:
    """The number of classes of the data, without reading an image.

    Raises:
        SpecError: the number is unknown before images are read.
        DataError: the images are absent, or their class folders are ambiguous.
    """
    if count := data.num_classes or CLASSES.get(data.name.lower()):
        return count
    if data.name not in LISTED:
        raise SpecError(
            f"num_classes of {data.name} is not known before it is read: say num_classes"
        )
    names = class_map(data)
    train = summary(data, data.train_split, store)
    # Nested folders leave open which of them names the class.
    uncertain = not train.counts or (train.nested and data.class_folder is None)
    if uncertain and (wrong := data_problems(data, [train], names)):
        raise DataError(wrong[0].message)
    # A class map may name classes that this folder has no image of.
    if count := len(names) or train.classes:
        return count
    raise DataError(f"no image of {path_text(train.place)} has a label")


def image_problems(data: Data, store: Store) -> list[ImageProblem]:
    """Problems with the files of a data set that would stop every trial."""
    kind = data.name.partition("/")[0]
    if kind == "digits" or kind in registries.names("data"):
        return []
    package = PACKAGES.get(kind)
    if package and find_spec(package) is None:
        message = f'data {data.name} needs {package}: pip install -e ".[hub]"'
        return [ImageProblem("name", message, absent=True)]
    if kind == "hfds":  # its root is a cache, which is created if absent
        return []
    try:
        root = root_of(data)
    except DataError as error:
        return [ImageProblem("root", str(error), absent=True)]
    if kind in LISTED:
        return _listed_problems(data, store)
    return [ImageProblem(key, message) for key, message in unread_splits(data, root)]


def problems(arms: Iterable[Arm], places: Places, store: Store, *, absent: bool) -> list[Problem]:
    """Problems with the data of arms, at the positions of their keys in the study file.

    A plan can be made without images, so absent images are a problem only if `absent` is true.
    """
    # Several arms usually share one data set, which is reported once.
    sets = dict[str, Arm]()
    for arm in arms:
        if "data" not in arm.config.unresolved:
            sets.setdefault(config_of(arm).data.model_dump_json(), arm)
    wrong = [
        Problem(fault.message, places.of_part("data", arm.choices, fault.key))
        for arm in sets.values()
        for fault in image_problems(config_of(arm).data, store)
        if absent or not fault.absent
    ]
    return list({problem.message: problem for problem in reversed(wrong)}.values())[::-1]


def notes(data_sets: Iterable[Data], store: Store) -> list[str]:
    """Notes on absent images and on files that are not read, neither of which is a mistake."""
    texts = list[str]()
    for data in data_sets:
        texts += [
            f"no images: {fault.message}" for fault in image_problems(data, store) if fault.absent
        ]
        texts += odd(data, store)
    return list(dict.fromkeys(texts))


def odd(data: Data, store: Store) -> list[str]:
    """Notes on files that are not read, and on classes that are not evaluated."""
    if data.name not in LISTED:
        return []
    try:
        # A drawn split has both splits in one place, with the same notes.
        return list(dict.fromkeys(oddities(summaries(data, store), class_map(data))))
    except DataError:
        return []


def _listed_problems(data: Data, store: Store) -> list[ImageProblem]:
    faults = list[ImageProblem]()
    splits = list[Summary]()
    # Both are tried, so that the problems of both are reported together.
    for key, split in zip(data.split_keys, (data.train_split, data.val_split), strict=True):
        try:
            splits.append(summary(data, split, store))
        except DataError as error:
            faults.append(ImageProblem(key, str(error)))
    try:
        names = class_map(data)
    except DataError as error:
        return [*faults, ImageProblem("class_map", str(error))]
    return faults or data_problems(data, splits, names)

"""Images at plan time: the number of classes, and the problems that would stop every trial."""

from collections.abc import Callable, Iterable
from importlib.util import find_spec

from study.data.class_map import class_map
from study.data.image_files import Summary
from study.data.locations import root_of, unread_splits
from study.data.problems import ImageProblem, data_problems, oddities
from study.errors import DataError, SpecError
from study.plan.image_summaries import summaries, summary
from study.spec.problems import Location, Problem
from study.spec.schema import CLASSES, Data
from study.store.store import Store

PACKAGES = {"hfds": "datasets", "wds": "webdataset"}
"""The package that timm reads a data set with, by the first part of its name."""


def classes(data: Data, store: Store) -> int:
    """The number of classes of the data, without reading an image.

    Raises:
        SpecError: the number is unknown before images are read.
        DataError: the images are absent, or their class folders are ambiguous.
    """
    if count := data.num_classes or CLASSES.get(data.name.lower()):
        return count
    if data.name != "folder":
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
    return len(names) or len(train.counts)


def image_problems(data: Data, store: Store) -> list[ImageProblem]:
    """Problems with the files of a data set that would stop every trial."""
    kind = data.name.partition("/")[0]
    if kind == "digits":
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
    if kind == "folder":
        return _folder_problems(data, store)
    return [ImageProblem(key, message) for key, message in unread_splits(data, root)]


def problems(
    data_sets: Iterable[tuple[Data, Callable[[str], Location]]], store: Store, *, absent: bool
) -> list[Problem]:
    """Problems with data sets, at the positions of their keys in the study file.

    A plan can be made without images, so absent images are a problem only if `absent` is true.
    """
    return [
        Problem(fault.message, place_of(fault.key))
        for data, place_of in data_sets
        for fault in image_problems(data, store)
        if absent or not fault.absent
    ]


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
    """Notes on files of an image folder that are not read."""
    if data.name != "folder":
        return []
    try:
        return list(oddities(summaries(data, store), class_map(data)))
    except DataError:
        return []


def _folder_problems(data: Data, store: Store) -> list[ImageProblem]:
    faults = list[ImageProblem]()
    splits = list[Summary]()
    # Both are tried, so that the problems of both are reported together.
    for key in ("train_split", "val_split"):
        try:
            splits.append(summary(data, getattr(data, key), store))
        except DataError as error:
            faults.append(ImageProblem(key, str(error)))
    try:
        names = class_map(data)
    except DataError as error:
        return [*faults, ImageProblem("class_map", str(error))]
    return faults or data_problems(data, splits, names)

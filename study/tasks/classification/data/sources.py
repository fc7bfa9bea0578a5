"""Open data sets: one function for each kind (the first part of a name), in `SOURCES`."""

import tarfile
from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from PIL import Image
from timm.data import create_dataset

from study.errors import DataError, unknown
from study.tasks.classification.data import array_listing, table_listing
from study.tasks.classification.data.file_types import first_names
from study.tasks.classification.data.held_arrays import held_images
from study.tasks.classification.data.image_files import Summary, numbered
from study.tasks.classification.data.in_memory import InMemoryImages
from study.tasks.classification.data.label_sets import checked
from study.tasks.classification.data.listing import listed, place_and_rules, summarised
from study.tasks.classification.data.locations import expanded, root_of, unread_splits
from study.tasks.classification.data.on_disk import FromFiles, FromReader, FromTable, OnDiskImages
from study.tasks.classification.data.problems import data_problems
from study.tasks.classification.data.split import OpenedSplits, stratified
from study.tasks.classification.data.webdataset import ShardStream
from study.tasks.classification.schema import TORCH, Data

UNREADABLE = (
    AssertionError,
    LookupError,
    OSError,
    RuntimeError,
    ValueError,
    tarfile.TarError,
)


def digits(data: Data, splits: Sequence[str], workers: int) -> OpenedSplits:
    """scikit-learn's 1,797 grey digits of 8 x 8 px; a fixed stratified split trains on 1,437.

    Enlarged by nearest neighbour if 8 divides both sides of img_size, else bicubic.
    """
    from sklearn.datasets import load_digits

    pixels, targets = load_digits(return_X_y=True)
    images = (pixels.reshape(-1, 8, 8) * (255 / 16)).round().astype(np.uint8)  # from 0..16
    indices = stratified(targets, validation=360)
    chosen = [indices[split] for split in splits]
    return OpenedSplits(
        [in_memory(images[i], targets[i], data=data, workers=workers) for i in chosen], 10
    )


def torch_set(data: Data, splits: Sequence[str], workers: int) -> OpenedSplits:
    """torch/NAME: torchvision's data sets; small ones are decoded once into memory."""
    name = data.name.split("/", 1)[1].lower()
    if name not in TORCH:
        raise DataError(unknown("data", data.name, [f"torch/{name}" for name in TORCH]))
    root = root_of(data)
    for _, message in unread_splits(data, root):
        raise DataError(message)
    sets = [_opened(data, root, split=split) for split in splits]
    classes = len(sets[0].classes) if hasattr(sets[0], "classes") else None
    if data.held:
        return OpenedSplits(
            [in_memory(s.data, _first(s.targets), data=data, workers=workers) for s in sets],
            classes,
        )
    return OpenedSplits(
        [OnDiskImages(s.__getitem__, range(len(s)), data, workers) for s in sets], classes
    )


def _first(targets: ArrayLike) -> ArrayLike:
    """The classes of images; qmnist has eight fields of labels, of which the first is the class."""
    fields = np.asarray(targets)
    return fields[:, 0] if fields.ndim == 2 else fields


def folder(data: Data, splits: Sequence[str], workers: int) -> OpenedSplits:
    """folder: ROOT/train and ROOT/validation, each a folder of class folders or a tar of them.

    The split "." is ROOT itself; with `split` ROOT has class folders and no splits. Files are
    listed by the same code as for plan and doctor.
    """
    return _listed(data, splits, workers)


def csv(data: Data, splits: Sequence[str], workers: int) -> OpenedSplits:
    """csv: files below ROOT with the columns path (from ROOT) and label."""
    return _listed(data, splits, workers)


def _listed(data: Data, splits: Sequence[str], workers: int) -> OpenedSplits:
    listings, names = listed(data, splits)
    if wrong := data_problems(data, [listing.summary for listing in listings], names):
        raise DataError("\n".join(dict.fromkeys(fault.message for fault in wrong)))
    numbers = names or _numbers(data, listings[0].summary)
    absent = {name for listing in listings for name in listing.summary.counts} - numbers.keys()
    if absent:  # where validation images are read alone
        raise DataError(f"data {data.name}: no training image is of {first_names(sorted(absent))}")
    readers = [FromFiles(listing, numbers, data) for listing in listings]

    def label(reader: FromFiles) -> Callable[[int], int] | None:
        return None if data.multi_label else reader.label

    files = [
        OnDiskImages(r, range(len(r.listing.pictures)), data, workers, label(r)) for r in readers
    ]
    fingerprints = [listing.summary.fingerprint for listing in listings]
    return OpenedSplits(files, len(numbers), fingerprints)


def _numbers(data: Data, first: Summary) -> dict[str, int]:
    """The number of each class of the training images; `first` is the first split that is read."""
    if data.name == "csv" or data.split is not None:
        # Validation images alone may lack a class, which would number the others differently.
        first = summarised(data, data.train_split)
    # Splits of folders with different classes are refused by now.
    return {name: number for number, name in enumerate(numbered(first.counts))}


def npz(data: Data, splits: Sequence[str], workers: int) -> OpenedSplits:
    """npz: arrays x_train, y_train, x_val, y_val, or x and y with `split`, held in memory."""
    walks = [array_listing.walked(*place_and_rules(data, split)) for split in splits]
    summaries = [walk.summary() for walk in walks]
    if wrong := data_problems(data, summaries, {}):
        raise DataError("\n".join(dict.fromkeys(fault.message for fault in wrong)))
    images = [held_images(walk, data, workers) for walk in walks]
    first = summarised(data, data.train_split)
    classes = len(first.declared or _numbers(data, first))
    return OpenedSplits(images, classes, [summary.fingerprint for summary in summaries])


def hf(data: Data, splits: Sequence[str], workers: int) -> OpenedSplits:
    """hf: a folder that `save_to_disk` of Hugging Face datasets wrote, with or without splits."""
    walks = [table_listing.walked(*place_and_rules(data, split)) for split in splits]
    summaries = [walk.summary() for walk in walks]
    if wrong := data_problems(data, summaries, {}):
        raise DataError("\n".join(dict.fromkeys(fault.message for fault in wrong)))
    files = [
        OnDiskImages(read, walk.indices, data, workers, None if data.multi_label else read.label)
        for walk in walks
        for read in [FromTable(walk, data)]
    ]
    return OpenedSplits(files, len(walks[0].names), [s.fingerprint for s in summaries])


def hub(data: Data, splits: Sequence[str], workers: int) -> OpenedSplits:
    """hfds/NAME: Hugging Face data sets; `root` is their cache, filled by downloads."""
    _installed("datasets", data)
    root = data.root and expanded(data.root)
    readers = [_opened(data, root, split=split).reader for split in splits]
    reads = [FromReader(reader, data) for reader in readers]
    for read in reads:
        read.check()
    files = [OnDiskImages(r, range(len(r.reader)), data, workers) for r in reads]
    return OpenedSplits(files, len(readers[0].class_to_idx) or None)


def shards(data: Data, splits: Sequence[str], workers: int) -> OpenedSplits:
    """wds/NAME: tars under `root`; a split is a name in its _info.json, or train-{00..99}.tar|N."""
    _installed("webdataset", data)
    root = root_of(data)
    streams = []
    for split in splits:
        reader = _opened(data, root, split=split).reader
        if not reader.num_samples:
            raise DataError(f'{data.name}: how many images? Write the split as "{split}|NUMBER"')
        opening = partial(_opened, data, root, split=split)
        streams.append(
            ShardStream(opening, reader.num_samples, len(reader.split_info.filenames), data)
        )
    return OpenedSplits(streams, len(reader.class_to_idx) or None)


def counts(data: Data) -> list[int]:
    """Number of images per split of a torch/ or wds/ data set, without decoding any.

    Raises:
        DataError: it cannot be opened.
    """
    splits = (data.train_split, data.val_split)
    if data.name.startswith("wds/"):
        return [len(split) for split in shards(data, splits, 0).splits]
    return [len(_opened(data, root_of(data), split=split)) for split in splits]


def _opened(data: Data, root: Path | str | None, *, name: str | None = None, **how: object) -> Any:
    """A timm data set; its errors become DataErrors."""
    if data.name.startswith("torch/"):
        how |= {"download": data.download}
    else:
        how |= {"input_key": data.input_key, "target_key": data.target_key}
    try:
        return create_dataset(
            data.name if name is None else name,
            root=str(root) if root else None,
            search_split=False,
            class_map=data.class_map,
            input_img_mode="",  # decoding.as_given converts: Pillow would clip 16-bit values
            **how,
        )
    except UNREADABLE as error:
        download = data.name.startswith("torch/") and not data.download
        step = "set download: true, or correct root" if download else "correct root or the split"
        raise DataError(
            f"data {data.name}: looked in {root} for {how.get('split') or 'images'}: {error}.",
            step=step,
        ) from error


def _installed(package: str, data: Data) -> None:
    if find_spec(package) is None:
        raise DataError(f'data {data.name} needs {package}: pip install -e ".[hub]"')


def in_memory(images: ArrayLike, targets: ArrayLike, *, data: Data, workers: int) -> InMemoryImages:
    """Hold images in memory at img_size: bytes (N, H, W) or (N, H, W, 3) -> Pixels.

    Targets are classes (N,), or with `multi_label` 0 or 1 for each class, (N, C).

    Raises:
        DataError: targets are of another shape, or not as many as images.
    """
    images, labels = np.asarray(images), torch.from_numpy(np.array(targets))
    if len(images) != len(labels):
        raise DataError(f"data {data.name}: {len(images)} images and {len(labels)} labels")
    if data.multi_label:
        labels = checked(labels, data, data.num_classes)
    elif labels.ndim > 1:
        raise DataError(
            f"data {data.name}: labels of shape {tuple(labels.shape)}; an image has one class, or "
            "write multi_label: true"
        )
    mode = "L" if images.ndim == 3 or data.in_chans == 1 else "RGB"
    resized = np.stack([_resized(image, data.sides, mode) for image in images])
    pixels = torch.from_numpy(resized.reshape(*resized.shape[:3], -1)).permute(0, 3, 1, 2)
    targets = labels if data.multi_label else labels.long()
    return InMemoryImages(pixels.contiguous(), targets, data, workers)


def _resized(image: NDArray[np.uint8], sides: tuple[int, int], mode: str) -> NDArray[np.uint8]:
    """Resize: nearest for whole multiples of a digit's 8 pixels, else bicubic as timm does.

    All of the image is kept: it is stretched where the proportions differ.
    """
    height, width = sides
    if len(image) == 8 and height % 8 == width % 8 == 0:
        return image.repeat(height // 8, 0).repeat(width // 8, 1)
    picture = Image.fromarray(image).convert(mode)
    if picture.size != (width, height):
        picture = picture.resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(picture)


SOURCES = {
    "digits": digits,
    "folder": folder,
    "csv": csv,
    "npz": npz,
    "hf": hf,
    "torch": torch_set,
    "hfds": hub,
    "wds": shards,
}

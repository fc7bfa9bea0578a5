"""The keys of `data`: which images, at which size, with which classes."""

import re
from collections.abc import Iterator
from math import prod
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic.config import JsonDict

from study import registries
from study.errors import likely_name, unknown
from study.spec.image_size import sides
from study.spec.schema.choices import suggested
from study.spec.schema.types import Channels, Count, Deviations, Pixels, Range, Share, Strict, Text

CLASSES = {  # number of classes, for data sets that their names identify
    "digits": 10,
    "torch/mnist": 10,
    "torch/kmnist": 10,
    "torch/qmnist": 10,
    "torch/fashion_mnist": 10,
    "torch/cifar10": 10,
    "torch/cifar100": 100,
    "torch/imagenet": 1000,
}

SMALL = {
    **dict.fromkeys(("mnist", "fashion_mnist", "kmnist"), 70_000),
    **dict.fromkeys(("cifar10", "cifar100"), 60_000),
    "qmnist": 120_000,
}  # images of both splits together, so that both are held in memory or neither
TRAINED = {name: images - 10_000 for name, images in SMALL.items()} | {"qmnist": 60_000}
HELD = 4 * 2**30  # bytes; a data set that needs more at its img_size is read image by image
TORCH = (*SMALL, "imagenet", "inaturalist", "places365")
"""The data sets of torchvision that timm opens."""

# A key without effect is refused, as its author believes that it changes something.
IGNORED = {  # keys without effect, by kind of data
    "digits": (
        "root",
        "download",
        "train_split",
        "val_split",
        "class_map",
        "input_key",
        "target_key",
        "class_folder",
        "ignore",
        "grey_range",
        *("split", "train", "val", "multi_label"),
    ),
    "torch": (
        *("class_map", "input_key", "target_key", "class_folder", "ignore", "grey_range"),
        *("split", "train", "val", "multi_label"),
    ),
    "folder": ("download", "input_key", "target_key", "train", "val", "multi_label"),
    "csv": (
        *("download", "input_key", "target_key", "train_split", "val_split"),
        *("class_folder", "ignore"),
    ),
    "npz": (
        *("download", "input_key", "target_key", "train_split", "val_split", "train", "val"),
        *("class_map", "class_folder", "ignore", "grey_range"),
    ),
    "hf": ("download", "class_map", "class_folder", "ignore", "train", "val"),
    "hfds": ("class_map", "class_folder", "ignore", "split", "train", "val", "multi_label"),
    "wds": ("download", "class_folder", "ignore", "split", "train", "val", "multi_label"),
}
NAMED = ("torch", "hfds", "wds")  # kinds whose name has a second part
LISTED = ("folder", "csv", "npz", "hf")
"""Kinds of data that are listed by the plan: their images are counted and have fingerprints."""
KNOWN = "digits, folder, csv, npz, hf, torch/NAME, hfds/NAME, wds/NAME"
CHANNELS = (1, 3)  # channels of an image in a file

TORCH_NAMES = rf"torch/({'|'.join(TORCH)}|(?=.*[A-Z]).+)"  # capitals are not told apart
PLAIN_KINDS = ("digits", "folder", "csv", "npz", "hf")
SUGGESTED = (*dict.fromkeys([*CLASSES, *PLAIN_KINDS, *(f"torch/{name}" for name in TORCH)]),)


def data_names(schema: JsonDict) -> None:
    """Suggest names of data; those of plugins are allowed as well."""
    own = [re.escape(name) for name in sorted({*registries.names("data")} - {*IGNORED})]
    kinds = [*PLAIN_KINDS, TORCH_NAMES, "(hfds|wds)/.+", *(f"{name}(/.+)?" for name in own)]
    suggested(lambda: SUGGESTED, f"^({'|'.join(kinds)})$")(schema)


LOOKS = {"title", "img_size", "mean", "std"}
"""Keys that change neither which files are read nor whether they are readable."""


class Data(Strict):
    """A data set and its image size; names are those of timm, plus `digits`.

    Size, mean and standard deviation are the study's, where timm's train.py takes the model's.
    """

    name: str = Field(description=KNOWN, json_schema_extra=data_names)
    title: Text | None = Field(None, description="name in tables, such as ImageNet-1k")
    root: str | None = Field(None, description="folder, tar or arrays the images are read from")
    download: bool = Field(False, description="let torchvision download into `root`")
    img_size: Pixels = Field(224, description="pixels of both sides, or [height, width]")
    in_chans: Annotated[int, Field(ge=1, le=16)] = Field(
        3, description="channels given to the model: 1 or 3, and up to 16 of arrays"
    )
    num_classes: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(
        None, description="read from the data when absent"
    )
    multi_label: bool = Field(
        False, description="an image has several labels or none: LABEL;LABEL, or a 0/1 matrix"
    )
    train_split: str = Field("train", description="split or folder of the training images")
    val_split: str = Field("validation", description="split or folder of the evaluated images")
    split: Share | None = Field(
        None, description="share of each class that is drawn for validation, always the same"
    )
    train: str | None = Field(None, description="CSV of the training images, below root")
    val: str | None = Field(None, description="CSV of the validation images, below root")
    class_map: str | None = Field(None, description="file that maps class names to indices")
    class_folder: Literal["outer", "inner"] | None = Field(
        None,
        description="folder whose name is the class, if class folders contain folders of images",
    )
    ignore: list[str] = Field(
        [], description='files and folders that are not read and hold no images, such as "*.heic"'
    )
    grey_range: Range | None = Field(
        None, description="values of black and white in grey images of more than 8 bits"
    )
    input_key: str | None = Field(None, description="column or array of the images")
    target_key: str | None = Field(None, description="column or array of the labels")
    mean: Channels | None = Field(
        None, description="per channel, of pixels in 0..1; else ImageNet's"
    )
    std: Deviations | None = Field(
        None, description="per channel, of pixels in 0..1; else ImageNet's"
    )
    train_limit: Count | None = Field(
        None, description="use only this many images, a fixed random choice"
    )
    val_limit: Count | None = Field(
        None, description="use only this many images, a fixed random choice"
    )
    holdout: Share | None = Field(
        None,
        description="share of the training images of each class that is evaluated in place of the "
        "validation images, always the same",
    )

    @model_validator(mode="after")
    def _used(self) -> Self:
        """Validate the kind of data, and refuse keys that have no effect on it."""
        kind, _, name = self.name.partition("/")
        if kind in registries.names("data"):
            return self
        if kind not in IGNORED or (kind in NAMED) != bool(name):
            near = likely_name(self.name, [*IGNORED, *CLASSES])
            hint = f'; did you mean "{near}"?' if near else ""
            raise ValueError(f'unknown data "{self.name}"{hint} (known: {KNOWN})')
        if kind == "torch" and name.lower() not in TORCH:
            raise ValueError(unknown("data", self.name, [f"torch/{name}" for name in TORCH]))
        fields = type(self).model_fields
        idle = [k for k in IGNORED[kind] if getattr(self, k) != fields[k].default]
        if idle:
            raise ValueError(f"{self.name} does not use {', '.join(idle)}: leave it out")
        for message in self._unusable(kind):
            raise ValueError(message)
        return self

    def _unusable(self, kind: str) -> Iterator[str]:
        """Messages on keys that do not name two splits, or do not fit the channels."""
        words = self.train_split, self.val_split
        if self.split is not None and words != ("train", "validation"):
            yield "split draws the validation images: leave out train_split and val_split"
        if kind == "csv" and self.train is None:
            yield "csv needs train: the file that has a path and a label in every row"
        if kind == "csv" and (self.val is None) == (self.split is None):
            yield "csv needs either val, the file of the validation images, or split: 0.2"
        if self.in_chans not in CHANNELS and kind != "npz":
            yield f"in_chans {self.in_chans}: {self.name} has images of 1 or 3; npz has up to 16"
        if self.holdout is not None and not self.labelled:
            yield f"holdout: the classes of {self.name} are not known before its images are read"
        if self.holdout is not None and self.val_limit is not None:
            yield "holdout: no validation image is read: leave out val_limit"
        for key, values in (("mean", self.mean), ("std", self.std)):
            counts = {1, 3} if self.in_chans in CHANNELS else {1, self.in_chans}
            if values and len(values) not in counts:
                yield f"{key}: {len(values)} values; give 1, or {max(counts)} (one per channel)"

    @property
    def sides(self) -> tuple[int, int]:
        """Height and width of the model's images in pixels."""
        return sides(self.img_size)

    @property
    def is_square(self) -> bool:
        return isinstance(self.img_size, int)

    @property
    def label(self) -> str:
        """The name of the data in tables, with the number of images if it is limited."""
        limits = ((self.train_limit, "to train on"), (self.val_limit, "to evaluate"))
        used = [f"{limit} {what}" for limit, what in limits if limit is not None]
        used += [f"{100 * self.holdout:g} % of them to evaluate"] if self.holdout else []
        return ", ".join([self.title or self.name, *used])

    @property
    def contradictions(self) -> Iterator[tuple[str, str]]:
        """Yield (key, message) for values that contradict each other."""
        if self.train is not None and self.train == self.val:
            yield "val", f"training and evaluation would use the same images, {self.val}"
        if self.train_split == self.val_split and self.name != "digits":
            yield (
                "val_split",
                f'training and evaluation would use the same images, "{self.val_split}"',
            )

    @property
    def split_keys(self) -> tuple[str, str]:
        """The keys that name the images to train on and to evaluate."""
        if self.name == "csv":
            return "train", "val" if self.split is None else "train"
        drawn = self.name == "npz" or self.split is not None
        return ("root", "root") if drawn else ("train_split", "val_split")

    @property
    def train_images(self) -> int | None:
        """The number of training images, if the name of the data set determines it."""
        kind, _, name = self.name.partition("/")
        # scikit-learn's 1,797 digits less the 360 of the validation split
        whole = 1437 if kind == "digits" else TRAINED.get(name.lower()) if kind == "torch" else None
        # How many are held out depends on the images of each class.
        if whole is None or self.holdout is not None:
            return None
        return min(whole, self.train_limit or whole)

    @property
    def labelled(self) -> bool:
        """True if the classes of all training images are known without reading them."""
        return self.held or self.name in LISTED

    @property
    def held(self) -> bool:
        """True for a data set that is decoded once into memory, at the model's input size."""
        kind, _, name = self.name.partition("/")
        images = SMALL.get(name.lower()) if kind == "torch" else None
        small = images is not None and images * prod(self.sides) * self.in_chans <= HELD
        return kind in ("digits", "npz") or small

"""The options of eval: which weights and which images to evaluate."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from study.cli.options import Pixels
from study.spec.image_size import ImageSize
from study.store.atomic import Record


@dataclass(frozen=True)
class EvalRequest:
    """The options of the command that choose weights and images; None or () if not given."""

    checkpoint: Path | None
    checkpoint_key: str | None
    pretrained: bool
    ema: bool | None
    arguments: tuple[str, ...]
    data: str | None
    root: str | None
    val_split: str | None
    num_classes: int | None
    class_map: str | None
    multi_label: bool | None
    class_folder: str | None
    ignore: tuple[str, ...]
    grey_range: tuple[float, float] | None
    val_limit: int | None
    img_size: ImageSize | None
    crop_pct: float | None
    interpolation: str | None
    mean: tuple[float, float, float] | None
    std: tuple[float, float, float] | None
    batch_size: int | None

    @property
    def preprocessing(self) -> Record:
        """The given keys of a preprocessing."""
        return self._given(PREPROCESSING)

    @property
    def images(self) -> Record:
        """The given keys of Data. A path is a folder of classes or a tar of them, or has splits."""
        from study.tasks.classification.data import evaluated_split
        from study.tasks.classification.schema import IGNORED

        keys, name = self._given(DATA), self.data
        if name is None:
            return keys
        # A name of a data set that is also a folder here is read as the name.
        is_path = Path(name).exists() or name.startswith(("/", ".", "~", "$"))
        root, split = self.root, self.val_split
        if is_path and name.partition("/")[0] not in IGNORED:
            if root is not None:
                raise click.UsageError("--root: --data is a path already; leave it out")
            name, root = "folder", name
        if name == "folder" and root is not None and split is None:
            split = evaluated_split(root)
        places = {"root": root, "val_split": split}
        return {"name": name, **keys, **{key: v for key, v in places.items() if v is not None}}

    def _given(self, keys: tuple[str, ...]) -> Record:
        """The values given for these keys, tuples as lists."""
        # An option that was not given is None, or () if it may be repeated.
        given = {key: value for key in keys if (value := getattr(self, key)) not in (None, ())}
        return {k: list(v) if isinstance(v, tuple) else v for k, v in given.items()}


DATA = (
    "root",
    "val_split",
    "num_classes",
    "class_map",
    "multi_label",
    "class_folder",
    "ignore",
    "grey_range",
    "val_limit",
    "img_size",
    "mean",
    "std",
)
"""Options that are keys of `data` in a study file."""


PREPROCESSING = ("crop_pct", "interpolation", "batch_size")
# Pillow's filters under timm's names, as in recipe.interpolation.
RESAMPLING = ("nearest", "bilinear", "bicubic", "box", "hamming", "lanczos")
POSITIVE = click.IntRange(1)
CROP = click.FloatRange(0.1, 1.5)
RGB: dict[str, Any] = {"nargs": 3, "type": float, "metavar": "R G B", "default": None}

WEIGHTS = (
    click.option(
        "--checkpoint",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Weights as .pth, .pth.tar, .pt or .safetensors.",
    ),
    click.option(
        "--checkpoint-key",
        metavar="KEY",
        help="Which of several sets of tensors in FILE to load, such as net or teacher.backbone.",
    ),
    click.option("--pretrained", is_flag=True, help="The weights that timm has for MODEL."),
    click.option(
        "--ema/--no-ema",
        default=None,
        help="Moving average or plain weights.  [default: average, if any]",
    ),
    click.option(
        "--model-arg",
        "arguments",
        metavar="KEY=VALUE",
        multiple=True,
        help="An argument of the model, such as position=learned.",
    ),
)
IMAGES = (
    click.option(
        "--data",
        metavar="NAME|PATH",
        help="digits, torch/NAME, hfds/NAME, wds/NAME, or a folder or tar of class "
        "folders.  [default: a trial's own]",
    ),
    click.option("--root", metavar="DIR", help="Where the images of NAME are."),
    click.option(
        "--split",
        "val_split",
        metavar="NAME",
        help='Split to evaluate, such as test; "." is PATH itself.  [default: validation, if any]',
    ),
    click.option(
        "--num-classes",
        type=POSITIVE,
        help="Number of the model's classes, if the images have fewer.",
    ),
    click.option(
        "--class-map", metavar="FILE", help="File that maps class names to class numbers."
    ),
    click.option(
        "--multi-label",
        is_flag=True,
        default=None,
        help="The arrays of npz have several labels for an image.",
    ),
    click.option(
        "--class-folder",
        type=click.Choice(["outer", "inner"]),
        help="Which folder names the class if class folders are nested.",
    ),
    click.option(
        "--ignore",
        metavar="PATTERN",
        multiple=True,
        help="Skip files that match PATTERN, such as files that are not images.",
    ),
    click.option(
        "--grey-range",
        nargs=2,
        type=float,
        metavar="BLACK WHITE",
        default=None,
        help="Values of black and white in grey images of more than 8 bits.",
    ),
    click.option(
        "--limit",
        "val_limit",
        type=POSITIVE,
        help="Evaluate at most this many images, drawn from all classes.",
    ),
    click.option(
        "--img-size", type=Pixels(), help="Pixels of both sides, or HEIGHTxWIDTH, as in 224x320."
    ),
    click.option(
        "--crop-pct", type=CROP, help="Side of the crop divided by the side of the resized image."
    ),
    click.option("--interpolation", type=click.Choice(RESAMPLING)),
    click.option("--mean", **RGB, help="Mean per channel, for pixel values in 0..1."),
    click.option("--std", **RGB, help="[default of these five: the model's, or the trial's]"),
    click.option("--batch-size", type=POSITIVE, help="[default: 128, or the trial's]"),
)

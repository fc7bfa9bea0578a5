"""A draft of a study of detectors on images in COCO's form."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from study.cli.drafts.draft import CHECK, Draft, scalar

HEAD = 1 << 16  # bytes of a file that are looked at
COCO_2017 = ("annotations/instances_train2017.json", "annotations/instances_val2017.json")


@dataclass(frozen=True)
class CocoFolder:
    """Files of annotations below a folder, by the split that their names tell."""

    root: Path
    files: dict[str, str]


def annotations(path: Path) -> CocoFolder | None:
    """The annotations at a path, or below its folder `annotations`; None without both splits."""
    if not path.is_dir():
        return None
    if all((path / name).is_file() for name in COCO_2017):
        return CocoFolder(path, {})
    names = [
        file for place in (path, path / "annotations") for file in sorted(place.glob("*.json"))
    ]
    files = {
        split: str(file.relative_to(path))
        for split in ("val", "train")
        for file in names
        if split in file.stem.lower() and _is_coco(file)
    }
    return CocoFolder(path, files) if len(files) == 2 else None


def _is_coco(file: Path) -> bool:
    """True if a file looks like annotations; its keys may come in any order."""
    with file.open("rb") as opened:
        head = opened.read(HEAD)
    return any(key in head for key in (b'"annotations"', b'"images"', b'"categories"'))


def draft(path: Path, folder: Path) -> Draft | None:
    """The draft of a study of the images at a path; None without any."""
    known = annotations(path)
    name = f"{known.root.resolve().name}.yaml" if known else ""
    return Draft(_text(_data(known)), name, f"annotations in {known.root}") if known else None


def example() -> Draft:
    """The draft of a study of digits on photographs."""
    return Draft(_text(EXAMPLE), "digits_coco.yaml", "digits on photographs, as an example")


EXAMPLE = (
    f"  {CHECK} no annotations in COCO's form were found: these come with scikit-learn",
    "  data: digits_coco",
)


def _text(data: Iterable[str]) -> str:
    return f"""\
# A study of detectors. Lines with CHECK are guesses: decide, and delete them.
task: detection
{CHECK} the question that the table answers
question: Which reduction of the backbone's attention detects best?

baseline:
  {CHECK} or mask_rcnn; backbones are models of timm and of this package: study list models
  model: {{name: retinanet, backbone: {{name: rest_small}}}}
{chr(10).join(data)}
  {CHECK} coco_smoke takes 500 iterations, to see that it runs; coco_1x is the usual schedule
  recipe: coco_smoke

{CHECK} what is varied; the first level is the baseline's
factors:
  model.backbone.reduction: {{Depth-wise: depthwise, Average: average}}

seeds: 3                 # more seeds find smaller differences: study plan says which
"""


def _data(known: CocoFolder) -> Iterator[str]:
    yield "  data:"
    yield "    name: coco"
    yield f"    root: {scalar(str(known.root))}  # $COCO, say, names the same trials everywhere"
    for split in ("train", "val") if known.files else ():
        yield f"    {split}: {scalar(known.files[split])}"
        yield f"    {split}_images: {_images(known, split)}"


def _images(known: CocoFolder, split: str) -> str:
    """The folder of a split's images."""
    names = sorted(
        p.name for p in known.root.glob("[!.]*") if p.is_dir() and p.name != "annotations"
    )
    exact = [name for name in names if split in name.lower()]
    shared = [name for name in names if name.lower() in ("images", "img", "imgs", "jpegimages")]
    below = [f"{name}/{own}" for name in names for own in (split, f"{split}2017")]
    if image := _first_image(known.root / known.files[split]):
        places = (*exact, *below, *shared, *names, ".")
        exact = [name for name in places if (known.root / name / image).is_file()] or exact
    if exact or shared:
        return scalar((exact or shared)[0])
    return f"{split}  {CHECK} the folder of its images"


def _first_image(annotations: Path) -> str:
    """The first name of an image in a file of annotations; "" without one near its beginning."""
    with annotations.open("rb") as opened:
        head = opened.read(HEAD).decode("utf-8", "replace")
    name = re.search(r'"file_name"\s*:\s*("(?:[^"\\]|\\.)*")', head)
    try:
        return str(json.loads(name[1])) if name else ""
    except json.JSONDecodeError:  # the plan names it
        return ""

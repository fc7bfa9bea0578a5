"""A validation split that is drawn from images without splits, always the same."""

import hashlib
import os
from collections import defaultdict
from collections.abc import Sequence

from study.tasks.classification.data.image_files import Picture, Rules

SALT = "study split 1"
"""Another text would draw other images, and so change every stored trial of a drawn split."""


def half(pictures: Sequence[Picture], how: Rules) -> list[Picture]:
    """The images of the split that `how` reads; all of them where no split is drawn."""
    if how.share is None:
        return list(pictures)
    # Sets of labels are often of one image each, so with several labels all images are one class.
    labelled = [(path, "" if how.several else label) for path, label, _, _ in pictures]
    drawn = validation(labelled, how.share)
    return [p for p in pictures if (p[0] in drawn) == (how.half == "validation")]


def validation(labelled: Sequence[tuple[str, str]], share: float) -> set[str]:
    """The names that are drawn for validation, out of (name, class): a share of each class.

    At least one of each class that has two or more, and never all. The order of the draw is that of
    the names' digests, so an added image moves few others to the other split.
    """
    # Class by class, so that a rare class is in both splits.
    classes = defaultdict[str, list[str]](list)
    for name, label in labelled:
        classes[label].append(name)
    return {
        name
        for names in classes.values()
        for name in sorted(names, key=_draw)[: count(len(names), share)]
    }


def count(images: int, share: float) -> int:
    """The number of validation images out of the images of a class."""
    # Half up: round() would take the even number. The only image of a class is trained on.
    return min(max(1, int(images * share + 0.5)), images - 1)


def _draw(name: str) -> bytes:
    # fsencode, since the name of a file may be no text.
    return hashlib.sha256(SALT.encode() + b"\0" + os.fsencode(name)).digest()

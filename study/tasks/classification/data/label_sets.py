"""Images with several labels: how a CSV writes them, and the targets that training takes."""

import re
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from study.errors import DataError
from study.tasks.classification.data.file_types import natural

if TYPE_CHECKING:
    from torch import Tensor

    from study.tasks.classification.schema import Data

SEPARATORS = re.compile("[;|]")
"""The marks between the labels of an image in a CSV; no label may contain them."""
SEPARATOR = ";"


def labels_of(text: str) -> list[str]:
    """The labels in a text, in its order; none in an empty one, and "" where a label is missing."""
    return [label.strip() for label in SEPARATORS.split(text)] if text.strip() else []


def joined(labels: Iterable[str]) -> str:
    """Labels as one text, the same for each order of them."""
    return SEPARATOR.join(sorted(sorted(labels), key=natural))


def fault(labels: list[str]) -> str:
    """The reason why an image cannot have these labels, or ""."""
    if "" in labels:
        return f"an empty label beside others in {SEPARATOR.join(labels)!r}"
    twice = [label for label, count in Counter(labels).items() if count > 1]
    return f"the label {twice[0]} twice" if twice else ""


def checked(targets: "Tensor", data: "Data", classes: int | None) -> "Tensor":
    """Targets (..., C) as float32.

    Raises:
        DataError: they are not 0 or 1 for each of the classes.
    """
    shape, width = tuple(targets.shape), classes or targets.shape[-1]
    if not targets.ndim or targets.shape[-1] != width:
        raise DataError(
            f"data {data.name}: with multi_label an image has a 0 or a 1 for each class"
            f"{f' of {width}' * bool(classes)}, not labels of shape {shape}"
        )
    if not ((targets == 0) | (targets == 1)).all():
        raise DataError(f"data {data.name}: with multi_label a label is 0 or 1, and one is neither")
    return targets.float()


def multi_hot(numbers: Iterable[int], classes: int) -> "Tensor":
    """The classes of an image as 0 or 1 for each class, (C,)."""
    from timm.data.target_transforms import MultiLabelTarget

    target: Tensor = MultiLabelTarget(classes)([*numbers])
    return target

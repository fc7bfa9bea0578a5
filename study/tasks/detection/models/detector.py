"""The interface of detectors, by which both are trained and evaluated."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from torch import Tensor

from study.tasks.detection.models.pyramid import PyramidBackbone
from study.tasks.detection.models.transform import Padding, Size

Losses = dict[str, Tensor]


class Detector(Protocol):
    """A detector of this task; called with images (and targets, in training mode).

    In training mode a call returns losses by name; in eval mode, for each image, `boxes` (N, 4) in
    pixels of the image as given, `scores` (N,) and `labels` (N,), 1 for the first class, and of a
    detector of masks `masks` (N, 1, 28, 28), in the pixels of their boxes.
    """

    transform: Padding
    backbone: PyramidBackbone

    def prepare(self, least: Size, seeds: Sequence[int]) -> None:
        """Pad the next batch at least to this size, and sample its images with these seeds."""
        ...

    def counts(self, images: int) -> Mapping[str, int]:
        """By loss, the number of elements that the last batch of images is the mean of."""
        ...

    def dense(self, x: Tensor) -> list[Tensor]:
        """All that is computed of an image, (1, 3, H, W), without choosing boxes among it."""
        ...

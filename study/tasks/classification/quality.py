"""Qualities of a classifier: each is a function of its predictions on the validation images.

Nothing here imports numpy before a quality is computed, so that the catalogue stays light.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from study.spec.metric import Metric

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    Counts = NDArray[np.int64]

BINS = 15  # of confidence, as in Guo et al. 2017 (arXiv 1706.04599)
LARGEST = 10**8
"""Probabilities, images times classes, up to which they are kept: 400 MB in single precision."""


@dataclass(frozen=True)
class Predictions:
    """The answers of a classifier, for N images and C classes."""

    loss: float
    """Mean cross-entropy per image, in nats."""
    target: "NDArray[np.int64]"
    """(N,) classes of the images."""
    top: "NDArray[np.int64]"
    """(N, 5) predicted classes, the likeliest first; fewer columns for fewer than 5 classes."""
    confidence: "NDArray[np.float32]"
    """(N,) probability of the likeliest class."""
    probabilities: "NDArray[np.float32] | None"
    """(N, C) softmax of the outputs; None for more than `LARGEST`."""

    @property
    def right(self) -> "NDArray[np.bool_]":
        """(N,) True where the likeliest class is the image's."""
        right: NDArray[np.bool_] = self.top[:, 0] == self.target
        return right

    @property
    def stored(self) -> "Mapping[str, NDArray[np.int64]]":
        """The arrays that a trial stores."""
        return {"target": self.target, "top": self.top}


def accuracy(predictions: Predictions, k: int) -> float:
    """Fraction of images whose class is among the `k` likeliest."""
    # (N, k), with at most one hit in a row.
    hits = predictions.top[:, :k] == predictions.target[:, None]
    return float(hits.any(1).mean())


def top1(predictions: Predictions) -> float:
    return accuracy(predictions, 1)


def top5(predictions: Predictions) -> float:
    return accuracy(predictions, 5)


def loss(predictions: Predictions) -> float:
    return predictions.loss


def balanced_accuracy(predictions: Predictions) -> float:
    """Mean over the classes in the images of the fraction that is right."""
    images, right, _ = _by_class(predictions)
    return float((right[images > 0] / images[images > 0]).mean())


def macro_f1(predictions: Predictions) -> float:
    """Mean F1 score over the classes that an image has or is given."""
    images, right, given = _by_class(predictions)
    # F1 is 2 TP / (2 TP + FP + FN), and the parts in brackets are those that have or are given.
    either = (images + given) > 0
    return float((2 * right[either] / (images + given)[either]).mean())


def _by_class(predictions: Predictions) -> "tuple[Counts, Counts, Counts]":
    """By class: its images, those of them that are right, and the images that are given it."""
    import numpy as np

    first, target = predictions.top[:, 0], predictions.target
    classes = int(max(first.max(), target.max())) + 1
    counted = (target, target[predictions.right], first)
    images, right, given = (np.bincount(part, minlength=classes) for part in counted)
    return images, right, given


def auroc(predictions: Predictions) -> float | None:
    """Area under the ROC curve, each class against the rest, mean over classes.

    Classes that no image or every image has are left out. By the rank of Mann and Whitney, with
    ties at their mean rank. None if the probabilities were too many to keep.
    """
    import numpy as np

    if predictions.probabilities is None or not np.isfinite(predictions.confidence).all():
        return None
    columns = enumerate(predictions.probabilities.T)
    every = (area(column, predictions.target == number) for number, column in columns)
    areas = [value for value in every if value is not None]
    return float(np.mean(areas)) if areas else None


def area(column: "NDArray[np.float32]", own: "NDArray[np.bool_]") -> float | None:
    """The area of one class by its share (N,) of each image; None if all images are alike."""
    from scipy.stats import rankdata

    if not 0 < (count := int(own.sum())) < len(own):
        return None
    ranks = float(rankdata(column)[own].sum())
    return (ranks - count * (count + 1) / 2) / (count * (len(own) - count))


def ece(predictions: Predictions) -> float | None:
    """Expected calibration error: |accuracy - confidence| over bins of equal width, weighted.

    None for outputs that are not finite.
    """
    import numpy as np

    if not np.isfinite(predictions.confidence).all():
        return None
    # Bins are open below and closed above, as in the paper.
    bins = np.ceil(predictions.confidence.astype(float) * BINS).astype(int) - 1
    apart = predictions.right.astype(float) - predictions.confidence
    sums = np.bincount(np.clip(bins, 0, BINS - 1), weights=apart, minlength=BINS)
    return float(np.abs(sums).sum() / len(apart))


def qualities(predictions: Predictions) -> dict[str, float | None]:
    """Every quality of a classifier, in base units; None where it cannot be computed."""
    return {name: metric.of(predictions) for name, metric in QUALITIES.items() if metric.of}


def mistake(entry: object) -> str:
    """The reason why an entry of `QUALITIES` is no quality, or ""."""
    is_quality = isinstance(entry, Metric) and entry.kind == "quality" and callable(entry.of)
    return "" if is_quality else "is no Metric of the kind quality with a function `of`"


QUALITIES = {
    "top1": Metric("Top-1", "%", 100, 2, "higher", "quality", of=top1),
    "top5": Metric("Top-5", "%", 100, 2, "higher", "quality", of=top5),
    "loss": Metric("Loss", "nats", 1, 3, "lower", "quality", of=loss),
    "balanced_accuracy": Metric(
        "Balanced accuracy", "%", 100, 2, "higher", "quality", of=balanced_accuracy
    ),
    "macro_f1": Metric("Macro F1", "%", 100, 2, "higher", "quality", of=macro_f1),
    "auroc": Metric("AUROC", "%", 100, 2, "higher", "quality", of=auroc),
    "ece": Metric("ECE", "%", 100, 2, "lower", "quality", of=ece),
    "nll": Metric("NLL", "nats", 1, 3, "lower", "quality", of=loss),
}

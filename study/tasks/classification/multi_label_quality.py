"""Qualities of a classifier of images with several labels each, by timm's evaluator.

Nothing here imports numpy or torch before a quality is computed, so that the catalogue stays light.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, cast

from study.spec.metric import Metric
from study.tasks.classification import quality
from study.tasks.classification.quality import QUALITIES, Predictions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Arrays = Mapping[str, NDArray[np.generic]]

STORED = 10**7
"""Logits, images times classes, up to which a trial stores them: 40 MB in single precision."""


@dataclass(frozen=True)
class MultiLabelPredictions:
    """The answers of a classifier, for N images that each have any number of C classes."""

    loss: float
    """Mean binary cross-entropy per image and class, in nats."""
    target: "NDArray[np.bool_]"
    """(N, C), True for each class that an image has."""
    logits: "NDArray[np.float32]"
    """(N, C) outputs, of which a sigmoid makes probabilities."""

    @property
    def stored(self) -> "Arrays":
        """The arrays that a trial stores; none of more than `STORED` logits."""
        if self.logits.size > STORED:
            return {}
        return {"labels": self.target, "logits": self.logits}

    @property
    def present(self) -> "NDArray[np.bool_]":
        """(C,) True for each class that some image has."""
        return cast("NDArray[np.bool_]", self.target.any(axis=0))

    @cached_property
    def by_timm(self) -> Mapping[str, float]:
        """The metrics of timm's evaluator in percent, over all classes; empty if not finite."""
        import numpy as np
        import torch
        from timm.task import MultiLabelClassificationEvaluator

        if not np.isfinite(self.logits).all():
            return {}
        evaluator = MultiLabelClassificationEvaluator()
        evaluator.update(torch.from_numpy(self.logits), torch.from_numpy(self.target))
        metrics: Mapping[str, float] = evaluator.compute()
        return metrics

    def mean_over(self, name: str, classes: "NDArray[np.bool_]") -> float | None:
        """timm's mean over all C classes as a mean over these; the others count 0 in it."""
        if name not in self.by_timm or not classes.any():
            return None
        return self.by_timm[name] / 100 * len(classes) / int(classes.sum())


def loss(predictions: MultiLabelPredictions) -> float:
    return predictions.loss


def mean_average_precision(predictions: MultiLabelPredictions) -> float | None:
    """Mean over classes of the average precision, not interpolated, ties as one threshold.

    Classes that no image has are left out, where timm counts them as 0.
    """
    return predictions.mean_over("map", predictions.present)


def micro_f1(predictions: MultiLabelPredictions) -> float | None:
    """F1 score of all pairs of image and class together."""
    value = predictions.by_timm.get("micro_f1")
    return None if value is None else value / 100


def macro_f1(predictions: MultiLabelPredictions) -> float | None:
    """Mean F1 score over the classes that an image has or is given."""
    import torch

    # As timm's evaluator does, whose rounding in float32 decides at 0.5.
    given = (torch.from_numpy(predictions.logits).sigmoid() >= 0.5).any(0).numpy()
    return predictions.mean_over("macro_f1", given | predictions.present)


def auroc(predictions: MultiLabelPredictions) -> float | None:
    """Area under the ROC curve, mean over the classes that some images have and some have not."""
    import numpy as np

    if not np.isfinite(predictions.logits).all():
        return None
    columns = zip(predictions.logits.T, predictions.target.T, strict=True)
    areas = [area for column, own in columns if (area := quality.area(column, own)) is not None]
    return float(np.mean(areas)) if areas else None


def measured(answers: Predictions | MultiLabelPredictions) -> dict[str, float | None]:
    """Every quality of a classifier, in base units; None where it cannot be computed."""
    if isinstance(answers, Predictions):
        return quality.qualities(answers)
    return {name: metric.of(answers) for name, metric in MULTI_LABEL.items() if metric.of}


def names(*, multi_label: bool) -> tuple[str, ...]:
    """The names of the qualities that images with one label have, or with several."""
    return tuple(MULTI_LABEL if multi_label else QUALITIES)


MULTI_LABEL = {
    "map": Metric("mAP", "%", 100, 2, "higher", "quality", of=mean_average_precision),
    "micro_f1": Metric("Micro F1", "%", 100, 2, "higher", "quality", of=micro_f1),
    "macro_f1": Metric("Macro F1", "%", 100, 2, "higher", "quality", of=macro_f1),
    "auroc": Metric("AUROC", "%", 100, 2, "higher", "quality", of=auroc),
    "loss": Metric("Loss", "nats", 1, 3, "lower", "quality", of=loss),
}
"""Qualities of images with several labels; a name that `QUALITIES` has too is printed alike."""

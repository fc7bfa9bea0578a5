"""Quality: accuracies from stored predictions, so that a table can be computed again from them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from study.errors import MetricError


def quality(
    targets: ArrayLike, ranked: ArrayLike, *, top: Sequence[int] = (1, 5)
) -> dict[str, float]:
    """Fractions of images whose class is among the first `top` predicted: {"top1": ..., ...}.

    Takes targets (N,) and predicted classes (N, k), the likeliest first. A rank beyond k cannot
    be told from these predictions and is left out.

    Raises:
        MetricError: no images, or arrays of other shapes.
    """
    classes, predicted = np.asarray(targets), np.asarray(ranked)
    if predicted.ndim != 2 or classes.shape != predicted.shape[:1] or not predicted.size:
        raise MetricError(
            "quality: targets (N,) and ranked classes (N, k) of at least one image are wanted, not "
            f"{classes.shape} and {predicted.shape}"
        )
    hits = predicted == classes[:, None]  # (N, k)
    return {f"top{k}": float(hits[:, :k].any(1).mean()) for k in top if k <= hits.shape[1]}

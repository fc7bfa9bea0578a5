"""Qualities of a detector: COCO's average precision of boxes and masks, as the papers print it.

Their values are computed together, from all detections at once, by `evaluation.coco.measured`.
"""

from operator import itemgetter

from study.spec.metric import Metric

# COCO's AP is the mean over ten thresholds of the overlap, 0.50 to 0.95, and over categories.
# By COCO, objects are small below 32² px of the file's image, large from 96² px on.
BOX = {"ap": "AP", "ap50": "AP50", "ap75": "AP75", "aps": "APs", "apm": "APm", "apl": "APl"}
QUALITIES = {
    name: Metric(label, "%", 100, 1, "higher", "quality", of=itemgetter(name))
    for name, label in (
        *BOX.items(),
        *((f"mask_{name}", f"mask {label}") for name, label in BOX.items()),
    )
}
"""By metric: each takes the values of `measured` and gives its own."""

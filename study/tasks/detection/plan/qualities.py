"""Metrics of masks that a study names, and detectors that predict none."""

from collections.abc import Iterator

from study.spec.places import Places
from study.spec.problems import Problem
from study.spec.study import Study
from study.tasks.detection.config import config_of

OF_MASKS = "mask_"


def problems(study: Study, places: Places) -> Iterator[Problem]:
    """Problems of columns and margins of mask AP, where an arm's detector has no masks."""
    without = [arm for arm in study.arms if not config_of(arm).model.masks]
    # A wrong model has a stand-in here, which says nothing about masks.
    known = [arm for arm in without if "model" not in arm.config.unresolved]
    if not known:
        return
    name = config_of(known[0]).model.name
    rows = [(column, places.value("columns", i)) for i, column in enumerate(study.columns)]
    rows += [(metric, places.key("margins", metric)) for metric in study.margins]
    for metric, place in rows:
        if metric.startswith(OF_MASKS):
            yield Problem(f"{metric}: {name} predicts no masks", place, "mask_rcnn does")

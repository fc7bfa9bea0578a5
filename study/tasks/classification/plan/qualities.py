"""Metrics that a study names and its images do not have: one label an image, or several."""

from collections.abc import Iterator

from study.errors import SpecError
from study.spec.arm_names import owners
from study.spec.claims import parse
from study.spec.places import Places
from study.spec.problems import Location, Problem
from study.spec.study import MATCHED, Study
from study.tasks.classification.config import config_of
from study.tasks.classification.multi_label_quality import names

SINGLE = "an image with several labels has no class that is right; such images have"
SEVERAL = "it is of images with several labels (data.multi_label); others have"


def problems(study: Study, places: Places) -> Iterator[Problem]:
    """Problems of metrics that the images of some arm do not have."""
    every = {*names(multi_label=True), *names(multi_label=False)}
    own = {name for name, metric in study.catalogue.items() if metric.kind == "quality"} - every
    for several in sorted({config_of(arm).data.multi_label for arm in study.arms}):
        # A plugin's metric is a function of answers to images with one label.
        known = {*names(multi_label=several), *(() if several else own)}
        for name, place in _named(study, places):
            if name in (every | own) - known:
                why = SINGLE if several else SEVERAL
                usable = ", ".join(names(multi_label=several))
                yield Problem(f"{name}: {why} {usable}", place)


def _named(study: Study, places: Places) -> Iterator[tuple[str, Location]]:
    """The metrics that the study names, without their sizes, with their positions."""
    for number, name in enumerate(study.columns):
        yield name.partition("@")[0], places.value("columns", number)
    for number, claim in enumerate(study.claims):
        yield _claimed(study, claim).partition("@")[0], places.value("claims", number)
    for name in study.margins:
        yield name.partition("@")[0], places.key("margins", name)
    for label, numbers in study.published.items():
        for name in numbers:
            yield name.partition("@")[0], places.key("published", label, name)


def _claimed(study: Study, claim: str) -> str:
    """The metric of a claim, or "" where its sentence is wrong, which is reported elsewhere."""
    # Not any word of it: a label may be that of a metric, such as "loss" or "map".
    labels = {label for arm in study.arms for label in study.arm_labels(arm)}
    labels |= {*owners(study, study.arms)} | {f"{label} {MATCHED}" for label in labels}
    try:
        return parse(claim, labels, study.catalogue).metric
    except SpecError:
        return ""

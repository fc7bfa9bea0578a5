"""Metrics that a study names and its images do not have: one label an image, or several."""

import re
from collections.abc import Iterator

from study.spec.places import Places
from study.spec.problems import Location, Problem
from study.spec.study import Study
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
    """The words in which the study names metrics, with their positions."""
    for number, name in enumerate(study.columns):
        yield name.partition("@")[0], places.value("columns", number)
    for number, claim in enumerate(study.claims):
        for word in dict.fromkeys(re.findall(r"\w+", claim)):
            yield word, places.value("claims", number)
    for name in study.margins:
        yield name.partition("@")[0], places.key("margins", name)
    for label, numbers in study.published.items():
        for name in numbers:
            yield name.partition("@")[0], places.key("published", label, name)

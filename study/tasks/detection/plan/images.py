"""Problems of the annotation files that trials read, before anything trains."""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING

from study.spec.places import Places
from study.spec.problems import Problem
from study.spec.study import Arm
from study.tasks.detection.config import config_of
from study.tasks.detection.schema import CocoData

if TYPE_CHECKING:
    from study.tasks.detection.data.problems import AnnotationProblem


def forget() -> None:
    """Forget what was read of files, which may change between two plans."""
    # Here and below, as a command line that reads no annotations starts without numpy.
    from study.tasks.detection.data import loading

    loading.forget()
    _wrong.cache_clear()


def problems(arms: Iterable[Arm], places: Places, *, absent: bool) -> list[Problem]:
    """Problems with the data of arms, at the positions of their keys in the study file.

    A plan can be made without images, so absent files are a problem only if `absent` is true.
    """
    return [
        Problem(wrong.message, places.of_part("data", arm.choices, wrong.key))
        for arm, data, masks in _sets(arms)
        for wrong in _wrong(data.model_dump_json(), masks)
        if absent or not wrong.absent
    ]


def notes(arms: Iterable[Arm]) -> list[str]:
    """Notes on absent files, and on images and objects that are left out."""
    from study.tasks.detection.data import problems as entries

    rows = list[str]()
    for _, data, masks in _sets(arms):
        wrong = _wrong(data.model_dump_json(), masks)
        rows += [f"no images: {problem.message}" for problem in wrong if problem.absent]
        rows += [] if wrong else entries.notes(data, masks=masks)
    return list(dict.fromkeys(rows))


@cache
def _wrong(data: str, masks: bool) -> "tuple[AnnotationProblem, ...]":
    """The problems of a data set, by its keys as JSON; once, as up to 10,000 images are opened."""
    from study.tasks.detection.data import problems as entries

    return tuple(entries.problems(CocoData.model_validate_json(data), masks=masks))


def _sets(arms: Iterable[Arm]) -> Iterator[tuple[Arm, CocoData, bool]]:
    """Each data set with the first arm that has it; True where its masks are trained on."""
    # Several arms usually share one data set, which is read once.
    sets = dict[tuple[str, bool], Arm]()
    for arm in arms:
        if "data" not in arm.config.unresolved:
            config = config_of(arm)
            sets.setdefault((config.data.model_dump_json(), config.model.masks), arm)
    for (_, masks), arm in sets.items():
        yield arm, config_of(arm).data, masks

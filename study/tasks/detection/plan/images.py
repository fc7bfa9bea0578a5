"""Problems of the annotation files that trials read, before anything trains."""

from collections.abc import Iterable, Iterator

from study.spec.places import Places
from study.spec.problems import Problem
from study.spec.study import Arm
from study.tasks.detection.config import config_of
from study.tasks.detection.data import loading
from study.tasks.detection.data import problems as entries
from study.tasks.detection.data.problems import AnnotationProblem


def forget() -> None:
    """Forget what was read of files, which may change between two plans."""
    loading.forget()


def problems(arms: Iterable[Arm], places: Places, *, absent: bool) -> list[Problem]:
    """Problems with the data of arms, at the positions of their keys in the study file.

    A plan can be made without images, so absent files are a problem only if `absent` is true.
    """
    return [
        Problem(wrong.message, places.of_part("data", arm.choices, wrong.key))
        for arm, wrong in _every(arms)
        if absent or not wrong.absent
    ]


def notes(arms: Iterable[Arm]) -> list[str]:
    """Notes on absent files."""
    rows = (f"no images: {wrong.message}" for _, wrong in _every(arms) if wrong.absent)
    return list(dict.fromkeys(rows))


def _every(arms: Iterable[Arm]) -> Iterator[tuple[Arm, AnnotationProblem]]:
    """The problems of each data set, with the first arm that has it."""
    # Several arms usually share one data set, which is read once.
    sets = dict[tuple[str, bool], Arm]()
    for arm in arms:
        if "data" not in arm.config.unresolved:
            config = config_of(arm)
            sets.setdefault((config.data.model_dump_json(), config.model.masks), arm)
    for (_, masks), arm in sets.items():
        for wrong in entries.problems(config_of(arm).data, masks=masks):
            yield arm, wrong

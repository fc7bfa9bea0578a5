"""Drafts of study files, from what a folder or a file holds. Nothing of it is run."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from study.cli.drafts import coco, images, program, scripts
from study.cli.drafts.draft import Draft
from study.errors import StudyError


class Kind(NamedTuple):
    """A kind of draft: how to find its subject at a path, and how to write of it."""

    find: Callable[[Path], object | None]
    draft: Callable[[Path, object | None, Path], Draft]
    """Of a path, what was found there or None, and the folder of the study file.

    Raises StudyError where nothing was found and nothing can be written without.
    """


@dataclass(frozen=True)
class Choice:
    """The draft of a path, and the other tasks for which something was found there."""

    draft: Draft
    others: tuple[str, ...]


def choice(path: Path, task: str | None, folder: Path) -> Choice:
    """The draft of what is at a path; `task` is the one to take where there are several.

    Raises:
        StudyError: there is nothing at that path that a draft can be written of.
    """
    if not path.exists():
        raise StudyError(f"{path} does not exist")
    if task is not None:
        return Choice(DRAFTS[task].draft(path, DRAFTS[task].find(path), folder), ())
    subjects = {name: kind.find(path) for name, kind in DRAFTS.items()}
    names = [name for name, subject in subjects.items() if subject is not None]
    if not names and path.is_file():
        raise StudyError(f"{path} is no script; study new takes a script or a folder")
    if not names:
        raise StudyError(
            f"{path} has no Python script, no folders of classes with images, and no annotations "
            "in COCO's form; --task classification or detection writes an example"
        )
    first, *others = names
    return Choice(DRAFTS[first].draft(path, subjects[first], folder), tuple(others))


DRAFTS: dict[str, Kind] = {
    "program": Kind(scripts.found, program.draft),
    "classification": Kind(images.found, images.draft),
    "detection": Kind(coco.found, coco.draft),
}
"""Kinds of drafts by task; the first of which something is found is written."""

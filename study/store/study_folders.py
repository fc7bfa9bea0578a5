"""Folders that are named after a study, such as the folder of its report.

Two study files can have the same name, and would overwrite each other's reports. So the first that
writes to a folder signs it with its path, its profile and its settings, and another study is
refused. The path is relative to the folder, so that it holds in a copy of the repository.
"""

import os
from pathlib import Path

from study.errors import StudyError
from study.spec.study import Study, file_name
from study.store.atomic import create, encoded, write
from study.store.job_records import Signature

SIGNATURE = "study.json"


def folder(parent: Path, study: Study) -> Path:
    """The folder of a study below `parent`."""
    return parent / file_name(study.title)


def check(parent: Path, study: Study, otherwise: str) -> Path:
    """The folder of a study, if no other study owns it; `otherwise` completes the error message.

    Raises:
        StudyError: names both studies.
    """
    place = folder(parent, study)
    theirs, ours = _signed(place), _signature(study, place)
    # A study file that was deleted or moved away owns nothing any more.
    if theirs and theirs != ours and (file := place / theirs.file).exists():
        raise StudyError(
            f"{place} belongs to {_command_words(file, theirs)}, which has the same name as "
            f"{_command_words(study.path, ours)}: rename one of them, or {otherwise}"
        )
    return place


def claim(parent: Path, study: Study, otherwise: str) -> Path:
    """The folder of a study, which is signed as its own.

    Raises:
        StudyError: it belongs to another study, or cannot be written.
    """
    place = check(parent, study, otherwise)
    ours = _signature(study, place)
    # create(), since of two commands at the same time only one may sign.
    if not create(place / SIGNATURE, encoded(ours.plain)) and _signed(place) != ours:
        check(parent, study, otherwise)  # another process may have been quicker
        # The signature is damaged, or names a study file that no longer exists.
        write(place / SIGNATURE, ours.plain)
    return place


def _signature(study: Study, place: Path) -> Signature:
    file = os.path.relpath(study.path.resolve(), place.resolve())
    return Signature(file=file, profile=study.profile, settings=list(study.settings))


def _signed(place: Path) -> Signature | None:
    """The study that owns a folder; None if it is not signed, as by early versions."""
    return Signature.look(place / SIGNATURE)


def _command_words(file: Path, signature: Signature) -> str:
    profile = f" --profile {signature.profile}" if signature.profile else ""
    settings = signature.settings
    changed = f" --set {' --set '.join(settings)}" if settings else ""
    return f"{_near(file)}{profile}{changed}"


def _near(file: Path) -> str:
    """A path relative to the current folder, or whole if it lies outside."""
    near = os.path.relpath(file.resolve())
    return str(file.resolve()) if near.startswith(os.pardir) else near

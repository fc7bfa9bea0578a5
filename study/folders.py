"""Folders that go by the name of a study, such as that of its reports.

Two study files can have one name. The first to write to such a folder signs it with its file, its
profile and what the command line changed; another that would write there is refused. The file is
noted relative to the folder, so that a copy of a repository says the same.
"""

import os
from pathlib import Path

from study.errors import StudyError
from study.files import encoded, once, write
from study.job_records import Signature
from study.spec import Study, file_name

SIGNATURE = "study.json"


def folder(parent: Path, study: Study) -> Path:
    """The folder of a study below `parent`."""
    return parent / file_name(study.title)


def check(parent: Path, study: Study, otherwise: str) -> Path:
    """The folder of a study, unless it is another's; `otherwise` says what else the user can do.

    Raises:
        StudyError: names both studies.
    """
    place = folder(parent, study)
    theirs, ours = _signed(place), _signature(study, place)
    if theirs and theirs != ours and (file := place / theirs.file).exists():
        raise StudyError(
            f"{place} belongs to {_said(file, theirs)}, which has the same name as "
            f"{_said(study.path, ours)}: rename one of them, or {otherwise}"
        )
    return place


def claim(parent: Path, study: Study, otherwise: str) -> Path:
    """The folder of a study, signed with it.

    Raises:
        StudyError: it is another's; or it cannot be written.
    """
    place = check(parent, study, otherwise)
    ours = _signature(study, place)
    if not once(place / SIGNATURE, encoded(ours.plain)) and _signed(place) != ours:
        check(parent, study, otherwise)  # another process may have been quicker
        write(
            place / SIGNATURE, ours.plain
        )  # its study file is gone, or what it said cannot be read
    return place


def _signature(study: Study, place: Path) -> Signature:
    file = os.path.relpath(study.path.resolve(), place.resolve())
    return Signature(file=file, profile=study.profile, settings=list(study.settings))


def _signed(place: Path) -> Signature | None:
    """Whose folder it is; None where nobody has signed it, as versions before this one did."""
    return Signature.look(place / SIGNATURE)


def _said(file: Path, signature: Signature) -> str:
    profile = f" --profile {signature.profile}" if signature.profile else ""
    settings = signature.settings
    changed = f" --set {' --set '.join(settings)}" if settings else ""
    return f"{_near(file)}{profile}{changed}"


def _near(file: Path) -> str:
    """A path as one would write it here."""
    near = os.path.relpath(file.resolve())
    return str(file.resolve()) if near.startswith(os.pardir) else near

"""Every way a study can go wrong through its user, drawn once.

StudyError              printed without a traceback, exit status 2
    SpecError           a study file asks for something that does not exist
    BuildError          no model can be built from these arguments
        SizeError       the model takes no images of this size
    DataError           the images are not where, or not what, the study says
    MetricError         a quantity cannot be taken honestly
    StoreError          a stored result cannot be used
        DamagedError    a stored file is not what was written

Anything else that is raised is a bug and keeps its traceback.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class StudyError(Exception):
    """A mistake of the user's, told so that he can mend it."""


class SpecError(StudyError):
    """A study file asks for something that does not exist."""


class BuildError(StudyError):
    """No model can be built; `argument` is the constructor argument at fault, if it is known."""

    def __init__(self, message: str, argument: str | None = None) -> None:
        super().__init__(message)
        self.argument = argument


class SizeError(BuildError):
    """The model takes no images of this size."""


class DataError(StudyError):
    """The images are not where, or not what, the study says."""


class MetricError(StudyError):
    """A quantity cannot be taken honestly."""


class StoreError(StudyError):
    """A stored result cannot be used."""


class DamagedError(StoreError):
    """A stored file is not what was written; says in what."""


SHOWN = 24  # names listed in full; of more, those alike


def meant(asked: str, known: Iterable[str]) -> str | None:
    """The one of `known` that `asked` was probably a slip for."""
    names = [str(name) for name in known]
    near = get_close_matches(str(asked), names, n=1, cutoff=0.6)
    parts = [name for name in names if str(asked).lower() in name.lower()] if asked else []
    return near[0] if near else parts[0] if len(parts) == 1 else None


def unknown(what: str, asked: str, known: Iterable[str]) -> str:
    """What was asked, what exists, what was probably meant."""
    names = sorted(str(name) for name in known)
    near = meant(asked, names)
    hint = f'; did you mean "{near}"?' if near else ""
    if len(names) > SHOWN:
        alike = get_close_matches(asked, names, n=6, cutoff=0.4)
        return f'unknown {what} "{asked}"{hint} ({len(names)} known, among them {", ".join(alike)})'
    return f'unknown {what} "{asked}"{hint} (known: {", ".join(names)})'

"""Errors that a user can cause, and suggestions for misspelt names.

StudyError              printed without a traceback, exit status 2
    SpecError           a study file names something that does not exist
    BuildError          no model can be built from these arguments
        SizeError       the model takes no images of this size
    DataError           the images are missing, or not those that the study describes
    MetricError         a quantity cannot be measured reliably
    StoreError          a stored result cannot be used
        DamagedError    a stored file is not what was written

Anything else that is raised is a bug and keeps its traceback.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class StudyError(Exception):
    """A user error. The message says how to fix it; shown without a traceback."""


class SpecError(StudyError):
    """A study file names something that does not exist; `key` is the recipe's key, if known."""

    def __init__(self, message: str, key: str | None = None) -> None:
        super().__init__(message)
        self.key = key


class BuildError(StudyError):
    """No model can be built; `argument` is the faulty constructor argument, if known."""

    def __init__(self, message: str, argument: str | None = None) -> None:
        super().__init__(message)
        self.argument = argument


class SizeError(BuildError):
    """The model takes no images of this size."""


class DataError(StudyError):
    """The images are missing, or not those that the study describes; `step` says what to do."""

    def __init__(self, message: str, step: str = "") -> None:
        super().__init__(f"{message} Next: {step}" if step else message)
        self.problem, self.step = message, step


class MetricError(StudyError):
    """A quantity cannot be measured reliably."""


class StoreError(StudyError):
    """A stored result cannot be used."""


class DamagedError(StoreError):
    """A stored file is not what was written. The message names the difference."""


MOST_NAMES = 24  # up to this number an error lists all names, else only the similar ones


def likely_name(name: str, names: Iterable[str]) -> str | None:
    """The existing name that a misspelt `name` probably stands for."""
    existing = [str(candidate) for candidate in names]
    near = get_close_matches(str(name), existing, n=1, cutoff=0.6)
    # "sra" is not similar to "linear_sra", but if one name alone contains it, that one is meant.
    parts = [candidate for candidate in existing if str(name).lower() in candidate.lower()]
    return near[0] if near else parts[0] if name and len(parts) == 1 else None


def unknown(kind: str, name: str, names: Iterable[str]) -> str:
    """The message for a name that does not exist: the names that do, and the likeliest one."""
    existing = sorted(str(candidate) for candidate in names)
    near = likely_name(name, existing)
    hint = f'; did you mean "{near}"?' if near else ""
    if len(existing) > MOST_NAMES:
        similar = ", ".join(get_close_matches(name, existing, n=6, cutoff=0.4))
        return f'unknown {kind} "{name}"{hint} ({len(existing)} known, among them {similar})'
    return f'unknown {kind} "{name}"{hint} (known: {", ".join(existing)})'

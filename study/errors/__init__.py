"""Errors that a user can cause, and the suggestions for misspelt names in their messages.

StudyError              printed without a traceback, exit status 2
    SpecError           a study file names something that does not exist
    BuildError          no model can be built from these arguments
        UnknownModelError  no model has this name
        SizeError       the model takes no images of this size
    DataError           the images are missing, or not those that the study describes
    MetricError         a quantity cannot be measured reliably
    StoreError          a stored result cannot be used
        DamagedError    a stored file is not what was written

Anything else that is raised is a bug and keeps its traceback.
"""

from study.errors.suggestions import likely_name, unknown

__all__ = [
    "BuildError",
    "DamagedError",
    "DataError",
    "MetricError",
    "SizeError",
    "SpecError",
    "StoreError",
    "StudyError",
    "UnknownModelError",
    "likely_name",
    "unknown",
]


class StudyError(Exception):
    """A user error. The message says how to fix it; shown without a traceback."""


class SpecError(StudyError):
    """A study file names something that does not exist; `key` is the recipe's key, if known."""

    def __init__(self, message: str, key: str | None = None) -> None:
        super().__init__(message)
        self.key = key


class BuildError(StudyError):
    """No model can be built; `argument` is the faulty constructor argument, if known.

    `key` is the faulty key inside an argument that is a mapping.
    """

    def __init__(self, message: str, argument: str | None = None, key: str | None = None) -> None:
        super().__init__(message)
        self.argument, self.key = argument, key


class UnknownModelError(BuildError):
    """No model has this name."""


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

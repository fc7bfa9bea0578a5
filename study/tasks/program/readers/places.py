"""The places in which a trial leaves its metrics."""

from collections.abc import Iterator
from dataclasses import dataclass
from glob import has_magic
from pathlib import Path

from study.store.fields import LARGEST
from study.tasks.program.trial.series import ReadingError, StepValue


@dataclass(frozen=True)
class TrialPlaces:
    """The folder of a trial, its output, and the lines that it reported."""

    folder: Path
    output: Path
    metrics: Path

    def files(self, source: str, pattern: str = "") -> list[Path]:
        """The files that a path or a pattern names, oldest first; those in a folder by pattern."""
        paths = sorted(self.folder.glob(source)) if has_magic(source) else [self.folder / source]
        # In the order of writing: the last value is that of the newest file.
        inside = (p.rglob(pattern) if pattern and p.is_dir() else [p] for p in paths)
        files = {path for several in inside for path in several if path.is_file()}
        return sorted(files, key=lambda path: (path.stat().st_mtime_ns, str(path)))


def number(value: object, where: str) -> float:
    """A value as a number.

    Raises:
        ReadingError: it is none.
    """
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):  # also whole numbers above every float
        raise ReadingError(f"{where}: {str(value)[:60]!r} is no number") from None


def position(value: object, where: str) -> float | None:
    """A step: a whole number, or a fraction, such as that of an epoch; None is not known.

    Raises:
        ReadingError: it is none.
    """
    if value is None:
        return None
    step = number(value, f"{where}: step")
    if not abs(step) <= LARGEST:  # nor is NaN
        raise ReadingError(f"{where}: {str(value)[:60]!r} is no step")
    return int(step) if step.is_integer() else step


def numbers(value: object, where: str, step: object = None) -> Iterator[StepValue]:
    """A number, or each of a list."""
    if isinstance(value, list):
        for item in value:
            yield StepValue(number(item, where))
        return
    yield StepValue(number(value, where), position(step, where))

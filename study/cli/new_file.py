"""Files that a command writes for its user to edit: never over one that exists."""

from pathlib import Path

from study.errors import StudyError
from study.spec.reader import refuse_name


def write_new(path: Path, text: str, option: str) -> None:
    """Write a file that does not exist; `option` is the one that names another: "-o FILE".

    Raises:
        StudyError: it exists, cannot be written, or cannot name a study.
    """
    refuse_name(path)
    try:
        # Exclusive: a file that exists may have taken somebody hours.
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise StudyError(f"{path} exists; name another one: {option}") from None
    except OSError as error:
        raise StudyError(f"{path} cannot be written: {error.strerror}") from error

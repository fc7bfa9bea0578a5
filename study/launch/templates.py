"""The command of a user's that starts a worker: its words, with {placeholders}.

It is split into words as a shell would do, and no shell runs it. A placeholder never splits a word,
so that {worker} is one argument: a command line for a shell, as ssh and `sh -c` take it.
"""

import shlex
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path
from string import Formatter

from study.errors import StudyError, unknown

PLACEHOLDERS = {
    "worker": "the command line of a worker, quoted for a shell",
    "job": "the folder of the job",
    "index": "the number of the worker in its job, from 0",
    "name": "a name of its own: small letters, digits and dashes",
}
"""The names that may stand in a command, and their meanings."""
EXAMPLE = "--submit 'ssh gpu1 {worker}'"


class TemplateError(StudyError):
    """A command that cannot start workers."""


def check(template: str) -> None:
    """Raises TemplateError: it cannot be split, names what does not exist, or starts no worker."""
    names = {name for word in _split(template) for name in _names(word)}
    for name in sorted(names - PLACEHOLDERS.keys()):
        raise TemplateError(unknown("placeholder", name, PLACEHOLDERS))
    if not names & {"worker", "job"}:
        raise TemplateError(f"it starts no worker: write {{worker}}, as in {EXAMPLE}")
    if _names(_split(template)[0]):
        raise TemplateError("its first word is a program, such as ssh; a shell is: sh -c {worker}")


def words(template: str, job: Path, index: int) -> list[str]:
    """The words of the command that starts a worker of a job."""
    # Absolute, as nothing says in which folder and environment it starts.
    line = [sys.executable, "-m", "study", "worker", str(job), "--index", str(index)]
    values = {
        "worker": shlex.join(line),
        "job": str(job),
        "index": str(index),
        # A queue may refuse the name of a worker that has died.
        "name": f"study-{job.name}-{index}-{uuid.uuid4().hex[:6]}",
    }
    return [_filled(word, values) for word in _split(template)]


def _split(template: str) -> list[str]:
    try:
        split = shlex.split(template)
    except ValueError as error:
        raise TemplateError(f"it cannot be split into words: {str(error).lower()}") from None
    if not split:
        raise TemplateError(f"it is empty; write for example {EXAMPLE}")
    return split


def _names(word: str) -> list[str]:
    try:
        pieces = [(name, form, change) for _, name, form, change in Formatter().parse(word)]
    except ValueError as error:
        raise TemplateError(f"{error}; write {{{{ and }}}} for brackets themselves") from None
    for name, form, change in pieces:
        if name is not None and (form or change or not name.isidentifier()):
            raise TemplateError(
                "a placeholder is a name in brackets; write {{ and }} for brackets themselves"
            )
    return [name for name, _, _ in pieces if name is not None]


def _filled(word: str, values: Mapping[str, str]) -> str:
    return Formatter().vformat(word, (), values)

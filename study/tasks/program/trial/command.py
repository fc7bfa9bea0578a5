"""The command of a trial: the words of `run` filled in, or the call of a function."""

import json
import sys
from pathlib import Path

from study.tasks.program import words
from study.tasks.program.records import ProgramRecord
from study.tasks.program.trial import calling
from study.tasks.program.trial.environment import Given


def command(record: ProgramRecord, given: Given) -> list[str]:
    """The words that start the program of a trial."""
    program = record.config.program
    if program.call is None:
        return words.command(program.run or (), {**record.config.args, **given.values})
    # By this Python, which has the packages that the user has beside this one.
    arguments = json.dumps(record.config.args)
    return [sys.executable, str(Path(calling.__file__)), program.call, arguments, str(record.seed)]

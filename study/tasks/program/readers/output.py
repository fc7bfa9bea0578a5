"""Metrics in the output of a program: stdout and stderr, line by line."""

import re
from collections.abc import Iterator

from study.spec.reading import Reading
from study.tasks.program.readers.places import TrialPlaces, number
from study.tasks.program.trial.series import StepValue


def stdout_values(places: TrialPlaces, reading: Reading) -> Iterator[StepValue]:
    """Every match of an expression; its group `value`, or its only one, is the value."""
    expression = re.compile(reading.source)
    group: str | int = "value" if "value" in expression.groupindex else 1
    # Split at newlines alone: a progress bar writes all its states into one line.
    with places.output.open(encoding="utf-8", errors="replace", newline="\n") as lines:
        for line in lines:
            for match in expression.finditer(line.rstrip("\n")):
                step = match.group("step") if "step" in expression.groupindex else None
                where = f"the output {match[0]!r}"
                at = None if step is None else int(number(step, where))
                yield StepValue(number(match[group], where), at)

"""Metrics in the output of a program: stdout and stderr, line by line."""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from study.spec.reading import Reading
from study.tasks.program.readers.expressions import UNUSUAL, passed_over, value_group, whole
from study.tasks.program.readers.places import TrialPlaces, number, position
from study.tasks.program.trial.series import ReadingError, StepValue

HINT = "let the group match every number, as (\\S+) does"


def stdout_values(places: TrialPlaces, reading: Reading) -> Iterator[StepValue]:
    """Every match of an expression; its group `value`, or its only one, is the value.

    Raises:
        ReadingError: the expression matches a part of a number, or passes over one that counts.
    """
    expression, tail = re.compile(reading.source), LastLines(reading.last)
    # Split at newlines alone: a progress bar writes all its states into one line.
    with places.output.open(encoding="utf-8", errors="replace", newline="\n") as lines:
        for line in lines:
            matches = [*expression.finditer(line.rstrip("\n"))]
            tail.add(line.rstrip("\n"), len(matches))
            yield from (_value(match) for match in matches)
    if number := passed_over(expression, tail.lines, reading.last):
        raise ReadingError(f"its expression passes over {number!r} in the output; {HINT}")


def _value(match: re.Match[str]) -> StepValue:
    where = f"the output {match[0]!r}"
    names = [value_group(match.re), *(["step"] if "step" in match.re.groupindex else [])]
    for name in names:
        if match[name] and (all_of_it := whole(match, name)):
            raise ReadingError(f"{where}: {match[name]!r} is a part of {all_of_it!r}; {HINT}")
    at = match.group("step") if names[1:] else None
    return StepValue(number(match[names[0]], where), position(at, where))


@dataclass
class LastLines:
    """The last lines of an output that decide which values count."""

    last: int
    """The number of values that count."""
    _lines: deque[tuple[str, int]] = field(default_factory=deque)
    """Lines that have a value, or may have one, each with the number of its values."""
    _values: int = 0

    @property
    def lines(self) -> list[str]:
        return [line for line, _ in self._lines]

    def add(self, line: str, values: int) -> None:
        if values or UNUSUAL.search(line):
            self._lines.append((line, values))
            self._values += values
        while self._lines and self._values - self._lines[0][1] >= self.last:
            self._values -= self._lines.popleft()[1]

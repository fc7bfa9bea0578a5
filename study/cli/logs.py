"""logs: the output of trials while they run, and the deaths of workers."""

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from study.api.request import StudyRequest
from study.cli import completions
from study.cli.messages import message
from study.cli.options import study_file
from study.errors import DamagedError, SpecError, unknown
from study.store import polling
from study.store.atomic import open_regular
from study.store.states import OPEN
from study.text import normal

if TYPE_CHECKING:
    from study.plan.plan import Plan
    from study.store.records import Result
    from study.store.store import Store


@click.command("logs")
@study_file
@click.argument("trials", metavar="[TRIAL]...", nargs=-1, shell_complete=completions.trials)
@click.option("-f", "--follow", is_flag=True, help="Follow until every trial has a result.")
def logs_command(request: StudyRequest, trials: tuple[str, ...], follow: bool) -> None:
    """Print the logs of the trials of FILE, and the errors of failed workers.

    TRIAL is a trial's name, how it begins, or its row and seed, such as "Average Pooling/s1".
    Without one: the trials that run; where none does, those that failed.
    """
    plan, store = request.plan()
    labels = {
        trial.name: f"{arm.label}/s{trial.seed}" for arm in plan.trained for trial in arm.trials
    }
    named = dict.fromkeys(_named_trial(text, labels) for text in trials)
    chosen = list(named) if trials else list(_chosen(plan, follow))
    if not chosen:
        message("nothing runs and nothing failed; name a trial (study status)")
        return
    width = max(len(labels[name]) for name in chosen) if len(chosen) > 1 else 0
    heads = {name: f"{labels[name]:{width}}  " if width else "" for name in chosen}
    # A trial that has yet to begin may have the log of an earlier attempt, which is skipped.
    latecomers = {t.name for t in plan.trials if t.state in ("pending", "paused")} - named.keys()
    logs = {name: TrialLog(store, name, name in latecomers) for name in chosen}
    while _print_new(logs, heads, last=not follow) and follow:
        time.sleep(polling.LOGS)
    for name in (name for name in chosen if logs[name].silent):
        message(f"{labels[name]} ({name}) has no log yet")


def _named_trial(text: str, labels: Mapping[str, str]) -> str:
    """The name of the trial that is meant.

    Raises:
        SpecError: there is none, or several.
    """
    # A plan has labels in their normal form; a user may type another form.
    text = normal(text)
    if text in labels:
        return text
    trials = [n for n, label in labels.items() if text and (n.startswith(text) or label == text)]
    if len(trials) == 1:
        return trials[0]
    if trials:
        which = ", ".join(f"{name} ({labels[name]})" for name in trials[:8])
        raise SpecError(f'"{text}" may be any of {len(trials)} trials: {which}')
    raise SpecError(unknown("trial", text, [*labels, *labels.values()]))


def _chosen(plan: "Plan", follow: bool) -> Iterator[str]:
    """The trials to show where the user names none: those that run, or else those that failed.

    Trials that have yet to begin can only be followed.
    """
    states = {trial.name: trial.state for trial in plan.trials}
    open_ = OPEN if follow else ("running",)
    wanted = open_ if any(state in open_ for state in states.values()) else ("failed",)
    return (name for name, state in states.items() if state in wanted)


def _print_new(logs: "Mapping[str, TrialLog]", heads: Mapping[str, str], last: bool) -> bool:
    """Print the new lines of each trial; True if there may be more."""
    for name, log in logs.items():
        for line in log.new_lines(last):
            click.echo(f"{heads[name]}{line}")  # flushes
    return not all(log.ended for log in logs.values())


class TrialLog:
    """The log of a trial, the deaths of its workers and its end, each line once."""

    def __init__(self, store: "Store", name: str, late: bool = False) -> None:
        """`late`: follow a trial from here on, and skip the lines that its log already has."""
        self.store, self.name = store, name
        self.tail, self.output = Tail(store.folder(name).log), Tail(store.folder(name).output)
        self.printed, self.ended, self.silent = set[str](), False, True
        if late:
            # Reading all once moves the position past what was printed before.
            list(self.new_lines())
            self.silent = True

    def new_lines(self, last: bool = False) -> Iterator[str]:
        """The lines since the last call; an incomplete line only if the call is the `last`."""
        if self.ended:
            return
        result = self.store.result(self.name)  # first, so that the log is complete then
        self.ended = result is not None
        lines = [t for tail in (self.tail, self.output) for t in tail.lines(last or self.ended)]
        for line in (*lines, *self._deaths(), *_end(result, bool(self.printed))):
            self.silent = False
            yield line

    def _deaths(self) -> Iterator[str]:
        for note in self.store.deaths(self.name):
            if (key := note.model_dump_json()) not in self.printed:
                self.printed.add(key)
                at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(note.time))
                where = f" ({note.where})" if note.where else ""
                yield f"{at} its worker died{where}: {note.why}"
                yield from _quoted(note.log)


def _end(result: "Result | None", printed: bool) -> Iterator[str]:
    """The state and the error; the last lines of its worker, unless a death printed them."""
    if result is None:
        return
    yield from _quoted(result.log if not printed else None)
    error = f": {result.error}" if result.error else ""
    yield f"{result.state}{error}"


def _quoted(log: Iterable[str] | None) -> list[str]:
    return [f"  | {line}" for line in log or ()]


class Tail:
    """The lines of a file that grows, is replaced by another, or is not there yet."""

    def __init__(self, path: Path) -> None:
        self.path, self.file, self.at, self.rest = path, 0, 0, b""

    def lines(self, last: bool = False) -> list[str]:
        """The new lines; an incomplete line is held back until it ends, or until `last`."""
        try:
            # Opening a pipe of this name by `open` would wait for a process that writes to it.
            with open_regular(self.path) as file:
                status = os.fstat(file.fileno())
                # A new number is another file of this name; a smaller size is a file that was cut.
                if status.st_ino != self.file or status.st_size < self.at:
                    self.file, self.at, self.rest = status.st_ino, 0, b""
                file.seek(self.at)
                new = file.read()
        except (OSError, DamagedError):
            new = b""
        self.at += len(new)
        *whole, self.rest = (self.rest + new).split(b"\n")
        if last and self.rest:
            whole, self.rest = [*whole, self.rest], b""
        # Split as bytes: a chunk may end inside a character of several bytes.
        return [line.decode("utf-8", errors="replace").rstrip("\r") for line in whole]

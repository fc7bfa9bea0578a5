"""One trial of a program: it is run to its end, and the metrics are read that it leaves."""

import signal
from collections.abc import Mapping
from math import isfinite

from study.errors import unknown
from study.store.atomic import decoded_lines
from study.tasks.program.readers import READERS, ReadingError
from study.tasks.program.records import ProgramRecord
from study.tasks.program.trial.advance import Advance
from study.tasks.program.trial.command import command
from study.tasks.program.trial.environment import environment, given
from study.tasks.program.trial.folder import ProgramFolder
from study.tasks.program.trial.live import Live
from study.tasks.program.trial.process import Process, Usage, alone
from study.tasks.program.trial.series import Series, history, in_order, measurement
from study.trial.callbacks import Stopped
from study.trial.running import Finished, NoMetricError, RunningTrial, TrialError

SAVED = 75
"""Exit status of a program that has saved its state and wants to be called again (EX_TEMPFAIL)."""
LOG_MESSAGE = 200  # characters of the last line that stand in a message


def run(trial: RunningTrial, threads: int) -> Finished:
    """Run the program of a trial, and read its metrics.

    Raises:
        TrialError: it failed; with the last lines of its output.
        Stopped: it was asked to stop, and has another attempt.
    """
    record, folder = ProgramRecord.of(trial.record), ProgramFolder(trial.folder)
    # Held until no process of an earlier attempt can write to the folder.
    with alone(folder.lock) as lock:
        folder.prepare(record, trial.jobs)
        advance = Advance(folder, [m.reading for m in record.config.program.metrics.values()])
        while True:
            ended = _attempt(trial, record, folder, threads, lock)
            if ended.status != SAVED:
                break
            if not record.resumes:
                message = f"exit status {SAVED} means saved, call me again; declare resumes: true"
                raise _failure(folder, message)
            if lack := advance.lack(ended):
                raise _failure(folder, f"it exits with status {SAVED}, {lack}: it does not advance")
    folder.latest.unlink(missing_ok=True)  # the result has all values
    if ended.status != 0:
        raise _failure(folder, how(ended.status))
    return finished(record, folder)


def _attempt(
    trial: RunningTrial, record: ProgramRecord, folder: ProgramFolder, threads: int, lock: int
) -> Usage:
    """Start the program once, and see it end."""
    # A program that exits with 75 is called again here, also while the worker should stop.
    if trial.callbacks.stop():
        raise Stopped("before the program was started")
    if record.resumes:
        folder.resumable.touch()
    values = given(record, folder.places, trial.device, threads)
    process = Process(
        command(record, values),
        folder.work,
        environment(record, values),
        folder.next_usage(),
        folder.output,
        (folder.output, folder.metrics),
        Live(record, folder).update,
        record.notice,
        lock,
    )
    ended = process.run(trial.callbacks)
    # Also after exit status 0: a program that saves and exits has not measured the end.
    if process.stopping:
        raise Stopped(f"the program ended with {how(ended.status)}")
    return ended


def how(status: int | None) -> str:
    """How a program ended, in words."""
    if status is None:
        return "the process that kept it was killed"
    if status >= 0:
        return f"exit status {status}"
    # The kernel does not say who sent it.
    cause = " (out of memory, or killed from outside)" if status == -signal.SIGKILL else ""
    return f"killed by {signal.Signals(-status).name}{cause}"


def _failure(folder: ProgramFolder, message: str) -> TrialError:
    lines = folder.last_lines()
    last = f": {lines[-1].strip()[:LOG_MESSAGE]}" if lines else ""
    return TrialError(f"{message}{last}", lines)


# ---- metrics ----


def finished(record: ProgramRecord, folder: ProgramFolder) -> Finished:
    """The measurements of a program that has ended well.

    Raises:
        NoMetricError: one that the file declares is missing, or cannot be read.
        TrialError: the files of the trial cannot be read.
    """
    declared = record.config.program.metrics
    # Read anew from what is on disk: an attempt that resumed has lost what was in memory.
    by_metric = {name: _series(name, record, folder) for name in declared}
    if missing := [name for name, series in by_metric.items() if not series]:
        message = _missing(missing, record, folder)
        raise NoMetricError(message, folder.last_lines(), missing[0])
    # Declared metrics first: the names of the last three are never declared.
    metrics = {name: measurement(by_metric[name], declared[name].last) for name in declared}
    used = folder.used()
    diverged = not all(map(isfinite, metrics.values()))
    return Finished(
        metrics={**metrics, **used},
        history=history(by_metric),
        state="diverged" if diverged else "completed",
        log=folder.last_lines() if diverged else (),
    )


def _series(name: str, record: ProgramRecord, folder: ProgramFolder) -> Series:
    reading = record.config.program.metrics[name].reading
    try:
        return in_order(READERS[reading.reader](folder.places, reading))
    except ReadingError as error:
        raise NoMetricError(f"{name}: {error}", folder.last_lines(), name) from error
    except OSError as error:
        raise TrialError(f"{name}: {error}", folder.last_lines()) from error


def _missing(names: list[str], record: ProgramRecord, folder: ProgramFolder) -> str:
    """A message that names what is missing, and what was reported instead."""
    name = names[0]
    reading = record.config.program.metrics[name].reading
    reported = _reported(folder)
    if reading.reader == "tell" and name in reported:
        return f"the program has reported no number of {name}, but empty lists"
    if reading.reader == "tell":
        text = unknown("metric", name, reported) if reported else f"{name} was not reported"
        return f"{text}: the program has reported no {name}"
    where = f"{reading.reader}: {reading.source}"
    return f"the program ended, and {where} has no value of {name}"


def _reported(folder: ProgramFolder) -> Mapping[str, object]:
    if not folder.metrics.exists():
        return {}
    rows = decoded_lines(folder.metrics.read_bytes())
    return {name: None for row in rows for name in row if name != "step"}

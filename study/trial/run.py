"""One trial of any task, from its record in the store to its result.

The one `except` that lets nothing through is here: an error becomes the trial's result, so that one
bad arm never stops the others.
"""

import time
import traceback
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from math import isfinite
from pathlib import Path
from typing import SupportsFloat

from study.errors import StoreError
from study.store.atomic import Record
from study.store.leases import Lease
from study.store.records import EpochRow, Outcome, TrialRecord, finite
from study.store.store import Store
from study.trial.callbacks import Callbacks, Message, Stopped, goes_on, nothing
from study.trial.environment import environment
from study.trial.group import Group
from study.trial.log import LogFile
from study.trial.running import Finished, NoMetricError, RunningTrial, TrialError

Run = Callable[[RunningTrial], Finished]
"""A task's function that runs one trial."""


def run_trial(
    run: Run,
    store: Store,
    name: str,
    *,
    lease: Lease | None,
    device: str,
    stop: Callable[[], bool],
    report: Callable[[Message], None],
    record: TrialRecord | None,
    pulse: Callable[[], None] = nothing,
    group: Group,
    known: Collection[str] = (),
    ends_early: Callable[[Sequence[EpochRow]], bool] = goes_on,
    jobs: Iterable[Path] = (),
) -> None:
    """Run a trial by its task's `run` and save its result.

    `record` says what to compute; it is None in processes that do not lead. It comes from the
    user's job folder, because a record names code to import and other users may write to the store.
    Every process of a group calls this with the same trial; the lease is the leader's. After an
    error the group is closed and cannot train another trial. A metric that is not `known` fails
    the trial; every one is without names. One of `jobs` has a copy of the user's code.

    Raises:
        Stopped: `stop` returned True, or the lease was lost; finished epochs are saved.
        StoreError: nothing can be written any more; another attempt resumes from the checkpoint.
    """
    device = group.on(device)
    if lease is None:  # only the leading process has one, and writes to the store
        caller, record = Callbacks(pulse=pulse), _leading(group, None)
        _join(run, RunningTrial(store, name, record, device, caller, group))
        return
    record, began, number = _leading(group, record), time.time(), lease.number
    here = environment(device, record.task).model_copy(update={"processes": group.world})
    log = LogFile(store.folder(name).log, report)
    log({"event": "began", "lease": number, "device": device, "commit": here.commit})
    caller = Callbacks(stop, lambda: lease.held, pulse, log, ends_early)
    ends: Record = {"state": "failed", "metrics": {}, "config": record.config}
    try:
        finished = run(RunningTrial(store, name, record, device, caller, group, number, jobs))
        ends |= _ended(finished, known)
    except Stopped as stopped:
        log({"event": "stopped", "where": str(stopped)})
        raise
    except Exception as error:
        message = group.failed(error)
        if message is None or isinstance(error, StoreError):  # None: a process was killed
            raise
        ends |= _failed(error, message, log)
    _save(store, name, lease, ends | {"began": began, "environment": here})


def _failed(error: Exception, message: str, log: LogFile) -> Record:
    """The outcome of a trial that failed, with the last lines of what it ran."""
    log({"event": "error", "traceback": _traceback(error)})
    if not isinstance(error, TrialError):
        return {"error": message}
    unread = {"unread": error.metric} if isinstance(error, NoMetricError) else {}
    # Without the name of its class, which says nothing of the program.
    return {"error": str(error), "log": error.log, **unread}


def _traceback(error: Exception) -> str:
    # That of a program is in its own output; ours would say nothing of it.
    return str(error) if isinstance(error, TrialError) else traceback.format_exc()


def _save(store: Store, name: str, lease: Lease, ends: Record) -> None:
    outcome = Outcome(**ends, seconds=_seconds(ends))
    if store.save(name, outcome, lease) and outcome.state != "failed":
        with suppress(OSError):  # no attempt resumes from it any more
            store.folder(name).previous.unlink(missing_ok=True)


def _leading(group: Group, record: TrialRecord | None) -> TrialRecord:
    """The leader's record, in every process of a group."""
    leaders = group.leaders_item(record)
    if leaders is None:
        raise StoreError("the leading process has no record of the trial")
    return leaders


def _seconds(ends: Record) -> float:
    """Seconds of all attempts, as far as their epochs say; else of this one."""
    epochs: list[EpochRow] = ends.get("history", [])
    return sum(row.seconds or 0.0 for row in epochs) or time.time() - ends.get("began", 0.0)


def _ended(finished: Finished, known: Collection[str]) -> Record:
    """The outcome of a trial that has ended, without the keys that a task leaves out."""
    if not isinstance(finished, Finished):
        raise TypeError(f"the task returned {type(finished).__name__}, not Finished")
    # Under a name that no table has, a number would vanish without a word.
    if known and (strangers := sorted(finished.metrics.keys() - {*known})):
        names = ", ".join(strangers)
        raise ValueError(f"{names}: no metric of the study, which has {', '.join(known)}")
    for metric, value in finished.metrics.items():
        if value is not None and not isinstance(value, SupportsFloat):
            raise TypeError(f"{metric} is {value!r}, which is no number")
        if value is not None and finished.state == "completed" and not isfinite(value):
            raise ValueError(f"{metric} is {value}: if that is a result, its state is diverged")
    values = vars(finished) | {"metrics": finite(finished.metrics), "history": [*finished.history]}
    values |= {"log": [*finished.log]}
    return {key: value for key, value in values.items() if value or key == "metrics"}


def _join(run: Run, trial: RunningTrial) -> None:
    """Run a trial under another process that leads, and leave the store to it."""
    try:
        run(trial)
    except Stopped:
        raise
    except Exception as error:
        trial.group.failed(error)
        raise

"""Workers that a command of the user's starts, anywhere that sees the store.

The command may stay until its worker ends, as ssh does, or return at once and leave the worker in a
queue, as kubectl does. Nothing but its exit status comes back: whether a worker has begun and lives
is read from its lease, `workers/INDEX` in the job folder. Nobody knows of one that has not begun
whether it waits or is lost, so waiting for it has a limit.
"""

import os
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path

from study.errors import StudyError
from study.launch import endings, templates, unread
from study.launch import job as job_folder
from study.launch.deaths import last_lines
from study.launch.machine import Machine
from study.store import holders, leases, polling
from study.store.atomic import warn_once, write
from study.store.heartbeats import Heartbeats
from study.store.job_records import Submitted

WORKERS = "workers"
"""In a job folder: a folder with the lease of each worker, named by its index."""
RECORD = "command.json"
NOT_RUN = (126, 127)
"""Exit statuses by which programs that start others say that there is none of this name."""
NO_SHELL = "\n  = help: {worker} is one argument, for a shell; nohup, say, gets sh -c {worker}"
GRACE = 15.0  # seconds that a command has to end after its worker has


class NoWorkerError(StudyError):
    """No worker has begun for as long as a run waits."""


@dataclass
class Submission:
    """A command that was started for a worker."""

    job: Path
    index: int
    words: list[str]
    process: "subprocess.Popen[bytes]"

    @property
    def log(self) -> Path:
        return _log(self.job, self.index)

    @property
    def begun(self) -> bool:
        """True if its worker has reached the store, whatever became of it."""
        return _place(self.job, self.index).exists()

    @property
    def failed(self) -> bool:
        """True if it has ended, and has started no worker."""
        # In this order: a worker that begins meanwhile has begun.
        return bool(self.process.poll()) and not self.begun

    @property
    def error(self) -> StudyError:
        """The error of a command that has failed, with the last lines that it printed."""
        status = self.process.returncode
        how = f"exit status {status}" if status > 0 else signal.Signals(-status).name
        lines = "\n".join(f"  | {line}" for line in last_lines(self.log)[-8:]) or "  | nothing"
        hint = NO_SHELL if status in NOT_RUN else ""
        return StudyError(
            f"the command of --submit has started no worker ({how}): {shlex.join(self.words)}\n"
            f"{lines}{hint}"
        )

    def end(self, number: signal.Signals) -> None:
        """End the command, if it is still there, with what is in its group."""
        if self.process.poll() is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)


def command(job: Path, machine: Machine, *, workers: int, tick: Callable[[], None]) -> None:
    """Start workers by the user's command, and wait as long as the store shows one at work.

    Raises:
        StudyError: the command cannot be started, or no worker is left and it has failed.
        NoWorkerError: no worker has begun, or one that has died is not replaced.
    """
    heartbeats, submissions = Heartbeats(), list[Submission]()
    try:
        for index in _free(job, heartbeats, workers) if _is_left(job, heartbeats) else ():
            submissions.append(_submitted(job, machine, index))
        _wait(job, machine, submissions, heartbeats, tick)
        for unseen in not_begun(job):  # each would find nothing to do, so nobody need know of it
            _drop(job, unseen)
    except KeyboardInterrupt:
        for submission in submissions:
            submission.end(signal.SIGKILL)
        endings.kill(job)
        raise
    finally:
        _settle(submissions)


def _free(job: Path, heartbeats: Heartbeats, workers: int) -> list[int]:
    """The indices of the workers that are not at work: of those that died, too."""
    alive = at_work(job, heartbeats)
    taken = {place.name for place in alive}
    free = (index for index in count() if str(index) not in taken)
    return list(islice(free, max(0, workers - len(alive))))


def _submitted(job: Path, machine: Machine, index: int) -> Submission:
    """Start the command of a worker."""
    words = templates.words(machine.submit, job, index)
    # Both before the start, as the worker may begin at once: what a dead one left is no sign of it.
    shutil.rmtree(_place(job, index), ignore_errors=True)
    ids = dict.fromkeys([*submitted(job), str(index)])
    write(job / RECORD, Submitted(ids=[*ids]).plain)
    try:
        with _log(job, index).open("ab") as log:
            process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,  # one that asks for a password fails
                stdout=log,
                stderr=log,
                # Ctrl-C goes to this process alone, which asks the workers to stop.
                start_new_session=True,
            )
    except OSError as error:
        _drop(job, index)
        raise StudyError(
            f"the command of --submit cannot be started: {words[0]}: {error.strerror}"
        ) from error
    return Submission(job, index, words, process)


def _wait(
    job: Path,
    machine: Machine,
    submissions: Sequence[Submission],
    heartbeats: Heartbeats,
    tick: Callable[[], None],
) -> None:
    """Wait until no worker is at work, and none is expected that has something to do."""
    last, waiting = time.monotonic(), list(submissions)
    while True:
        tick()
        alive = at_work(job, heartbeats)
        waiting = _without_failed(waiting, others=bool(alive))
        if alive:
            last = time.monotonic()
        elif _is_ending(job, heartbeats) or not (waiting and _is_left(job, heartbeats)):
            return
        elif time.monotonic() - last >= machine.timeout:
            raise _silence(waiting, machine)
        time.sleep(polling.EVENTS)


def _without_failed(waiting: Sequence[Submission], *, others: bool) -> list[Submission]:
    """The submissions whose workers are still expected.

    Raises:
        StudyError: the last one has failed.
    """
    expected = [s for s in waiting if not s.begun]
    failed = [s for s in expected if s.failed]
    for submission in failed:
        _drop(submission.job, submission.index)
        if len(failed) == len(expected) and not others:
            raise submission.error
        warn_once(str(submission.error))
    return [s for s in expected if s not in failed]


def _silence(waiting: Sequence[Submission], machine: Machine) -> NoWorkerError:
    running = sum(submission.process.poll() is None for submission in waiting)
    ended = f"{running} of {len(waiting)} still running, now ended" if running else "exit status 0"
    return NoWorkerError(
        f"no worker has been at work for {machine.timeout:g} s (--timeout), and whether those that "
        "were submitted wait or are lost is not known: waiting ends\n"
        f"  | {shlex.join(waiting[0].words)} ({ended})\n"
        f"  | printed to {waiting[0].log}"
    )


def _settle(submissions: Sequence[Submission]) -> None:
    """End the commands that outlive their workers, so that none hangs."""
    end = time.monotonic() + GRACE
    for submission in submissions:
        # One whose worker has begun is about to end; another would start a worker for nothing.
        while submission.begun and submission.process.poll() is None and time.monotonic() < end:
            time.sleep(polling.CHILDREN)
        submission.end(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            submission.process.wait(GRACE)
        submission.end(signal.SIGKILL)
        submission.process.wait()


def _is_left(job: Path, heartbeats: Heartbeats) -> bool:
    """True if a worker that begins now would have something to do."""
    if "trials" in job_folder.order(job).phases:
        return bool(job_folder.open_trials(job, heartbeats))
    return not any(_places(job))


# ---- what the store shows ----


def submitted(job: Path) -> list[str]:
    """The indices of the workers that were submitted for a job, without those that failed."""
    submission = Submitted.look(job / RECORD)
    return [*submission.ids] if submission else []


def not_begun(job: Path) -> list[str]:
    """Indices of submitted workers that have not begun."""
    return [index for index in submitted(job) if not _place(job, index).exists()]


def alive(job: Path, heartbeats: Heartbeats | None = None) -> dict[Path, holders.Holder]:
    """The workers of a job that are at work by their heartbeats, by the folder of their lease."""
    held = {place: leases.holder(place, heartbeats) for place in _places(job)}
    return {place: who for place, who in held.items() if who}


def at_work(job: Path, heartbeats: Heartbeats) -> Mapping[Path, holders.Holder]:
    """Workers at work on any job that runs these trials."""
    others = [f for f in job_folder.alike(job) if f != job and not _is_ending(f, heartbeats)]
    return {k: who for f in (job, *others) for k, who in alive(f, heartbeats).items()}


def _is_ending(job: Path, heartbeats: Heartbeats) -> bool:
    stopped = job_folder.stopped(job)
    return stopped or unread.starts_no_more(job, job_folder.order(job), heartbeats)


def _places(job: Path) -> Iterator[Path]:
    return (job / WORKERS).glob("*")


def _place(job: Path, index: int | str) -> Path:
    return job / WORKERS / str(index)


def _log(job: Path, index: int) -> Path:
    return job / "logs" / f"submit-{index}.log"


def _drop(job: Path, index: int | str) -> None:
    write(job / RECORD, Submitted(ids=[i for i in submitted(job) if i != str(index)]).plain)

"""Workers on Slurm, through submitit: one array, each of whose jobs claims open trials.

What a job unpickles is the path of its own job folder, no more. Shortly before its time is over, or
when it is preempted, Slurm sends a signal: the worker stops after its step, its lease is released,
the job is queued again, and whoever is first goes on where it was.
"""

import math
import os
import pickle
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

from study.errors import StudyError
from study.launch import job as job_folder
from study.launch import resources, snapshot, unread
from study.launch.machine import Machine
from study.launch.supervisor import Supervisor
from study.store import ownership, polling
from study.store.atomic import replace, write
from study.store.job_records import Submitted

WORK = "work.pkl"
"""In the logs of a job folder: what submitit loads in each of its jobs."""
FOREVER = 1_000_000  # times that a job may run out of time: trials know when it is enough
OVER = ("COMPLETED", "CANCELLED", "FAILED", "TIMEOUT", "OUT_OF_MEMORY", "DEADLINE")
"""States of jobs that do not come back. COMPLETING is none: it may be queued again, as may be what
was preempted or lost its node."""


def slurm(job: Path, machine: Machine, *, workers: int, tick: Callable[[], None]) -> None:
    """Submit workers; wait for them only where the machine says so.

    No more than were asked for: those of earlier calls for the same study, which wait or work, are
    counted, as they do these trials too.

    Raises:
        StudyError: there is no Slurm here, it does not answer, or it refuses the jobs.
    """
    _installed()
    # Workers of a run that starts no further trial do not go on.
    ending = [f for f in job_folder.alike(job) if unread.starts_no_more(f, job_folder.order(f))]
    gone = {worker for folder in ending for worker in alive(folder)}
    if (more := workers - len(at_work(job).keys() - gone)) > 0:
        submit(job, machine, more)
    last_query = -math.inf
    while machine.wait:
        tick()
        if time.monotonic() - last_query >= polling.SQUEUE:
            last_query = time.monotonic()
            if not at_work(job):
                return
        time.sleep(polling.EVENTS)


# ---- submission ----


class SlurmWorker:
    """The object that a Slurm job unpickles: the path of its job folder. submitit calls it."""

    def __init__(self, job: str) -> None:
        self.job = job

    def __call__(self) -> None:
        node = int(os.environ.get("SLURM_NODEID", 0))
        supervisor = Supervisor(Path(self.job), node)
        self.supervisor = supervisor
        signal.signal(signal.SIGTERM, supervisor.stop)  # submitit would ignore it
        if status := supervisor.run():
            sys.exit(status)
        if supervisor.again:
            requeue()

    def checkpoint(self) -> Any:
        """By submitit on the signal, before it queues the job again."""
        from submitit.helpers import DelayedSubmission

        notice = int(self.supervisor.order.resources.get("notice", resources.NOTICE))
        # A third of the notice is left for submitit to queue the job again.
        self.supervisor.stop_and_wait(notice * 2 / 3)
        return DelayedSubmission(SlurmWorker(self.job))

    # The supervisor stays out: it holds processes, which cannot be pickled.
    def __getstate__(self) -> dict[str, str]:
        return {"job": self.job}


def requeue() -> None:
    subprocess.run(["scontrol", "requeue", os.environ["SLURM_JOB_ID"]], check=False)
    time.sleep(60)  # until it takes effect, and this process is ended


def submit(job: Path, machine: Machine, workers: int) -> list[str]:
    """The ids of the submitted jobs, which are kept in the job folder as soon as each is known.

    Not by submitit's executor: its arrays are always given a time limit. A job waits for a pickle
    of its name, a minute: they are links, so that a thousand of them are there in time.

    Raises:
        StudyError: Slurm refuses the jobs.
    """
    from submitit.core.utils import DelayedSubmission, JobPaths

    ownership.contents(job)
    ids, work = submitted(job), DelayedSubmission(SlurmWorker(str(job)))
    work.set_timeout(FOREVER, FOREVER)
    # Before sbatch, since a job may start at once.
    replace(job / "logs" / WORK, pickle.dumps(work))
    for count in chunks(workers, max_array()):
        text = script(job, machine, count)
        try:
            first = _sbatch(text)
        except StudyError as error:
            earlier = f"; submitted before: {', '.join(ids)}" if ids else ""
            raise StudyError(f"{error}{earlier}") from error
        more = [first] if count == 1 else [f"{first}_{index}" for index in range(count)]
        ids += more
        write(job / "slurm.json", Submitted(ids=ids).plain)
        for name in more:
            JobPaths(job / "logs", job_id=name).submitted_pickle.symlink_to(WORK)
        replace(job / "logs" / f"{first}_submission.sh", text.encode())
    return ids


def _sbatch(text: str) -> str:
    """Submit a script; the id of the job, or of the array.

    Raises:
        StudyError: Slurm refuses it, or does not answer.
    """
    words = ["sbatch", "--parsable"]
    try:
        done = subprocess.run(words, input=text, capture_output=True, text=True, timeout=600)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StudyError(f"Slurm does not answer: {error}") from error
    # --parsable prints ID, or ID;CLUSTER, and a site's plugins may print lines around it.
    numbers = re.findall(r"^(\d+)(?:;.*)?$", done.stdout, re.MULTILINE)
    if done.returncode or not numbers:
        message = " ".join((done.stderr or done.stdout).split())
        raise StudyError(f"Slurm refuses the job: {message}")
    return str(numbers[-1])


def _installed() -> None:
    if shutil.which("sbatch") is None:
        raise StudyError("there is no Slurm here: sbatch is not found; --on local runs here")


def script(job: Path, machine: Machine, workers: int) -> str:
    """The sbatch script of the first chunk of workers."""
    from submitit.slurm.slurm import _make_sbatch_string

    count = next(iter(chunks(workers, max_array())))
    command = f"{python()} -u -m submitit.core._submit {shlex.quote(str(job / 'logs'))}"
    many = {"map_count": count} if count > 1 else {}
    exports = [f"export {k}={shlex.quote(v)}" for k, v in snapshot.variables(job).items()]
    text: str = _make_sbatch_string(
        command=command,
        folder=job / "logs",
        nodes=machine.nodes,
        ntasks_per_node=1,  # a supervisor, which starts the processes of its node
        stderr_to_stdout=True,
        setup=[*ownership.script(job), *exports],
        # whatever --export says of the job, its tasks get what the script sets
        srun_args=["--kill-on-bad-exit=1", "--export=ALL"],
        **resources.parameters(machine),
        **many,
    )
    return text


def python() -> str:
    return shlex.quote(sys.executable)


def chunks(count: int, most: int) -> Iterator[int]:
    """How many workers each array takes, so that no index goes beyond what the site allows."""
    while count > 0:
        yield min(count, most)
        count -= most


def max_array() -> int:
    """Jobs that an array may have here; 1000 where Slurm does not say."""
    match = re.search(r"MaxArraySize\s*=\s*(\d+)", _output("scontrol", "show", "config") or "")
    return max(1, int(match[1])) if match else 1000


# ---- what became of them ----


def submitted(job: Path) -> list[str]:
    """The ids of the jobs that were submitted for a job folder."""
    submission = Submitted.look(job / "slurm.json")
    return [*submission.ids] if submission else []


def alive(job: Path) -> dict[str, str]:
    """State by id of the workers of a job that Slurm still has, waiting or at work.

    Raises:
        StudyError: Slurm does not answer.
    """
    ids = submitted(job)
    return {i: s for i, s in queued(ids).items() if i in ids and s not in OVER} if ids else {}


def at_work(job: Path) -> dict[str, str]:
    """The same of all jobs whose workers do the trials of this one."""
    return {i: state for folder in job_folder.alike(job) for i, state in alive(folder).items()}


def queued(ids: Collection[str]) -> dict[str, str]:
    """State by id, of those that squeue has: it forgets a job some minutes after its end."""
    masters = sorted({job_id.partition("_")[0] for job_id in ids})
    # -r gives one row per job of an array, which squeue otherwise abbreviates as 123_[2-5].
    words = ["squeue", "-h", "-r", "-o", "%i|%T", "-j", ",".join(masters)]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StudyError(f"Slurm does not answer: {error}") from error
    # squeue fails for an id that it has forgotten, which is no failure of Slurm.
    if done.returncode and "Invalid job id" not in done.stderr:
        raise StudyError(f"Slurm does not answer: {' '.join(done.stderr.split())}")
    rows = (line.strip().split("|") for line in done.stdout.splitlines())
    return {row[0]: row[1] for row in rows if len(row) == 2}


def ended(ids: Collection[str]) -> dict[str, str]:
    """How jobs ended, by sacct; a site without accounting knows nothing."""
    if not ids:
        return {}
    # -X leaves out the steps of a job, -P separates columns by |.
    words = ["sacct", "-n", "-X", "-P", "-o", "JobID,State,ExitCode", "-j", ",".join(ids)]
    rows = (line.split("|") for line in (_output(*words) or "").splitlines())
    return {row[0]: f"{row[1].split()[0]} {row[2]}" for row in rows if len(row) == 3 and row[1]}


def cancel(ids: Collection[str]) -> None:
    """Raises StudyError: Slurm does not answer."""
    try:
        subprocess.run(["scancel", *ids], check=True, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.SubprocessError) as error:
        raise StudyError(f"scancel failed: {error}") from error


def _output(*words: str) -> str | None:
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None

"""A supervisor runs the phases of a job in child processes, and sees how each of them ends.

It imports no torch, so that it is quick to start, small, and the last to be killed when memory runs
out. A child that dies takes its trial's attempt with it: the death is recorded beside the trial,
and the next child tries again. A trial that too many workers died of is stored as failed.
"""

import os
import signal
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from study.errors import StoreError, StudyError
from study.launch import job as job_folder
from study.launch import snapshot
from study.launch.deaths import Death, last_lines, oom_kills
from study.launch.worker import REQUEUE_STATUS, SIGNALS, STORE_FAILED
from study.store import holders, leases, polling
from study.store.atomic import create, encoded
from study.store.job_records import Address
from study.store.records import Environment, Outcome, WorkerDeath
from study.store.store import Store

GRACE = 15.0  # seconds that others of a group have to end when one has died
MEETING = 600.0  # seconds until the nodes of a job must have met
FIRST = 3  # deaths in a row before any trial was claimed: something else is wrong

# Large activations are otherwise mapped and unmapped at every step: measured 1.2x in training, 1.7x
# in inference at batch 32 on CPU. Spinning threads steal the cores of other trials.
ALLOCATOR = {
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": str(8 << 30),
    "MALLOC_TOP_PAD_": str(64 << 20),
    "OMP_WAIT_POLICY": "PASSIVE",
}


@dataclass
class Supervisor:
    """One node's part of one worker: `node` of the order's nodes."""

    job: Path
    node: int = 0
    stopping: bool = False
    children: list[subprocess.Popen[bytes]] = field(default_factory=list)
    logs: list[Path] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.order = job_folder.order(self.job)
        self.store = Store(Path(self.order.store))
        self.name = f"{socket.gethostname()}-{os.getpid()}"
        self.starts, self.again = 0, False

    def run(self) -> int:
        """Run all phases; the exit status of a child that failed outside any trial, otherwise 0."""
        holders.write(self.job / f"worker.{self.name}")
        for phase in self.order.phases:
            if status := self._run_phase(phase):
                return status
        return 0

    def stop(self, number: int = 0, frame: object = None) -> None:
        """Ask the children to stop after their next step; what they did is kept."""
        self.stopping = True
        # SIGTERM, not SIGKILL: the child writes its checkpoint and releases its lease first.
        for child in self.children:
            with suppress(ProcessLookupError):
                os.kill(child.pid, signal.SIGTERM)

    def stop_and_wait(self, seconds: float) -> None:
        """Stop, and wait for the children; may be called from a signal handler."""
        self.stop()
        end = time.monotonic() + seconds
        while not all(map(_ended, self.children)) and time.monotonic() < end:
            time.sleep(polling.CHILDREN)

    # ---- one phase ----

    def _run_phase(self, phase: str) -> int:
        strikes = 0
        while not (self.stopping or job_folder.stopped(self.job)):
            killed = oom_kills()  # the status alone does not tell who sent SIGKILL
            self._start(phase)
            status, rank = self._wait()
            if status == 0:
                return 0
            # Another process of the group is at fault; on one node a new group can start at once.
            if status == REQUEUE_STATUS and self.order.nodes == 1:
                continue
            death = Death(status, rank, oom_kills() > killed, last_lines(self.logs[rank]))
            if status == STORE_FAILED:
                return self._fail(death)
            if self._record_death(death):
                strikes = 0
            elif status > 0 or (strikes := strikes + 1) == FIRST:
                return 0 if self.stopping else self._fail(death)
            if self.order.nodes > 1:
                self.again = True  # all nodes together
                return 0
        return 0

    def _start(self, phase: str) -> None:
        self.starts += 1
        devices = 1 if self.order.starts_processes else self.order.devices
        together = phase == "trials" and devices * self.order.nodes > 1
        count = devices if phase == "trials" else int(self.node == 0)
        meeting = self._meeting(count) if together else {}
        self.children, self.logs = [], []
        for rank in range(count):
            log = self.job / "logs" / f"{self.name}-{self.starts}-{rank}.log"
            ranks = {"RANK": self.node * count + rank, "LOCAL_RANK": rank} if meeting else {}
            with log.open("ab") as out:
                child = subprocess.Popen(
                    [sys.executable, "-u", "-m", "study.launch", "worker", str(self.job), phase],
                    env=self._environment() | meeting | {k: str(v) for k, v in ranks.items()},
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=out,
                )
            with suppress(OSError):  # be killed before the supervisor when memory runs out
                Path(f"/proc/{child.pid}/oom_score_adj").write_text("500")
            self.children.append(child)
            self.logs.append(log)

    def _environment(self) -> dict[str, str]:
        threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(self.order.threads))
        # A program that starts its processes itself has to know how many devices it has.
        own = {"STUDY_DEVICES": str(self.order.devices)} if self.order.starts_processes else {}
        return {**ALLOCATOR, **os.environ, **threads, **own, **snapshot.environment(self.job)}

    def _meeting(self, count: int) -> dict[str, str]:
        """Where the processes of all nodes find each other."""
        world = str(count * self.order.nodes)
        attempt = os.environ.get("SLURM_RESTART_COUNT", "0")
        place = self.job / f"meet.{holders.slurm_job()}.{attempt}.json"
        if self.order.nodes == 1:
            return {"WORLD_SIZE": world, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": _free_port()}
        # A file in the job folder, as all nodes share the store; it is named after the attempt, so
        # that a requeued job does not read the address of its previous attempt.
        if self.node == 0:
            address = Address(MASTER_ADDR=_address(), MASTER_PORT=_free_port())
            create(place, encoded(address.plain))
        end = time.monotonic() + MEETING
        while (meeting := Address.look(place)) is None:
            if time.monotonic() > end or self.stopping:
                raise StudyError(
                    f"node {self.node} has waited for node 0, which has not started ({place})"
                )
            time.sleep(polling.CHILDREN)
        return {"WORLD_SIZE": world, **meeting.plain}

    def _wait(self) -> tuple[int, int]:
        """How the children ended: the status of the one that is to blame, and its rank."""
        while True:
            statuses = [child.poll() for child in self.children]
            if any(statuses):
                return min(
                    self._end_all(), key=lambda end: (end[0] == REQUEUE_STATUS, end[0] == 0, end[0])
                )
            if all(status == 0 for status in statuses):
                return 0, 0
            time.sleep(polling.CHILDREN)

    def _end_all(self) -> list[tuple[int, int]]:
        """Status and rank of the children that ended by themselves; the others are killed."""
        end = time.monotonic() + GRACE
        while any(child.poll() is None for child in self.children) and time.monotonic() < end:
            time.sleep(polling.CHILDREN)
        own = [(child.returncode, rank) for rank, child in enumerate(self.children)]
        for child in self.children:  # those that wait for the one that has ended
            child.kill()
            child.wait()
        return [(status, rank) for status, rank in own if status is not None]

    # ---- deaths ----

    def _record_death(self, death: Death) -> bool:
        """Record the trial that a child died of; after too many deaths, mark it as failed.

        A child that was killed from outside does not count against the trial. False if the child
        worked on no trial.
        """
        held = self._trial()
        if held is None:
            return False
        name, number = held
        # SIGKILL without an out-of-memory event comes from outside, so no death is recorded.
        if death.status == -signal.SIGKILL and not death.oom:
            return True
        note = WorkerDeath(why=death.why, log=death.log, where=self.name, time=time.time())
        self.store.write_death(name, number, note)
        deaths = self.store.deaths(name)
        if len(deaths) > self.order.retries:
            self._mark_failed(name, deaths)
        return True

    def _trial(self) -> tuple[str, int] | None:
        """The trial that the children worked on, and the number of their lease."""
        pids, job = {child.pid for child in self.children}, holders.slurm_job()
        latest = {n: leases.latest(self.store.trial(n)) for n in job_folder.queue(self.job)}
        for name, (number, who) in latest.items():
            if who is not None and who.local and who.pid in pids:
                return name, number
        others = self.order.nodes > 1 and [n for n, (_, w) in latest.items() if w and w.job == job]
        if not others:
            return None
        last = max(others, key=lambda name: self.store.beat(name, latest[name][0]))
        return last, latest[last][0]  # of the leading process, which is on another node

    def _mark_failed(self, name: str, deaths: Sequence[WorkerDeath]) -> None:
        lease = leases.claim(self.store.trial(name))
        if lease is None:
            return  # somebody tries it already
        with lease:
            many = f"{len(deaths)} workers died of it" if len(deaths) > 1 else "its worker died"
            last = deaths[-1]
            outcome = Outcome(
                state="failed",
                metrics={},
                config=self.store.entered(name).config,
                error=f"{many}: {last.why}",
                log=last.log,
                seconds=0.0,
                environment=Environment(machine=socket.gethostname()),
            )
            self.store.save(name, outcome, lease)

    def _fail(self, death: Death) -> int:
        """Write the error of a child that failed outside any trial, and return the exit status."""
        text = "\n".join([f"{self.logs[death.rank]}:", *death.log, death.why])
        with suppress(OSError):
            (self.job / f"error.{self.name}").write_text(text)
        sys.stderr.write(f"{text}\n")
        return death.status if death.status > 0 else 128 - death.status


def _ended(child: "subprocess.Popen[bytes]") -> bool:
    """Without reaping it: whoever waits for it elsewhere must not be disturbed."""
    try:
        return os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


def _free_port() -> str:
    with socket.socket() as free:
        free.bind(("", 0))  # the kernel chooses one
        return str(free.getsockname()[1])


def _address() -> str:
    """How other nodes reach this one."""
    name = socket.getfqdn()
    try:
        return socket.gethostbyname(name)
    except OSError:
        return "127.0.0.1"


def main(job: str) -> int:
    """The process that a launcher starts."""
    supervisor = Supervisor(Path(job))
    for number in SIGNALS:
        signal.signal(number, supervisor.stop)
    try:
        return supervisor.run()
    except (OSError, StoreError):
        traceback.print_exc()
        return STORE_FAILED

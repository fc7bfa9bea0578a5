"""Timing outside trials: a few steps for the estimate of time, and all arms in one session."""

import logging
import time
from collections.abc import Callable

from study.errors import StudyError
from study.launch import run_phase
from study.launch.machine import AUTO, Machine
from study.plan.estimate import steps_key
from study.plan.measuring import timing_session
from study.plan.plan import Plan
from study.store import leases, polling
from study.store.heartbeats import Heartbeats
from study.store.store import Store
from study.store.timing_records import ROUNDS, Rounds, TimingSession

log = logging.getLogger("study")


def steps(plan: Plan, store: Store, machine: Machine) -> None:
    """Time a few training steps of the baseline, in a process of its own."""
    first = plan.task.record(plan.baseline, plan.study.seeds[0], plan.study)
    run_phase(store, plan.work("steps", key=steps_key(plan), arm=first), machine)


def missing(plan: Plan, store: Store, machine: Machine) -> bool:
    """True if the study is timed, and no session has covered these arms on this device."""
    if not plan.timed:
        return False
    session = store.record("timings", plan.key, TimingSession)
    return session is None or machine.device not in (AUTO, session.device)


def session(
    plan: Plan,
    store: Store,
    machine: Machine,
    *,
    again: bool = False,
    report: Callable[[int, int], object] = lambda done, total: None,
) -> None:
    """Time all arms in one session, in a process of its own; waits for one that is under way.

    `again` times anew what the store has a session of; `report` is given the rounds that have
    ended, and their number.
    """
    place, heartbeats = store.root / "timings" / plan.key, Heartbeats()

    def tick() -> None:
        if (rounds := Rounds.look(place / ROUNDS)) and rounds.total:
            report(rounds.done, rounds.total)

    # Another command may be timing the same arms; its session serves both.
    if other := leases.holder(place, heartbeats):
        log.warning("waiting for the session that process %s on %s takes", other.pid, other.host)
        again = False
    while leases.holder(place, heartbeats):
        tick()
        time.sleep(polling.WORKERS)
    if again or missing(plan, store, machine):
        run_phase(store, timing_session(plan).model_copy(update={"again": again}), machine, tick)
    if missing(plan, store, machine):
        raise StudyError(f"the timing session left nothing; its log is under {store.root / 'jobs'}")

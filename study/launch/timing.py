"""What is timed outside trials: a few steps for the plan's price, and all arms in one session."""

from study.launch import task
from study.launch.machine import Machine
from study.plan import Plan, record
from study.price import steps_key
from study.store import Store


def steps(plan: Plan, store: Store, machine: Machine) -> None:
    """Time a few training steps of the baseline, in a process of its own."""
    first = record(plan.baseline, plan.baseline.trials[0], plan.study.name)
    task(store, {"task": "steps", "key": steps_key(plan), "arm": first}, machine)


def missing(plan: Plan, store: Store) -> bool:
    """Whether no session has covered these arms."""
    return store.kept("timings", plan.key) is None


def session(plan: Plan, store: Store, machine: Machine) -> None:
    """Time all arms in one session, in a process of its own, alone on the device."""
    arms = {arm.digest: record(arm, arm.trials[0], plan.study.name) for arm in plan.arms}
    task(store, {"task": "timings", "key": plan.key, "arms": arms}, machine)

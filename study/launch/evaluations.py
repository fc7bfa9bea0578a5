"""Evaluations of trained weights on images of other sizes, once all trials are done."""

from study.launch import run_phase
from study.launch.machine import Machine
from study.plan.plan import Plan
from study.store.store import Store


def missing(plan: Plan, store: Store) -> list[tuple[str, int]]:
    """Finished trials, by name, and image sizes in pixels at which they are not evaluated yet."""
    finished = [trial.name for trial in plan.reported if trial.state == "completed"]
    pairs = ((name, size) for name in finished for size in plan.sizes)
    return [(name, size) for name, size in pairs if plan.lacks(store.evaluation(name, size), size)]


def evaluate(plan: Plan, store: Store, machine: Machine) -> None:
    """Evaluate what is trained at the other sizes that the columns ask for."""
    run_phase(store, plan.work("evaluations", pairs=missing(plan, store)), machine)

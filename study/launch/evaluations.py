"""Evaluations of trained weights on images of other sizes, once all trials are done."""

from study.launch import run_phase
from study.launch.machine import Machine
from study.plan.measuring import unevaluated
from study.plan.plan import Plan
from study.store.store import Store


def evaluate(plan: Plan, store: Store, machine: Machine) -> None:
    """Evaluate what is trained at the other sizes that the columns ask for."""
    run_phase(store, plan.work("evaluations", pairs=unevaluated(plan, store)), machine)

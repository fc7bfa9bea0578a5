"""The measurements of a run once all trials have ended: at other image sizes, and of speed."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from study.cli.output import progress

if TYPE_CHECKING:
    from study.launch.machine import Machine
    from study.plan.plan import Plan
    from study.store.store import Store

Measure = Callable[["Plan", "Store", "Machine"], None]


def run_measurements(plan: "Plan", store: "Store", machine: "Machine", speed: bool) -> "Plan":
    """Evaluate and time the arms if all trials have ended; the plan with their results."""
    from study.plan.planning import plan as planned

    plan = planned(plan.file, store)  # as it was read: it may have been edited meanwhile
    if all(trial.done or trial.state == "failed" for trial in plan.trials):
        # Measured only when no trial is open: timing needs the machine for itself.
        for measure in unmeasured(plan, store, machine, speed):
            measure(plan, store, machine)
    return plan


def unmeasured(plan: "Plan", store: "Store", machine: "Machine", speed: bool) -> list[Measure]:
    """The measurements that remain after training."""
    from study.launch import evaluations, timing

    measures: list[Measure] = [_evaluate] if evaluations.missing(plan, store) else []
    return [*measures, _time] if speed and timing.missing(plan, store, machine) else measures


def _evaluate(plan: "Plan", store: "Store", machine: "Machine") -> None:
    from study.launch import evaluations

    click.echo(f"evaluating at {', '.join(map(str, plan.sizes))} px ...", err=True)
    evaluations.evaluate(plan, store, machine)
    if left := evaluations.missing(plan, store):
        named = ", ".join(sorted({name for name, _ in left})[:4])
        click.echo(f"not evaluated, because weights or images are gone: {named}", err=True)


def _time(plan: "Plan", store: "Store", machine: "Machine") -> None:
    from study.launch import timing

    click.echo(
        "timing all arms in one session, with no other trial of this store running ...", err=True
    )
    with progress("timing") as tick:
        timing.session(plan, store, machine, report=tick)

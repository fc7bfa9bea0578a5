"""The dry run of a study: what would be started, and where."""

import shlex
from typing import TYPE_CHECKING

import click

from study.cli.messages import message
from study.cli.plan import show_plan

if TYPE_CHECKING:
    from study.launch.machine import Machine
    from study.plan.plan import Plan
    from study.store.store import Store


def show_dry_run(plan: "Plan", store: "Store", machine: "Machine") -> int:
    """Print the plan, and the script or command that would be submitted; return 0."""
    from study.launch import resources, templates
    from study.launch.slurm import script
    from study.plan.planning import check_inputs

    check_inputs(plan, store, absent=False)
    show_plan(plan, store, machine, err=not machine.here)
    if machine.here:
        return 0
    job = store.root.resolve() / "jobs" / "STAMP"
    if machine.on == "command":
        click.echo(shlex.join(templates.words(machine.submit, job, 0)))
        return 0
    for note in resources.notes(machine):
        message(f"note: {note}")
    # Without missing trials nothing is submitted; the script is that of one worker then.
    click.echo(script(job, machine, min(machine.workers, len(plan.missing) or 1)))
    return 0

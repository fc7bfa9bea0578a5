"""The command plan, and the plan that other commands print."""

from typing import TYPE_CHECKING

import click

from study.api.request import StudyRequest
from study.cli.budget import budget_options
from study.cli.images import check_images, check_images_option
from study.cli.machine import hardware, machine_options
from study.cli.messages import message
from study.cli.options import json_option, study_file
from study.cli.output import console, echo_json
from study.errors import StudyError

if TYPE_CHECKING:
    from study.launch.machine import Machine
    from study.plan.plan import Plan
    from study.store.job_records import Budget
    from study.store.store import Store


@click.command("plan")
@study_file
@machine_options
@budget_options
@check_images_option
@click.option(
    "--audit",
    type=click.Choice(["sample", "all"]),
    default="sample",
    show_default=True,
    help="Which arms are audited by three counters, output shapes, gradients and levels without "
    "effect; a sample of many.",
)
@click.option(
    "--estimate", is_flag=True, help="Time a few training steps to estimate the time of trials."
)
@json_option
def plan_command(
    request: StudyRequest,
    machine: "Machine",
    budget: "Budget | None",
    check_all: bool,
    audit: str,
    estimate: bool,
    as_json: bool,
) -> None:
    """Show arms, costs, missing trials and their estimated time; trains nothing."""
    if estimate and not machine.here:
        raise click.UsageError("--estimate times this machine, which is not where trials run")
    plan, store = request.plan(audit_all=audit == "all")

    # After the plan: a mistake in the file is told before anything that prints plans is imported.
    from study.cli import budget_table, plan_table
    from study.plan.estimate import remaining_time
    from study.plan.planning import check_inputs

    # A plan can be made without images; decoding them needs them here.
    check_inputs(plan, store, absent=check_all)
    if check_all:
        check_images(plan)
    if estimate and plan.missing:
        _time_steps(plan, store, machine)
    if as_json:
        seconds = remaining_time(plan, store, machine.workers, hardware=hardware(machine))
        fits = budget_table.record(plan, store, machine, budget) if budget else {}
        echo_json({**plan_table.plan_record(plan, seconds), **fits})
        return
    show_plan(plan, store, machine)
    if budget:
        budget_table.show(plan, store, machine, budget)
    message(f"to run it: study run {request.command_line(machine)}")


def show_plan(plan: "Plan", store: "Store", machine: "Machine", err: bool = False) -> None:
    """Print arms, costs and notes."""
    from study.cli import plan_table
    from study.plan.estimate import remaining_time

    # A finished study reads no images, so there are no notes on them.
    out, missing = (
        console(err),
        [arm.arm for arm in plan.trained if arm.done < len(arm.trials)],
    )
    out.print(plan_table.plan_head(plan), markup=False, highlight=False)
    out.print(plan_table.plan_table(plan))
    priced = remaining_time(plan, store, machine.workers, hardware=hardware(machine))
    for note in [
        *plan.task.input_notes(missing, store),
        *plan_table.plan_notes(plan, priced, machine.workers),
    ]:
        out.print(note, markup=False, highlight=False, soft_wrap=not out.is_terminal)


def _time_steps(plan: "Plan", store: "Store", machine: "Machine") -> None:
    """Time a few steps of the baseline for an estimate; a failure is only reported.

    Raises:
        StudyError: the images exist and cannot be read, so its trials would fail.
    """
    from study.launch import timing

    message("timing a few training steps of the baseline ...")
    try:
        timing.steps(plan, store, machine)
    except StudyError as error:
        # The error comes as text from another process, so its class is gone.
        if "DataError" in str(error) and _has_images(plan, store):
            raise StudyError(f"trials of the baseline would fail: {error}") from error
        message(f"no time estimate: {error}")


def _has_images(plan: "Plan", store: "Store") -> bool:
    from study.plan.planning import check_inputs

    try:
        check_inputs(plan, store)
    except StudyError:
        return False
    return True

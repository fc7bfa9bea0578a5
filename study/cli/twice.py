"""run --twice: one trial run twice, and by how much its results differ."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import click

from study.cli import FAILED, INTERRUPTED
from study.cli.machine import typed
from study.cli.messages import message

if TYPE_CHECKING:
    from study.api.request import StudyRequest
    from study.api.twice import Repeated
    from study.launch import Event
    from study.launch.machine import Machine
    from study.plan.plan import Plan
    from study.store.store import Store


UNUSED = ("budget", "price", "dry_run", "speed", "trackers", "reports")
"""Parameters of run that say nothing of one trial run twice."""


def refuse_unused(twice: bool) -> None:
    """Raise UsageError for an option beside --twice that would have no effect."""
    # Refused rather than ignored: a budget that does not hold costs money.
    if twice and (words := typed(UNUSED)):
        raise click.UsageError(
            f"--twice runs one trial twice and nothing else: leave {words[0]} out"
        )


def run_twice(
    plan: "Plan",
    store: "Store",
    machine: "Machine",
    request: "StudyRequest",
    progress: "AbstractContextManager[Callable[[Sequence[Event]], None]]",
) -> int:
    """Run the baseline's first seed twice, and print what came out the same.

    The exit status is FAILED where the results differ, so that a script can check it.
    """
    from study.api import twice
    from study.plan.planning import check_inputs

    check_inputs(plan, store)
    with progress as report:
        repeated = twice.repeat(plan, store, machine, request=request, report=report)
    if repeated is None:
        message("stopped; nothing is compared")
        return INTERRUPTED
    for line in lines(plan, repeated):
        click.echo(line)
    return 0 if repeated.same else FAILED


def lines(plan: "Plan", repeated: "Repeated") -> list[str]:
    """The comparison in words."""
    from study.cli.output import in_units
    from study.format import name as named

    who = f"{repeated.label}, seed {repeated.seed} ({repeated.name})"
    differ = {row.metric for row in repeated.differences}
    same = [named(plan.catalogue[metric]) for metric in repeated.metrics if metric not in differ]
    text = list[str]()
    if repeated.same:
        text.append(f"{who} came out the same to the last bit: {', '.join(same)}")
    else:
        text.append(f"{who} did not come out the same")
    for row in repeated.differences:
        metric = plan.catalogue[row.metric]
        values = [in_units(metric, value) for value in (row.first, row.second)]
        by = ""
        # A run that diverged has no number to differ by.
        if row.first is not None and row.second is not None:
            by = f", by {(row.second - row.first) * metric.scale:+.3g} {metric.difference_unit}"
        text.append(f"  {named(metric)}: {values[0]} and {values[1]}{by.rstrip()}")
    if differ and same:
        text.append(f"  the same to the last bit: {', '.join(same)}")
    if repeated.parted is not None:
        text.append(f"  learning curves differ from row {repeated.parted} on")
    if others := [*repeated.settings]:
        also = "" if repeated.same else " as well"
        text.append(f"  the two runs differed in {', '.join(others)}{also}")
    text.append(f"the repeat is in {repeated.folder}, and in no statistics")
    return text

"""Choices that fit a budget, as a table and a record."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from study import format
from study.cli.budget import amount
from study.cli.machine import hardware
from study.cli.output import console
from study.format import many
from study.plan import budgets
from study.plan.estimate import trial_times
from study.plan.fitting import Choice, Fitting
from study.plan.plan import Plan
from study.report.columns import FoldedTable
from study.store.job_records import Budget
from study.store.store import Record, Store

if TYPE_CHECKING:
    from study.launch.machine import Machine

HEADS = ("choice", "arms", "seeds", "epochs", "trials to run", "takes", "fits", "smallest effect")


def show(plan: Plan, store: Store, machine: "Machine", limit: Budget) -> None:
    """Print how many trials fit a budget, and the choices that do."""
    out, fitting = console(False), _fitting(plan, store, machine, limit)
    for line in _lines(plan, machine, limit, fitting):
        out.print(line, markup=False, highlight=False, soft_wrap=not out.is_terminal)
    if fitting is None or not plan.missing:
        return
    rows = [_row(fitting, choice) for choice in fitting.choices]
    numbers = frozenset({1, 2, 3, 4, 5})
    out.print(FoldedTable(HEADS, [("", rows)], order=(0, 2, 1, 7, 5, 4, 3, 6), right=numbers))
    for line in _remarks(fitting):
        out.print(line, markup=False, highlight=False, soft_wrap=not out.is_terminal)


def record(plan: Plan, store: Store, machine: "Machine", limit: Budget) -> Record:
    """The same for `--json`; `choices` is null without any measured time."""
    fitting = _fitting(plan, store, machine, limit)
    # JSON has neither infinity nor NaN.
    choices = fitting and [
        {**vars(choice), "effect": choice.effect if math.isfinite(choice.effect) else None}
        for choice in fitting.choices
    ]
    fits: Record = {
        **limit.plain,
        "source": fitting.times.source if fitting else None,
        "fit": fitting.number if fitting else None,
        "choices": choices,
    }
    return {"budget": fits}


def _fitting(plan: Plan, store: Store, machine: "Machine", limit: Budget) -> Fitting | None:
    times = trial_times(plan, store, hardware=hardware(machine))
    held = budgets.units(
        limit,
        threads=machine.threads,
        devices=machine.devices,
        nodes=machine.nodes,
        share=machine.share,
    )
    return Fitting(plan, times, limit, machine.workers, held) if times else None


def _lines(plan: Plan, machine: "Machine", limit: Budget, fitting: Fitting | None) -> list[str]:
    """How many of the missing trials fit, or how to get the times that would say so."""
    head, missing = f"budget {limit.text}", len(plan.missing)
    if not missing:
        return [f"{head}: nothing is missing"]
    if fitting is None:
        where = hardware(machine).name
        if not machine.here:
            return [
                f"{head}: no trial of this study has finished on {where}, so nothing says what "
                "fits; a first run with a small budget there measures it"
            ]
        return [
            f"{head}: no trial of this study has finished on {where}, so nothing says what fits; "
            "--estimate times a few steps, or run it with a small budget"
        ]
    wide = f" by {many(machine.workers, 'worker')}" if limit.unit == "h" else ""
    trials = many(fitting.whole.trials, "missing trial")
    return [f"{head}: {fitting.number} of {trials} fit{wide} ({fitting.times.source})"]


def _remarks(fitting: Fitting) -> Iterator[str]:
    """Remarks on the rows of the table."""
    choices = {choice.name: choice for choice in fitting.choices}
    if len(choices) == 1 and not fitting.whole.fits:
        yield "no part of the study fits: fewer than one seed of every arm, and fewer than two arms"
    if fewer := choices.get("fewer arms"):
        labels = ", ".join(arm.label for arm in fitting.plan.arms[: fewer.arms])
        yield f"fewer arms: the first of the file, {labels}"
    if "fewer epochs" in choices:
        yield (
            "fewer epochs: other trials, of which none is finished; their time is taken as "
            "proportional, and the sd of their differences is unknown"
        )
    if fitting.plan.study.sequential:
        yield "seeds are sequential: each comparison takes what it needs, up to the most"
    else:
        yield "smallest effect: detected with 80 % power, in sd of per-seed differences"


def _row(fitting: Fitting, choice: Choice) -> list[str]:
    return [
        choice.name,
        str(choice.arms),
        str(choice.seeds),
        str(choice.epochs),
        str(choice.trials),
        amount(fitting.budget, choice.spend),
        "yes" if choice.fits else "no",
        _effect(fitting.plan, choice),
    ]


def _effect(plan: Plan, choice: Choice) -> str:
    """The smallest effect in sd and, where the sd is known, in the unit of the tested metric."""
    if not math.isfinite(choice.effect):
        return format.ABSENT
    text = f"{choice.effect:.3g} sd"
    # Shorter training has another spread, which nobody has measured.
    if not plan.tested or not math.isfinite(plan.sd) or choice.epochs != plan.baseline.epochs:
        return text
    metric = plan.catalogue[plan.tested]
    size = format.measured(choice.effect * plan.sd, metric)
    return f"{text} = {size} {metric.difference_unit}".rstrip()

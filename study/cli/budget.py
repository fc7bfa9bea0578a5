"""The options --budget and --price, and the spend of a run in words."""

import functools
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

import click

from study.cli.machine import typed
from study.cli.options import Command, options
from study.errors import StudyError

if TYPE_CHECKING:
    from study.launch.machine import Machine
    from study.launch.spending import Spend
    from study.plan.plan import Plan
    from study.store.job_records import Budget
    from study.store.store import Store

NAMES = ("budget", "price")
BUDGET = (
    "What may be spent: wall time (8h, 1h30m, 300s), hours of GPUs or cores at work on trials "
    "(40gpuh, 16cpuh), or an amount of money with --price."
)
PRICE = "What an hour costs: 2.5/gpuh, 0.04/cpuh, or 3/h of wall time."
OPTIONS = (
    click.option("--budget", metavar="AMOUNT", help=BUDGET),
    click.option("--price", metavar="PRICE", help=PRICE),
)


def budget_options(command: Command) -> Command:
    """Options for what a run may spend, passed to a command that has a `machine`, as `budget`."""

    @options(*OPTIONS)
    @functools.wraps(command)
    def wrapped(
        budget: str | None, price: str | None, machine: "Machine", **arguments: object
    ) -> object:
        chosen = _chosen(budget, price, machine)
        # A command that repeats the run has its budget, too.
        again = replace(machine, flags=(*machine.flags, *typed(NAMES)))
        return command(machine=again, budget=chosen, **arguments)

    return wrapped


# Here and not in a click type, since an amount and its price are read together.
def _chosen(text: str | None, price: str | None, machine: "Machine") -> "Budget | None":
    from study.plan import budgets

    if text is None and price is not None:
        raise click.UsageError(f"--price {price} needs an amount of money: --budget 100")
    try:
        limit = None if text is None else budgets.budget(text, price)
        if limit is not None:
            budgets.check_device(limit, machine.device)
    except StudyError as error:
        raise click.BadParameter(str(error), param_hint="--budget") from error
    return limit


def over(store: "Store", plan: "Plan") -> str:
    """The end of a run that has spent its budget: the spend, and what is missing."""
    spent = _spend(store, plan)
    if spent is None or not spent.is_over:
        return ""
    text = f"the budget of {spent.budget.text} is spent ({amount(spent.budget, spent.seconds)})"
    return f": {_missing(plan)}; {text}"


def so_far(store: "Store", plan: "Plan") -> str:
    """The spend of the last run of a study, while trials are missing."""
    spent = _spend(store, plan) if plan.missing else None
    if spent is None:
        return ""
    # Wall time goes on after a run, and only says by then that it is spent.
    now = "spent" if spent.is_over else f"{amount(spent.budget, spent.seconds)} spent"
    return f"  ·  budget of {spent.budget.text}: {now}"


def _spend(store: "Store", plan: "Plan") -> "Spend | None":
    from study.launch import spending

    return spending.latest(store, plan.study.identity)


def amount(limit: "Budget", seconds: float) -> str:
    """A spend in the unit of a budget, and in money where it has a price."""
    from study.format import duration
    from study.plan import budgets

    hours = f"{seconds / budgets.HOUR:.3g} {limit.unit}"
    time = duration(seconds) if limit.unit == "h" else hours
    return f"{time}, {budgets.money(limit, seconds)}" if limit.price else time


MOST = 4  # arms or seeds that are named


def _missing(plan: "Plan") -> str:
    """The seeds that are missing, with the arms that lack them: "seeds 3, 4 of 5 arms".

    Arms that are tuned or searched for have no seeds yet; their proposals are counted.
    """
    from study.format import many

    lacks = [(arm.label, tuple(t.seed for t in arm.trials if not t.done)) for arm in plan.arms]
    ranked = sorted((seeds, label) for label, seeds in lacks if seeds)
    rows = {seeds: [label for _, label in g] for seeds, g in groupby(ranked, lambda row: row[0])}
    texts = [f"{_seeds(seeds)} of {_arms(labels)}" for seeds, labels in rows.items()]
    if (ahead := plan.proposing) and not ahead.spent:
        left = f"{ahead.budget - ahead.ended} of {many(ahead.budget, 'proposal')}"
        texts.insert(0, f"{left}, and the trials of arms that follow them")
    more = f" and others of {len(texts) - MOST} more groups of arms" if len(texts) > MOST else ""
    return "; ".join(texts[:MOST]) + more


def _seeds(seeds: tuple[int, ...]) -> str:
    from study.format import many

    listed = ", ".join(map(str, seeds))
    word = "seed" if len(seeds) == 1 else "seeds"
    return f"{word} {listed}" if len(seeds) <= MOST else many(len(seeds), "seed")


def _arms(labels: list[str]) -> str:
    return ", ".join(labels) if len(labels) <= MOST else f"{len(labels)} arms"

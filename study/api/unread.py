"""The message of a run whose first trial left no metric: the line of the file, and the output."""

from collections.abc import Iterator
from contextlib import contextmanager

from study.launch.unread import UnreadMetricError
from study.plan.plan import Plan
from study.spec.problems import Problem
from study.store.store import Store

LINES, WIDTH = 8, 160  # of the end of the output that are printed
HINT = "correct this, or what the program prints"


@contextmanager
def placed(plan: Plan, store: Store) -> Iterator[None]:
    """Add to the error of a metric that is not there the place in the study file that names it.

    Raises:
        UnreadMetricError: with the line of the file, and the last lines of the program's output.
    """
    try:
        yield
    except UnreadMetricError as error:
        text = _text(plan, store, error)
        raise UnreadMetricError(text, metric=error.metric, trial=error.trial) from None


def _text(plan: Plan, store: Store, error: UnreadMetricError) -> str:
    location = plan.file.places.key("metrics", error.metric, "from")
    result = store.result(error.trial)
    lines = [line[:WIDTH] for line in (result and result.log) or ()][-LINES:]
    output = [f"  | {line}" for line in lines] or ["  | nothing"]
    return "\n".join(
        [
            str(Problem(str(error), location, HINT)),
            f"the last lines of output of {_named(plan, error.trial)}:",
            *output,
            "every trial would end like this one, so no further one was started. Once the file or "
            "the program is corrected, trials have other names, and all are run",
        ]
    )


def _named(plan: Plan, trial: str) -> str:
    """A trial by its arm and seed."""
    names = (
        f"{arm.label}, seed {t.seed}" for arm in plan.trained for t in arm.trials if t.name == trial
    )
    return next(names, trial)

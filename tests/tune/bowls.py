"""A task whose trials are functions of their values, and studies that tune it without a worker."""

import math
from functools import cache
from pathlib import Path

from study.plan.planning import plan
from study.plan.reading import vocabulary
from study.spec.reader import study_text
from study.store import leases
from study.store.records import Outcome
from study.store.store import Store
from study.tasks import TASKS

BOWL = """\
task: bowl
question: Which ball comes to rest first?
baseline:
  args: {rate: 0.01, steps: 100}
factors:
  args.momentum: {none: 0.0, half: 0.5}
seeds: 2
columns: [work, height]
tune:
  space:
    args.rate: {low: 1e-4, high: 1e-1, log: true}
    args.steps: {low: 50, high: 150}
  trials: 10
  batch: 4
"""


@cache
def bowl():
    """The class of the task; not at import, where the toy would join the tasks of every test."""
    from tests.tasks.toy import Toy

    class Bowl(Toy):
        """The toy, whose heights are those of images that nothing was trained on."""

        def held_out(self, share):
            return {}

    return Bowl


def register():
    TASKS["bowl"] = bowl()()


def planned(tmp_path: Path, text: str = BOWL, store: Store | None = None):
    register()
    file = study_text(text, tmp_path / "bowl.yaml", vocabulary=vocabulary(), environment={})
    return plan(file, store or Store(tmp_path / "results"))


def height(record) -> float:
    """The lowest point lies at a rate of 0.02 without momentum, and at 0.005 with it."""
    args = record.config.parts["args"]
    best = 0.005 if args["momentum"] else 0.02
    return abs(math.log(args["rate"] / best)) + args["steps"] / 1000 + record.seed * 1e-9


def finish(store: Store, name: str, record, state="completed", value=None, seconds=1.0) -> None:
    """Store a result, as a worker would."""
    store.enter(name, record)
    lease = leases.claim(store.trial(name))
    metrics = {"height": height(record) if value is None else value, "resumed": 0.0}
    outcome = Outcome(
        state=state,
        config=record.config,
        metrics=metrics if state == "completed" else {},
        seconds=seconds,
        error="it broke" if state == "failed" else None,
    )
    assert store.save(name, outcome, lease)
    lease.release()


def grown(tmp_path: Path, text: str = BOWL, store: Store | None = None, finish=finish, most=200):
    """The plan once nothing is missing: planned again after everything that it had has ended."""
    store = store or Store(tmp_path / "results")
    for _ in range(most):
        today = planned(tmp_path, text, store)
        open_ = {n: r for n, r in today.records().items() if store.result(n) is None}
        if not open_:
            return today
        for name, record in open_.items():
            finish(store, name, record)
    raise AssertionError("it does not end")

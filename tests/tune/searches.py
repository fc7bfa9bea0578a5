"""A task whose trials have epochs, and studies that search it, with a worker and without one."""

import json
import math
from functools import cache
from pathlib import Path

from study.plan.planning import plan
from study.plan.reading import vocabulary
from study.spec.reader import study_text
from study.store import leases
from study.store.records import EpochRow, Outcome
from study.store.store import Store
from study.tasks import TASKS

SEARCH = """\
task: valley
question: What does a lower height cost?
baseline:
  args: {rate: 0.01, steps: 100}
seeds: 2
columns: [work, height]
search:
  space:
    args.rate: {low: 1e-3, high: 1e-1, log: true}
    args.steps: {low: 20, high: 200}
    args.momentum: {none: 0.0, half: 0.5}
  objectives: [height, work]
  constraints:
    work: {max: 150}
  trials: 10
  keep: 3
"""
EPOCHS = 6


@cache
def valley():
    """The class of the task; not at import, where the toy would join the tasks of every test."""
    from study.tasks.simple import SimpleTask
    from study.trial.running import Finished
    from tests.tasks.toy import Arguments, Baseline, Toy

    class Valley(Toy):
        """The toy in epochs; it notes each one, so that a trial resumes after it."""

        ends_early = True

        def held_out(self, share):
            return {}

        def run(self, trial):
            args = Arguments(**trial.record.config.parts["args"])
            notes = trial.folder / "epochs.json"
            history = [EpochRow(**row) for row in _read(notes)]
            for epoch in range(len(history), EPOCHS):
                if history and trial.callbacks.ends_early(history):
                    return Finished({}, history=history, state="censored")
                history.append(EpochRow(epoch=epoch, height=height(args, trial.record.seed, epoch)))
                notes.write_text(json.dumps([row.plain for row in history]))
                trial.callbacks.report(history[-1])
            metrics = {"height": history[-1].measured["height"], "resumed": 0.0}
            return Finished(metrics, history=history)

    assert issubclass(Valley, SimpleTask)
    assert Baseline
    return Valley


def _read(path: Path) -> list[dict[str, object]]:
    return json.loads(path.read_text()) if path.exists() else []


def height(args, seed: int, epoch: int = EPOCHS - 1) -> float:
    """It falls with the steps and the epochs, and has its minimum over rates at 0.02."""
    far = abs(math.log(args.rate / 0.02))
    return (1 + far - args.momentum / 2) / math.sqrt(args.steps) / (epoch + 1) + seed % 97 * 1e-9


def planned(tmp_path: Path, text: str = SEARCH, store: Store | None = None):
    TASKS.setdefault("valley", valley()())
    file = study_text(text, tmp_path / "valley.yaml", vocabulary=vocabulary(), environment={})
    return plan(file, store or Store(tmp_path / "results"))


def finish(store: Store, name: str, record, state="completed", value=None, seconds=1.0) -> None:
    """Store a result, as a worker would."""
    from tests.tasks.toy import Arguments

    store.enter(name, record)
    lease = leases.claim(store.trial(name))
    args = Arguments(**record.config.parts["args"])
    reached = height(args, record.seed) if value is None else value
    outcome = Outcome(
        state=state,
        config=record.config,
        metrics={"height": reached, "resumed": 0.0} if state == "completed" else {},
        seconds=seconds,
        error="it broke" if state == "failed" else None,
    )
    assert store.save(name, outcome, lease)
    lease.release()


def open_records(plan_, store: Store):
    return {n: r for n, r in plan_.records().items() if store.result(n) is None}


def grown(tmp_path: Path, text=SEARCH, store=None, finish=finish, most=200):
    """The plan once nothing is missing: planned again after everything that it had has ended."""
    store = store or Store(tmp_path / "results")
    for _ in range(most):
        today = planned(tmp_path, text, store)
        left = open_records(today, store)
        if not left:
            return today
        for name, record in left.items():
            finish(store, name, record)
    raise AssertionError("it does not end")

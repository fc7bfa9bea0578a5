"""One trial run twice, to see whether it comes out the same."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from study import launch
from study.api.request import StudyRequest
from study.errors import StudyError
from study.launch import Event, Machine
from study.plan.plan import Plan
from study.store import leases
from study.store.records import Result
from study.store.store import Store

Report = Callable[[Sequence[Event]], None]

FOLDER = "twice"
"""The folder of a store that has a store of its own for every trial that was repeated."""
SETTING = ("machine", "device", "threads", "processes", "computing")
"""Parts of an environment that may differ between two runs of one trial."""


@dataclass(frozen=True)
class Difference:
    """A metric that did not come out the same; None where a value is not finite."""

    metric: str
    first: float | None
    second: float | None


@dataclass(frozen=True)
class Repeated:
    """The two results of one trial."""

    label: str
    seed: int
    name: str
    folder: Path
    """The folder of the repeat."""
    first: Result
    second: Result
    metrics: Sequence[str]
    """The metrics that are compared, in the order of the catalogue."""

    @property
    def differences(self) -> list[Difference]:
        """The metrics that differ, by as little as the last bit."""
        every = ((name, *self.values(name)) for name in self.metrics)
        return [Difference(*row) for row in every if row[1] != row[2]]

    def values(self, metric: str) -> tuple[float | None, float | None]:
        return self.first.metrics.get(metric), self.second.metrics.get(metric)

    @property
    def same(self) -> bool:
        """True if neither a metric nor a row of the learning curves differs."""
        return not self.differences and self.parted is None

    @property
    def parted(self) -> int | None:
        """The number of the first row of the learning curves that differs, from 1; or None."""
        # Curves may part and meet again: a metric that is the same may hide it.
        rows = [[row.measured for row in result.history] for result in (self.first, self.second)]
        if rows[0] == rows[1]:
            return None
        both = enumerate(zip(*rows, strict=False), 1)
        return next((n for n, (a, b) in both if a != b), min(map(len, rows)) + 1)

    @property
    def settings(self) -> Iterator[str]:
        """Circumstances that were not the same, such as the device."""
        first, second = self.first.environment, self.second.environment
        for name in SETTING:
            if getattr(first, name) != getattr(second, name):
                yield "the code" if name == "computing" else name


def repeat(
    plan: Plan, store: Store, machine: Machine, *, request: StudyRequest, report: Report
) -> Repeated | None:
    """Run the first trial of the baseline, unless it has a result, and again in its own folder.

    The repeat is in a store of its own, so no statistics see it. None if the user stopped it.

    Raises:
        StudyError: there is no such trial yet, it failed, or its result is read from a file.
    """
    arm = plan.baseline
    # A run would leave a trial in the store under the name of a row of the file.
    if plan.measured:
        raise StudyError(
            f"the results of this study are read from {plan.measured.name}: no trial is run, so "
            "none can be repeated"
        )
    if not arm.trials:
        raise StudyError("the baseline has no trial that could be repeated")
    # The other store has no weights to start from.
    if arm.starts_from:
        raise StudyError("the baseline starts from the weights of another trial of this store")
    trial = arm.trials[0]
    beside = Store(store.root / FOLDER / trial.name)
    _refuse_busy(beside, trial.name)
    shutil.rmtree(beside.root, ignore_errors=True)  # an earlier repeat
    run = partial(_result, plan, machine=replace(machine, wait=True), request=request)
    first = run(store, report=report)
    second = first and run(beside, report=report)
    if first is None or second is None:
        return None
    # Times differ between any two runs.
    measured = first.metrics.keys() | second.metrics.keys()
    compared = [n for n in plan.catalogue if n in measured and n not in plan.task.usage]
    folder = beside.trial(trial.name)
    return Repeated(arm.label, trial.seed, trial.name, folder, first, second, compared)


def _result(
    plan: Plan, store: Store, *, machine: Machine, request: StudyRequest, report: Report
) -> Result | None:
    """The result of the trial in a store, where it is run unless it has one."""
    arm, trial = plan.baseline, plan.baseline.trials[0]
    known = {"study": plan.study.title, "file": plan.study.identity[1], "request": request.record}
    before = store.result(trial.name)
    if before is None or before.state == "failed":
        launch.run(
            store,
            {trial.name: plan.task.record(arm, trial.seed, plan.study)},
            machine,
            plan.work("trials", **known),
            report=report,
            stopping=lambda: None,
            submitted=lambda ids: None,
        )
    result = store.result(trial.name)
    if result is not None and result.state == "failed":
        raise StudyError(f"{arm.label}, seed {trial.seed} failed: {result.error}")
    return result


def _refuse_busy(store: Store, name: str) -> None:
    if who := leases.holder(store.trial(name)):
        raise StudyError(f"{name} is being repeated by process {who.pid} on {who.host}")

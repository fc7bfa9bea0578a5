"""Progress of a run: one plain line per event, or a live display."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from study.cli.output import in_units
from study.format import duration
from study.launch.events import Event
from study.plan.plan import Plan
from study.plan.planning import plan as planned
from study.store.records import EpochRow
from study.store.store import Store
from study.text import printable

WIDE = 100  # columns of a terminal that has room for the bars and numbers of a trial


def line(plan: Plan, names: "Names", event: Event) -> str:
    """One event as one plain line, key=value."""
    label, seed, epochs = names.of(event.trial)
    values = _values(plan, event, epochs)
    text = " ".join(f"{key}={_quoted(value)}" for key, value in values.items())
    clock = time.strftime("%H:%M:%S")
    return f"{clock} {event.kind:5} {_quoted(label)}/s{seed} {event.trial} {text}".rstrip()


def _values(plan: Plan, event: Event, epochs: int) -> dict[str, object]:
    """The numbers and texts of an event by name, of a trial of so many epochs."""
    row, result, name = event.row, event.result, plan.followed
    if event.after:
        return {"resumes_after": event.after}
    if row is not None:
        return {
            **_far(plan, row, epochs),
            **({"loss": f"{_number(row.measured['loss']):.4f}"} if "loss" in row.measured else {}),
            **({name: in_units(plan.catalogue[name], row.measured.get(name))} if name else {}),
            **_speed(row),
        }
    if result is not None and event.kind == "fail":
        return {"error": result.error or ""}
    if result is not None:
        quality = {name: in_units(plan.catalogue[name], result.metrics.get(name))} if name else {}
        return {"state": result.state, **quality, "time": duration(result.seconds or 0.0)}
    if event.kind == "stop":
        return {"why": "nothing of it is saved, so it starts anew"}
    return {"why": event.death.why} if event.death else {}


def _far(plan: Plan, row: EpochRow | None, epochs: int) -> dict[str, str]:
    """How far a trial is, by the unit that its task counts."""
    if plan.task.known_length:
        return {"epoch": f"{_done(row)}/{epochs}"}
    # Nobody knows how many there will be.
    return {plan.task.progress_unit: f"{row.measured.get('iteration')}"} if row else {}


def _loss(row: EpochRow) -> str:
    return f"loss {_number(row.measured['loss']):.3f}" if "loss" in row.measured else ""


def _speed(row: EpochRow) -> dict[str, str]:
    # Set but None for a row that had no training, such as one of given weights.
    timed = "images_per_second" in row.model_fields_set
    return {"img_s": f"{_number(row.images_per_second):.0f}"} if timed else {}


def _quoted(value: object) -> str:
    # An error may have several lines; an event is one line.
    text = printable(str(value))
    return f'"{text}"' if " " in text else text


def _number(value: float | None) -> float:
    # JSON has no NaN, so a loss that is not finite is stored as None.
    return float("nan") if value is None else value


@dataclass(frozen=True)
class Names:
    """The arms and seeds of trials by name, also of those that a plan no longer has."""

    store: Store
    arms: dict[str, tuple[str, int, int]] = field(default_factory=dict)
    """The label of the arm, the seed, and the number of epochs."""

    def learn(self, plan: Plan) -> None:
        for arm in plan.trained:
            for trial in arm.trials:
                self.arms[trial.name] = arm.label, trial.seed, arm.epochs

    def of(self, trial: str) -> tuple[str, int, int]:
        if trial not in self.arms:  # such as a proposal that failed between two plans
            record = self.store.entered(trial)
            self.arms[trial] = record.label or trial, record.seed, 1
        return self.arms[trial]


def up_to_date(plan: Plan, names: Names, events: Sequence[Event]) -> Plan:
    """The plan, made again if an event is of a trial that it lacks, as of a study that grows."""
    if {event.trial for event in events} <= names.arms.keys():
        return plan
    plan = planned(plan.file, names.store)
    names.learn(plan)
    return plan


class LiveDisplay:
    """The display of a run: one bar for all, one line per trial at work, finished means below."""

    def __init__(
        self, plan: Plan, store: Store, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.plan, self.names, self.clock, self.began = plan, Names(store), clock, clock()
        self.names.learn(plan)
        self.before = len(plan.trials) - len(plan.missing)
        self.running: dict[str, EpochRow | None] = {}
        self.ended: dict[str, str] = {}
        """The states of the trials that have ended meanwhile."""
        self.epochs = self.left = sum(self._epochs(t.name) for t in plan.missing)
        self.bar = Progress(
            # The name of a study may hold square brackets, which rich would read as markup.
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TextColumn("{task.fields[state]}"),
        )
        self.task = self.bar.add_task(
            plan.study.name, total=len(plan.trials), completed=self.before, state=""
        )

    def update(self, events: Sequence[Event]) -> None:
        self._replan(events)
        for event in events:
            if event.kind == "start":
                self.running[event.trial] = None
                self.left -= event.after
                # Epochs of an earlier run cost no time in this one and would shorten the estimate.
                self.epochs -= event.after
            elif event.kind == "epoch":
                self.running[event.trial] = event.row
                self.left -= self.plan.task.known_length
            else:
                self.running.pop(event.trial, None)
            if event.result is not None:
                self.ended[event.trial] = event.result.state
                self.left -= not self.plan.task.known_length
        text = f"{self._counts()}  {self._eta()}"
        self.bar.update(self.task, completed=self.before + len(self.ended), state=text)

    def _replan(self, events: Sequence[Event]) -> None:
        """Take up trials that results have called for."""
        known = {trial.name for trial in self.plan.trials}
        self.plan = up_to_date(self.plan, self.names, events)
        more = [trial.name for trial in self.plan.trials if trial.name not in known]
        if more:
            epochs = sum(map(self._epochs, more))
            # The estimate of time counts epochs, of which there are more now.
            self.epochs, self.left = self.epochs + epochs, self.left + epochs
            self.bar.update(self.task, total=len(self.plan.trials))

    @property
    def title(self) -> str:
        """The progress in a few words, for the title of a terminal's tab."""
        done = f"{self.before + len(self.ended)}/{len(self.plan.trials)}"
        return f"{done} {self.plan.study.name} {self._eta()}".rstrip()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if options.max_width >= WIDE:
            yield self._table()
            return
        # Below, rich would cut the texts of a table with an ellipsis.
        # A line of words where a table would have no room for its columns.
        yield Text(f"{self.title}  {self._counts()}")
        for name, row in sorted(self.running.items()):
            label, seed, epochs = self.names.of(name)
            parts = [f"▸ {label} s{seed}", self._step(row, epochs)]
            parts += [_loss(row), self._quality(row)] if row else ["starting"]
            yield Text("  ".join(part for part in parts if part))

    def _counts(self) -> str:
        failed = sum(state == "failed" for state in self.ended.values())
        return f"running {len(self.running)}  failed {failed}"

    def _table(self) -> RenderableType:
        table = Table(box=None, pad_edge=False, show_header=False)
        for name, row in sorted(self.running.items()):
            label, seed, epochs = self.names.of(name)
            table.add_row(
                escape(f"  ▸ {label}"),
                f"s{seed}",
                self._step(row, epochs),
                ProgressBar(total=max(1, epochs), completed=_done(row), width=20)
                if self.plan.task.known_length
                else "",
                _loss(row) if row else "starting",
                self._quality(row) if row else "",
                " ".join(f"{value} img/s" for value in _speed(row).values()) if row else "",
            )
        return Group(self.bar, table)

    def _step(self, row: EpochRow | None, epochs: int) -> str:
        return " ".join(f"{unit} {far}" for unit, far in _far(self.plan, row, epochs).items())

    def _quality(self, row: EpochRow) -> str:
        name = self.plan.followed
        value = row.measured.get(name)
        return f"{name} {in_units(self.plan.catalogue[name], value)}" if name else ""

    def _epochs(self, trial: str) -> int:
        return self.names.of(trial)[2]

    def _eta(self) -> str:
        finished = self.epochs - self.left
        if not finished or not self.left:
            return ""
        # Wall time per epoch, so the number of workers needs no separate account.
        return f"ETA {duration((self.clock() - self.began) / finished * self.left)}"


def _done(row: EpochRow | None) -> int:
    """Epochs behind a trial whose last row of history this is."""
    return row.epoch + 1 if row else 0

"""Progress of a run: one plain line per event, or a live display."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.progress_bar import ProgressBar
from rich.table import Table

from study.cells import duration
from study.cli.show import in_units
from study.launch.watch import Event
from study.plan import Plan, PlannedArm
from study.store import Record
from study.text import printable


def line(plan: Plan, event: Event) -> str:
    """One event as one plain line, key=value."""
    arm, trial = named(plan, event.trial)
    row: dict[str, Any] = {}
    if event.kind == "start" and event.row["after"]:
        row = {"resumes_after": event.row["after"]}
    elif event.kind == "epoch":
        row = {
            "epoch": f"{_done(event.row)}/{arm.arm.config.recipe.total_epochs}",
            "loss": f"{_number(event.row.get('loss')):.4f}",
            "top1": in_units("top1", event.row.get("top1")),
            "img_s": f"{_number(event.row.get('images_per_second')):.0f}",
        }
    elif event.kind == "done":
        top1 = in_units("top1", event.row["metrics"].get("top1"))
        row = {"state": event.row["state"], "top1": top1, "time": duration(event.row["seconds"])}
    elif event.kind == "lost" and event.row:
        row = {"why": event.row["why"]}
    elif event.kind == "fail":
        row = {"error": event.row.get("error", "")}
    said = " ".join(f"{key}={_quoted(value)}" for key, value in row.items())
    clock = time.strftime("%H:%M:%S")
    return f"{clock} {event.kind:5} {_quoted(arm.label)}/s{trial} {event.trial} {said}".rstrip()


def _quoted(value: object) -> str:
    text = printable(str(value))
    return f'"{text}"' if " " in text else text


def _number(value: float | None) -> float:
    return float("nan") if value is None else value


def named(plan: Plan, trial: str) -> tuple[PlannedArm, int]:
    """The arm and seed of a trial."""
    return next((a, t.seed) for a in plan.arms for t in a.trials if t.name == trial)


class Picture:
    """The picture of a run: one bar for all, one line per trial at work, finished means below."""

    def __init__(self, plan: Plan, clock: Callable[[], float] = time.monotonic) -> None:
        self.plan, self.clock, self.began = plan, clock, clock()
        self.running: dict[str, Record] = {}
        self.done: dict[str, Record] = {}
        self.epochs = self.left = sum(self._epochs(t.name) for t in plan.missing)
        self.bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TextColumn("{task.fields[said]}"),
        )
        done = len(plan.trials) - len(plan.missing)
        self.task = self.bar.add_task(
            plan.study.name, total=len(plan.trials), completed=done, said=""
        )

    def update(self, events: Sequence[Event]) -> None:
        for event in events:
            if event.kind == "start":
                self.running[event.trial] = {}
                self.left -= event.row["after"]
                self.epochs -= event.row["after"]
            elif event.kind == "epoch":
                self.running[event.trial] = event.row
                self.left -= 1
            else:
                self.running.pop(event.trial, None)
            if event.kind in ("done", "fail"):
                self.done[event.trial] = event.row
        failed = sum(row["state"] == "failed" for row in self.done.values())
        before = len(self.plan.trials) - len(self.plan.missing)
        said = f"running {len(self.running)}  failed {failed}  {self._eta()}"
        self.bar.update(self.task, completed=before + len(self.done), said=said)

    def __rich__(self) -> RenderableType:
        table = Table(box=None, pad_edge=False, show_header=False)
        for name, row in sorted(self.running.items()):
            arm, seed = named(self.plan, name)
            epochs = arm.arm.config.recipe.total_epochs
            table.add_row(
                escape(f"  ▸ {arm.label}"),
                f"s{seed}",
                f"epoch {_done(row)}/{epochs}",
                ProgressBar(total=max(1, epochs), completed=_done(row), width=20),
                f"loss {_number(row.get('loss')):.3f}" if row else "starting",
                f"top1 {in_units('top1', row.get('top1'))}" if row else "",
                f"{_number(row.get('images_per_second')):.0f} img/s" if row else "",
            )
        return Group(self.bar, table)

    def _epochs(self, trial: str) -> int:
        return named(self.plan, trial)[0].arm.config.recipe.total_epochs

    def _eta(self) -> str:
        finished = self.epochs - self.left
        if not finished or not self.left:
            return ""
        return f"ETA {duration((self.clock() - self.began) / finished * self.left)}"


def _done(row: Record) -> int:
    """Epochs behind a trial whose last row of history this is."""
    return int(row["epoch"]) + 1 if row else 0

"""track: trials in TensorBoard, Weights & Biases or MLflow, told from the store."""

import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from study.api.request import StudyRequest
from study.cli.messages import message
from study.cli.options import Entry, Several, study_file
from study.store import polling
from study.tasks.arms import result_of

if TYPE_CHECKING:
    from study.plan.plan import Plan
    from study.store.store import Store

TRACKING_TIMEOUT = 120.0  # seconds that a run waits for the tracker to finish
KIND: dict[str, Any] = {"type": Several(Entry("study.track", "TRACKERS")), "metavar": "NAME,..."}


@click.command("track")
@study_file
@click.option("--to", "names", required=True, **KIND, help="Such as tensorboard,wandb.")
@click.option("--watch", is_flag=True, help="Continue until all trials have ended.")
@click.option("--leashed", is_flag=True, hidden=True, help="Continue until stdin is closed.")
def track_command(
    request: StudyRequest, names: tuple[str, ...], watch: bool, leashed: bool
) -> None:
    """Show trials of FILE in TensorBoard, wandb or MLflow.

    Each epoch is logged once. Nothing leaves this machine unless WANDB_MODE=online or
    MLFLOW_TRACKING_URI is set.
    """
    from study import track

    track.check(names)
    plan, store = request.plan()
    followers = {name: track.Follower(plan, store, name) for name in names}
    counts = dict.fromkeys(names, 0)
    going = True
    try:
        while going:
            going = _going_on(plan, store, leashed) if watch or leashed else False
            for name, follower in followers.items():
                counts[name] += follower.look()
    finally:
        for follower in followers.values():
            follower.close()
    for name in names:
        message(f"{name}: {counts[name]} new epochs and results; {view_hint(plan, store, name)}")


def _going_on(plan: "Plan", store: "Store", leashed: bool) -> bool:
    """Wait, then return True if more results may come."""
    if leashed:
        # stdin becomes readable when the run closes it, or dies.
        return not select.select([sys.stdin], [], [], polling.RESULTS)[0]
    time.sleep(polling.RESULTS)
    return any(result_of(trial, store) is None for trial in plan.trials)


def view_hint(plan: "Plan", store: "Store", name: str) -> str:
    from study.track import TRACKERS, folder

    return f"view them: {TRACKERS[name].view(folder(store, plan, name))}"


@contextmanager
def tracked(
    request: StudyRequest, plan: "Plan", store: "Store", names: tuple[str, ...]
) -> Iterator[None]:
    """A context in which another process logs the trials; its errors do not affect them."""
    if not names:
        yield
        return
    from study.track import folder

    for name in names:
        folder(store, plan, name)  # refused before anything runs
    log = folder(store, plan, names[0]) / "log.txt"
    words = [
        *plan.study.command_arguments,
        "--store",
        str(request.root),
        "--to",
        ",".join(names),
        "--leashed",
    ]
    with log.open("wb") as output:
        process = subprocess.Popen(
            # A process of its own: trackers start threads and network connections.
            [sys.executable, "-m", "study", "track", *words],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            # Its own session, so that Ctrl-C reaches the run alone; it ends when stdin is closed.
            start_new_session=True,
        )
    try:
        yield
    finally:
        _end(process, log)
        for name in names if process.returncode == 0 else ():
            message(f"{name}: {view_hint(plan, store, name)}")


def _end(process: "subprocess.Popen[bytes]", log: Path) -> None:
    try:
        # Closes stdin, which asks the follower to look once more and to end.
        process.communicate(timeout=TRACKING_TIMEOUT)
    except subprocess.TimeoutExpired:
        # Nothing is lost: `study track` logs later what is lacking.
        process.kill()
        process.wait()
    if process.returncode:
        lines = log.read_text(errors="replace").strip().splitlines() or [
            f"status {process.returncode}"
        ]
        message(f"tracking failed, the study did not: {lines[-1]} (all of it: {log})")

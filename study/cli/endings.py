"""The ends of a run: what is printed of each, and the exit status that it gives."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from study.api.request import StudyRequest
from study.cli import FAILED, INCOMPLETE, INTERRUPTED
from study.cli.messages import message
from study.cli.report import lacking
from study.launch.command import NoWorkerError
from study.launch.unread import UnreadMetricError

if TYPE_CHECKING:
    from study.launch.machine import Machine
    from study.plan.plan import Plan
    from study.store.store import Store


def stopped(plan: "Plan", store: "Store", command: str) -> int:
    """The exit status of a run whose workers have stopped, as Ctrl-C asks them to."""
    message(f"stopped; {'; '.join(_left(plan, store))}. Continue with: {command}")
    return INTERRUPTED


def _left(plan: "Plan", store: "Store") -> Iterator[str]:
    """The trials that have begun and not ended, in words: how each goes on."""
    from study.format import many

    yield "results are kept"
    states = {trial.name: store.state(trial.name) for trial in plan.missing}
    if paused := [name for name, state in states.items() if state == "paused"]:
        yield f"{many(len(paused), 'paused trial')} will go on from what is saved"
    pending = [name for name, state in states.items() if state == "pending"]
    if anew := [name for name in pending if store.folder(name).log.exists()]:
        yield f"{many(len(anew), 'trial')} that had begun, and saved nothing, will start anew"


def given_up(error: NoWorkerError | UnreadMetricError, command: str) -> int:
    """The exit status of a run that gave up: no worker came, or no trial would end well."""
    if isinstance(error, UnreadMetricError):  # the same command would end as this one did
        message(str(error))
        return FAILED
    message(f"{error}\ncontinue with: {command}")
    return INCOMPLETE


def interrupted(request: StudyRequest, machine: "Machine", command: str) -> int:
    """The exit status of a run after a second Ctrl-C, or of one that only waited."""
    if machine.on == "slurm":
        message(f"no longer waiting; to stop the workers: study cancel {request.command_line()}")
        return INTERRUPTED
    # Workers on other machines see only the file that asks them to stop.
    elsewhere = "no longer waiting; workers on other machines stop after their step"
    how = elsewhere if machine.on == "command" else "stopped at once"
    message(f"{how}; continue with: {command}")
    return INTERRUPTED


def ended(request: StudyRequest, plan: "Plan", store: "Store", command: str, spent: str) -> int:
    """The exit status of a run that came to its end, with all of its results or without some."""
    from study.format import many

    failed = sum(trial.state == "failed" for trial in plan.trials)
    if failed:
        why = f"study logs {request.command_line()} prints why"
        message(f"{many(failed, 'trial')} failed{spent} ({why}); to try again: {command}")
        return FAILED
    if count := lacking(plan, store):
        from study.launch import status

        left = many(count, "trial or evaluation", "trials or evaluations")
        why = status.ends(store, plan.study.identity)
        message(f"{left} without a result{why}{spent}; continue with: {command}")
        return INCOMPLETE
    return 0

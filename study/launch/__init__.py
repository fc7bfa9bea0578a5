"""From a plan to workers, and what the user sees of them."""

import signal
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from study import leases
from study.errors import StudyError
from study.launch.launchers import LAUNCHERS
from study.launch.machine import Machine
from study.launch.watch import Event, Watch
from study.store import Record, Store, read, write

RESTARTS = 3  # times that dead workers are replaced before the study is left incomplete

__all__ = ["LAUNCHERS", "Event", "Machine", "Watch", "run", "task"]


def run(
    store: Store,
    trials: Mapping[str, Record],
    machine: Machine,
    *,
    report: Callable[[Sequence[Event]], None],
    stopping: Callable[[], None],
) -> bool:
    """Run the trials until each has a result; True when the user asked to stop.

    `trials` maps a name to the record that is entered in the store. Failed ones are tried again.
    """
    for name, record in trials.items():
        store.enter(name, record)
        store.retry(name)
    watch = Watch(store, list(trials))

    def tick() -> None:
        if events := watch.look():
            report(events)

    order = {"task": "trials", "trials": list(trials), **_order(store, machine)}
    for _ in range(1 + RESTARTS):
        folder = job(store, order)
        with _interruptible(folder, stopping):
            free = machine.workers - _workers(folder)
            if free > 0:
                LAUNCHERS[machine.on](folder, workers=min(free, len(trials)), tick=tick)
            while not (folder / "stop").exists() and _at_work(store, watch.open):
                tick()  # workers of an earlier call, or of another node, go on
                time.sleep(1.0)
        tick()
        if not watch.open or (folder / "stop").exists():
            return (folder / "stop").exists()
        _blame(folder)
    return False


def task(store: Store, order: Record, machine: Machine) -> None:
    """Have one task done by one worker, in a process of its own unless all is inline.

    Raises:
        StudyError: the worker came to grief.
    """
    folder = job(store, {**order, **_order(store, machine)})
    LAUNCHERS[machine.on](folder, workers=1, tick=lambda: None)
    _blame(folder)


def _blame(folder: Path) -> None:
    """Tell of workers that failed outside any trial."""
    for file in folder.glob("error.*"):
        last = file.read_text().strip().splitlines()[-1]
        raise StudyError(f"a worker failed: {last} (all of it: {file})")


def job(store: Store, order: Record) -> Path:
    """A folder of its own for every job, private to the user."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    folder = store.root / "jobs" / f"{stamp}-{uuid.uuid4().hex[:6]}"
    try:
        folder.mkdir(parents=True, mode=0o700)
    except OSError as error:
        raise StudyError(f"{folder} cannot be made: {error.strerror}") from error
    write(folder / "job.json", order)
    return folder.resolve()


def _order(store: Store, machine: Machine) -> Record:
    root = str(store.root.resolve())
    return {"store": root, "device": machine.device, "threads": machine.threads}


def _at_work(store: Store, trials: Iterable[str]) -> int:
    return sum(leases.holder(store.trial(name)) is not None for name in trials)


def _workers(folder: Path) -> int:
    """Processes of this machine that still work on the same trials for an earlier call."""
    found = (leases.signed(file) for job in _related(folder) for file in job.glob("worker.*"))
    return sum(1 for who in found if who and who.local and not who.gone and who != leases.here())


def _related(folder: Path) -> list[Path]:
    """This job, and those of earlier calls that work on the same trials."""
    trials = set((read(folder / "job.json") or {}).get("trials", ()))
    orders = ((other, read(other / "job.json") or {}) for other in folder.parent.iterdir())
    return [other for other, order in orders if trials & set(order.get("trials", ()))]


@contextmanager
def _interruptible(folder: Path, stopping: Callable[[], None]) -> Iterator[None]:
    """The first Ctrl-C asks the workers to stop after their epoch, the second ends them now."""

    def interrupt(number: int, frame: object) -> None:
        if (folder / "stop").exists():
            raise KeyboardInterrupt
        for other in _related(folder):
            (other / "stop").touch()
        stopping()

    signals = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, interrupt) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

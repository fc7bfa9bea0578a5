"""The commands and the queue on stores of up to 100,000 finished trials.

    python -m benchmarks.store [--folder SCRATCH]

Whole commands are run on synthetic stores (1.6 GB on disk for 100,000 trials), and 16 workers claim
trials. "Cold" is without an index, while the files are in the memory of the system.
"""

import multiprocessing
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from statistics import median, quantiles

from benchmarks.rows import Row, command_line, report, shell
from benchmarks.synthetic import ARMS, filled
from study.launch import job
from study.launch.machine import Machine
from study.launch.worker import Worker, claim
from study.store import atomic
from study.store.job_records import Work
from study.store.store import Store

REPEATS = 3
SIZES = (1_000, 10_000, 100_000)
WORKERS, CLAIMS = 16, 10
TRIAL = 0.3  # seconds of a trial, on average; 16 such workers claim 50 a second


def command(folder: Path, *words: str) -> tuple[float, float]:
    """Seconds of wall and of processor time of a whole command, its start among them."""
    environment = shell() | {"XDG_CACHE_HOME": str(folder / "cache")}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "study", *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        check=True,
    )
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def row(
    what: str,
    *,
    size: int,
    bar: float,
    folder: Path,
    words: Sequence[str],
    cold: bool = False,
    repeats: int = REPEATS,
) -> Row:
    """A command, repeated; with `cold` its index is deleted each time."""
    times = []
    for _ in range(repeats):
        if cold:
            shutil.rmtree(folder / "cache", ignore_errors=True)
        times.append(command(folder, *words))
    (wall, cpu), (most, _) = min(times), max(times)
    return _row(what, size, wall, (wall, most), cpu, bar)


def _row(
    what: str,
    size: int,
    value: float,
    ends: tuple[float, float],
    cpu: float,
    bar: float | None,
) -> Row:
    return Row("store", what, value, *ends, "s", bar, higher=False, cpu=cpu, trials=size)


def commands(folder: Path, size: int) -> Iterator[Row]:
    """The commands on a study of 200 arms and five seeds, and on one of all trials."""
    file = "rates.yaml"
    timed = partial(row, size=size, folder=folder)
    yield timed("results, cold", bar=5, words=("results", file, "--csv"), cold=True)
    yield timed("results, warm", bar=1, words=("results", file, "--csv"))
    yield timed("status", bar=1, words=("status", file))
    yield timed("plan, 200 arms x 5 seeds", bar=10, words=("plan", file))
    if size == SIZES[0]:  # it reads no more than the other commands, and takes a minute
        yield timed("report, 200 arms x 5 seeds", bar=60, words=("report", file), repeats=1)
    every = ("results", file, "--csv", "--set", f"seeds={size // ARMS}")
    yield timed("results of all trials, cold", bar=5, words=every, cold=True)
    yield timed("results of all trials, warm", bar=1, words=every)


# ---- claims ----


def claims(folder: Path, size: int) -> Iterator[Row]:
    """Claims by 16 workers of a job that has all finished trials, and some open ones."""
    store = Store(folder / "results")
    ended, names = store.results(), [f"open-{number}" for number in range(2 * WORKERS * CLAIMS)]
    first = store.entered(ended[0])
    for name in names:
        folder_of = store.folder(name)
        folder_of.path.mkdir(exist_ok=True)
        folder_of.record.write_bytes(atomic.encoded(first.plain))
    records = dict.fromkeys([*ended, *names], first)
    work = Work(phases=["trials"], study="s", task="program", trials=[*records])
    folder_of_job = job.create_job(store, work, Machine("inline", 1, "cpu", 1), records)
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(WORKERS)
    with context.Pool(WORKERS, initializer=_begin, initargs=(barrier,)) as pool:
        times = pool.starmap(
            _claims, [(folder_of_job, seed) for seed in range(WORKERS)], chunksize=1
        )
    for name in names:
        shutil.rmtree(store.trial(name))
    shutil.rmtree(folder_of_job)
    yield _claimed("claim, 16 workers", size, [t for own in times for t in own[1:]], 0.01)
    yield _claimed("first claim of a worker", size, [own[0] for own in times], None)


def _claimed(what: str, size: int, times: Sequence[tuple[float, float]], bar: float | None) -> Row:
    walls, cpus = zip(*times, strict=True)
    low, *_, high = quantiles(walls, n=20, method="inclusive")
    return _row(what, size, median(walls), (low, high), median(cpus), bar)


def _begin(barrier: "multiprocessing.synchronize.Barrier") -> None:
    global BARRIER
    BARRIER = barrier


def _claims(folder_of_job: Path, seed: int) -> list[tuple[float, float]]:
    """Seconds of wall and of processor time of each claim, from the queue to the record."""
    worker, chance, times = Worker(folder_of_job), random.Random(seed), []
    BARRIER.wait()
    for _ in range(CLAIMS):
        began, busy = time.perf_counter(), time.thread_time()
        claimed = claim(worker, job.queue(folder_of_job))
        if claimed is None:
            break
        name, lease = claimed
        job.record(folder_of_job, name)
        times.append((time.perf_counter() - began, time.thread_time() - busy))
        time.sleep(chance.uniform(0.5, 1.5) * TRIAL)
        ends = worker.store.folder(name)
        ends.result.write_bytes(atomic.encoded({"trial": name}))
        lease.release()
    return times


def rows(root: Path, sizes: Sequence[int] = SIZES) -> Iterator[Row]:
    """All rows, of stores that are made below `root` unless they are there already."""
    for size in sizes:
        folder, unfinished = root / str(size), root / f"{size}.partial"
        if not folder.exists():
            shutil.rmtree(unfinished, ignore_errors=True)
            filled(unfinished, size)
            unfinished.rename(folder)
        yield from claims(folder, size)
        yield from commands(folder, size)


if __name__ == "__main__":
    line = command_line(__doc__)
    line.add_argument("--folder", type=Path, help="where stores are made, and left")
    options = line.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        report(rows(options.folder or Path(scratch)), options.rows)

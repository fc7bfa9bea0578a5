"""Makespan on Slurm: workers that claim trials one after another, against one job for each trial.

    python benchmarks/packing.py --trials 60 --workers 4 --preempt 3

Needs a Slurm that answers. Both ways have the same trials and the same `--workers` CPUs at a time;
the workers of the first are preempted so many times on the way. Prints both makespans, and whether
the results are the same to the digit.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from study.launch import job, slurm
from study.launch.machine import Machine
from study.store import leases
from study.store.store import Store

STUDY = """\
question: How long do {trials} short trials take?
baseline:
  model: test_rest
  data: {{name: digits, img_size: 64, train_limit: 256, val_limit: 64}}
  recipe: {{name: smoke, epochs: 4, batch_size: 32}}
factors:
  model.reduction: {{DW: depthwise, Avg: average}}
seeds: {seeds}
columns: [params, macs, top1]
"""


def study(folder: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "study", *words], cwd=folder, capture_output=True, text=True
    )
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout


def packed(folder: Path, machine: Machine, preempt: int) -> int:
    """Run all by `study run`, and preempt a worker whenever another share is done."""
    flags = [word for pair in machine.resources.items() for word in ("-R", "=".join(pair))]
    study(folder, "run", "x.yaml", "--on", "slurm", "--workers", str(machine.workers), *flags)
    store = Store(folder / "results")
    names = trials(store)
    times = 0
    while left := [name for name in names if store.result(name) is None]:
        due = times < preempt and len(left) < len(names) * (preempt - times) / (preempt + 1)
        holders = [leases.holder(store.trial(name)) for name in left] if due else []
        if jobs := [who.job for who in holders if who is not None and who.job]:
            subprocess.run(["scancel", "--signal=USR2", jobs[0]], check=True)
            times += 1
        time.sleep(0.5)
    return times


def one_each(folder: Path, machine: Machine) -> int:
    """Hand the same trials to Slurm as a job of its own for each."""
    store = Store(folder / "results")
    for name in trials(store):
        order = {**machine.order, "tasks": ["trials"], "study": name, "trials": [name]}
        slurm.submit(job.create_job(store, order), machine, 1)
    while any(store.result(name) is None for name in trials(store)):
        time.sleep(0.5)
    return 0


def trials(store: Store) -> list[str]:
    return sorted(path.name for path in (store.root / "trials").iterdir())


def timed(what: Callable[[], int]) -> tuple[float, int]:
    began = time.monotonic()
    times = what()
    return time.monotonic() - began, times


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--trials", type=int, default=60)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--preempt", type=int, default=3)
    parser.add_argument("--node", default="n1", help="a node with as many CPUs as workers")
    options = parser.parse_args(words)
    machine = Machine(
        on="slurm",
        workers=options.workers,
        device="cpu",
        threads=1,
        resources={"hours": "1", "nodelist": options.node},
    )
    text = STUDY.format(trials=options.trials, seeds=options.trials // 2)
    folders = [Path(tempfile.mkdtemp(prefix="packing-")) for _ in range(2)]
    for folder in folders:
        (folder / "x.yaml").write_text(text)
        plan = json.loads(study(folder, "plan", "x.yaml", "--json"))
        print(f"{sum(len(arm['trials']) for arm in plan['arms'])} trials in {folder}", flush=True)
    first, times = timed(lambda: packed(folders[0], machine, options.preempt))
    print(
        f"{options.workers} workers that claim, preempted {times} times: {first:.0f} s", flush=True
    )
    enter(folders[0], folders[1])
    second, _ = timed(lambda: one_each(folders[1], replace(machine, workers=1)))
    print(f"one job each, {options.workers} at a time: {second:.0f} s")
    print(f"ratio {second / first:.2f}")
    results = [study(folder, "results", "x.yaml", "--json") for folder in folders]
    print("the same results, to the digit" if results[0] == results[1] else "RESULTS DIFFER")


def enter(source: Path, target: Path) -> None:
    """Put down the same trials in another store."""
    first, second = Store(source / "results"), Store(target / "results")
    for name in trials(first):
        second.enter(name, first.entered(name))


if __name__ == "__main__":
    main()

"""What there is to run on."""

import os
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from study.cells import gigabytes
from study.doctor.findings import Case, Finding, fail, note, ok
from study.launch.machine import cores, slots


def devices(case: Case) -> Iterator[Finding]:
    """GPUs that torch sees, and those that it does not."""
    import torch

    with warnings.catch_warnings(record=True) as warned:  # such as of a driver that is too old
        warnings.simplefilter("always")
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    for index in range(count):
        found = torch.cuda.get_device_properties(index)
        yield ok(f"GPU {index}: {found.name}, {gigabytes(found.total_memory)}")
    there = len(list(Path("/dev").glob("nvidia[0-9]*")))
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if there > count and chosen is not None:
        yield note(f"{there - count} of {there} GPUs hidden by CUDA_VISIBLE_DEVICES={chosen}")
    elif there > count:
        why = str(warned[0].message).splitlines()[0] if warned else f"CUDA {torch.version.cuda}"
        said = f"{there} NVIDIA devices in /dev, {count} that torch {torch.__version__} can use"
        yield fail(f"{said} ({why})", "install a torch that was built for the driver here")
    if torch.backends.mps.is_available():
        yield ok("GPU of Apple, as --device mps")
    elif not count:
        yield ok("no GPU: --device cpu")


def processors(case: Case) -> Iterator[Finding]:
    """Cores, threads and memory, as far as this process may use them."""
    usable, all_ = cores(), os.cpu_count() or 1
    wide = slots("cpu", 1)
    yield ok(f"{usable} of {all_} cores: {wide} workers of 1 thread on the cpu, unless told")
    quota = _numbers("/sys/fs/cgroup/cpu.max")
    if len(quota) == 2 and (share := quota[0] / quota[1]) < usable:
        said = f"this container may use {share:g} cores' worth of time, though it sees {usable}"
        yield note(said, f"--workers {max(1, int(share))}")
    if "OMP_NUM_THREADS" in os.environ:
        said = f"OMP_NUM_THREADS={os.environ['OMP_NUM_THREADS']} counts for --on inline alone"
        yield note(said, "--threads says it for workers")
    load = os.getloadavg()[0]
    if load > usable:
        said = f"others are at work: a load of {load:.1f} on {usable} cores"
        yield note(said, "take no timings now")
    yield from _memory()


def _memory() -> Iterator[Finding]:
    lines = dict(line.split(":", 1) for line in _text("/proc/meminfo").splitlines())
    if not lines:
        return
    total, free = (int(lines[key].split()[0]) * 1024 for key in ("MemTotal", "MemAvailable"))
    limit = _numbers("/sys/fs/cgroup/memory.max")
    if limit and limit[0] < total:
        said = f"memory {gigabytes(limit[0])} for this container, of {gigabytes(total)}"
    else:
        said = f"memory {gigabytes(total)}, {gigabytes(free)} free"
    yield ok(said)


def _numbers(path: str) -> list[int]:
    """None where there is no limit."""
    words = _text(path).split()
    return [int(word) for word in words] if all(word.isdigit() for word in words) else []


def _text(path: str) -> str:
    with suppress(OSError):
        return Path(path).read_text()
    return ""

"""Checks of the machine: GPUs, cores and memory."""

import os
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from study.doctor.findings import Finding, Scope, fail, note, ok
from study.format import gigabytes
from study.launch.machine import slots
from study.store.processes import cores


def devices(scope: Scope) -> Iterator[Finding]:
    """GPUs that torch can use, and GPUs of the machine that it cannot."""
    import torch

    with warnings.catch_warnings(record=True) as caught:  # such as "the driver is too old"
        warnings.simplefilter("always")
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    for index in range(count):
        properties = torch.cuda.get_device_properties(index)
        yield ok(f"GPU {index}: {properties.name}, {gigabytes(properties.total_memory)}")
    # Device files exist even where the driver and torch do not fit together.
    present = len(list(Path("/dev").glob("nvidia[0-9]*")))
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if present > count and visible is not None:
        yield note(f"{present - count} of {present} GPUs hidden by CUDA_VISIBLE_DEVICES={visible}")
    elif present > count:
        why = str(caught[0].message).splitlines()[0] if caught else f"CUDA {torch.version.cuda}"
        message = f"{present} NVIDIA devices in /dev, {count} usable by torch {torch.__version__}"
        yield fail(f"{message} ({why})", "install a torch that was built for the driver here")
    if torch.backends.mps.is_available():
        yield ok("Apple GPU, as --device mps")
    elif not count:
        yield ok("no GPU: --device cpu")


def processors(scope: Scope) -> Iterator[Finding]:
    """Cores, threads and memory that this process may use."""
    usable, total = cores(), os.cpu_count() or 1
    workers = slots("cpu", 1)
    yield ok(f"{usable} of {total} cores: {workers} workers of 1 thread on the cpu by default")
    # cgroup v2: microseconds of CPU time, and the period in which they may be used.
    quota = _numbers("/sys/fs/cgroup/cpu.max")
    if len(quota) == 2 and (share := quota[0] / quota[1]) < usable:
        message = f"this container may use the time of {share:g} cores, though {usable} are visible"
        yield note(message, f"--workers {max(1, int(share))}")
    if "OMP_NUM_THREADS" in os.environ:
        message = f"OMP_NUM_THREADS={os.environ['OMP_NUM_THREADS']} applies to --on inline alone"
        yield note(message, "--threads sets it for workers")
    # The average of the last minute.
    load = os.getloadavg()[0]
    if load > usable:
        message = f"other processes are running: a load of {load:.1f} on {usable} cores"
        yield note(message, "take no timings now")
    yield from _memory()


def _memory() -> Iterator[Finding]:
    lines = dict(line.split(":", 1) for line in _text("/proc/meminfo").splitlines())
    if not lines:
        return
    # /proc/meminfo counts in KiB.
    total, free = (int(lines[key].split()[0]) * 1024 for key in ("MemTotal", "MemAvailable"))
    # A container sees the memory of the whole machine in /proc/meminfo.
    limit = _numbers("/sys/fs/cgroup/memory.max")
    if limit and limit[0] < total:
        yield ok(f"memory {gigabytes(limit[0])} for this container, of {gigabytes(total)}")
    else:
        yield ok(f"memory {gigabytes(total)}, {gigabytes(free)} free")


def _numbers(path: str) -> list[int]:
    """The numbers of a cgroup file; empty if there is no limit ("max") or no such file."""
    words = _text(path).split()
    return [int(word) for word in words] if all(word.isdigit() for word in words) else []


def _text(path: str) -> str:
    with suppress(OSError):
        return Path(path).read_text()
    return ""

"""Peak memory of one training step, as what it adds to the process or device it runs on.

On a GPU the caching allocator keeps the number. On a CPU nobody does, so a forked child is watched
by the kernel while it takes the step. Left alone that number moves by 20 % with the allocator's
settings and with what the parent did before. The child takes both away: it works on a heap of its
own and gives every tensor of 64 KiB or more a mapping of its own, which ends when the tensor does.
Five repeats then lie within 0.5 % of each other, and all of them within 0.2 MB of the sum of the
tensors where that is known.
"""

import ctypes
import gc
import os
import resource
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from multiprocessing.connection import Connection

import torch

from study.errors import MetricError

PATIENCE = 600
"""Seconds after which a child is taken to hang."""

# glibc's <malloc.h> and Linux's <sys/prctl.h>
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD, M_MMAP_MAX = -1, -2, -3, -4
PR_SET_THP_DISABLE = 41


def peak_memory(step: Callable[[], object], device: str = "cpu") -> int:
    """Bytes at the worst moment of `step`, beyond what was there before it.

    `step` builds what it needs and takes one training step at the recipe's batch size: weights,
    gradients, activations, the optimizer's state and the kernels' scratch space are counted.
    It runs twice, and the second run is measured: code that is loaded and caches that are filled
    once and for all do not count. On a CPU it runs in a child, with one thread, and leaves nothing
    behind here.

    Raises:
        MetricError: the device, or this machine's kernel or allocator, does not tell; the step
            does not fit into the device; or the child failed.
    """
    kind = torch.device(device).type
    if kind == "cuda":
        try:
            return _on_gpu(step, device)
        except torch.cuda.OutOfMemoryError as error:
            raise MetricError(f"memory: one training step does not fit into {device}") from error
    if kind != "cpu":
        raise MetricError(f'memory: no peak can be read on "{device}" (known: cpu, cuda)')
    if "malloc" in os.environ.get("LD_PRELOAD", "") or not hasattr(ctypes.CDLL(None), "mallopt"):
        raise MetricError("memory: on a CPU it can be measured under glibc's allocator only")
    return _in_child(step)


def _on_gpu(step: Callable[[], object], device: str) -> int:
    step()
    gc.collect()
    torch.cuda.synchronize(device)
    torch.cuda.reset_peak_memory_stats(device)
    before = torch.cuda.memory_allocated(device)
    step()
    torch.cuda.synchronize(device)
    return torch.cuda.max_memory_allocated(device) - before


def _in_child(step: Callable[[], object]) -> int:
    context = get_context("fork")  # the step is a closure, which no fresh interpreter could be sent
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_watch, args=(step, sender), daemon=True)
    with warnings.catch_warnings():
        # Python 3.12 warns of locks that other threads hold; the child keeps to one thread.
        warnings.filterwarnings("ignore", ".*multi-threaded.*fork", DeprecationWarning)
        child.start()
    sender.close()
    try:
        waited = receiver.poll(PATIENCE)
        answer = receiver.recv() if waited else f"the process that measures hung for {PATIENCE} s"
    except EOFError:
        child.join()
        status = f"ended with status {child.exitcode}; what it said is above"
        answer = f"the process that measures {status}"
    finally:
        child.kill()
        child.join()
    if isinstance(answer, str):
        raise MetricError(f"memory: {answer}")
    if answer is None:
        raise MetricError("memory: one training step does not fit into this machine's memory")
    return int(answer)


def _watch(step: Callable[[], object], sender: Connection) -> None:
    """In the child: sends the peak, or why there is none."""
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0)  # or a small tensor may count as 2 MiB
    libc.mallopt(M_MMAP_THRESHOLD, 64 * 1024)
    libc.mallopt(M_MMAP_MAX, 1 << 20)
    libc.mallopt(M_TRIM_THRESHOLD, 0)
    libc.mallopt(M_TOP_PAD, 0)
    with ThreadPoolExecutor(1) as fresh:  # glibc gives a new thread a new heap
        sender.send(fresh.submit(_growth, step).result())


def _growth(step: Callable[[], object]) -> int | str | None:
    """Bytes; None where the step does not fit, and words where they cannot be told."""
    torch.set_num_threads(1)  # OpenMP's other threads did not survive the fork: waiting for ever
    bound()
    try:
        return _grown(step)
    except (RuntimeError, MemoryError) as error:
        if isinstance(error, MemoryError) or "allocate memory" in str(error):
            return None
        raise


def bound() -> None:
    """Refuse this process more memory than is free: or else the kernel ends what it likes."""
    bytes_ = _status("VmData") + _available()
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    if hard != resource.RLIM_INFINITY:
        bytes_ = min(bytes_, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (bytes_, hard))


def _grown(step: Callable[[], object]) -> int | str:
    step()
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    try:
        with open("/proc/self/clear_refs", "w") as reset:
            reset.write("5")  # the peak starts again at what is there now
    except OSError as error:
        return f"the process that measures cannot reset its peak: {error}"
    before = _status("VmRSS")
    step()
    return _status("VmHWM") - before


def _status(field: str) -> int:
    """Bytes, as the kernel accounts for this process."""
    with open("/proc/self/status") as lines:
        kilobytes = next(line.split()[1] for line in lines if line.startswith(field + ":"))
    return int(kilobytes) * 1024


def _available() -> int:
    """Bytes that may be taken without swapping, less a tenth for everybody else."""
    with open("/proc/meminfo") as lines:
        kilobytes = next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable"))
    return kilobytes * 1024 * 9 // 10

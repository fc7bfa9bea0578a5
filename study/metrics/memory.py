"""Peak memory of one training step: the growth of the process or device that runs it.

On a GPU the caching allocator records the peak. On a CPU the kernel records it for a forked child
that takes the step. By itself that number varies by 20 % with the allocator's settings and with the
parent's history. The child removes both: it uses a new heap, and every tensor of 64 KiB or more
gets a memory mapping of its own, which ends with the tensor. Five repeats then lie within 0.5 % of
each other, and within 0.2 MB of the sum of the tensors where that is known.
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

TIMEOUT = 600
"""Seconds after which a child counts as hung."""

# glibc's <malloc.h> and Linux's <sys/prctl.h>
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD, M_MMAP_MAX = -1, -2, -3, -4
PR_SET_THP_DISABLE = 41


def peak_memory(step: Callable[[], object], device: str = "cpu") -> int:
    """The peak memory of `step`, in bytes beyond the memory in use before it.

    `step` builds a model and takes one training step at the recipe's batch size: weights,
    gradients, activations, the optimizer's state and the kernels' scratch space count. It runs
    twice and the second run is measured, so that loaded code and filled caches do not count. On a
    CPU it runs in a child process with one thread, and does not change this process.

    Raises:
        MetricError: the device, kernel or allocator cannot measure it; the step does not fit into
            memory; or the child failed.
    """
    kind = torch.device(device).type
    if kind == "cuda":
        try:
            return _on_gpu(step, device)
        except torch.cuda.OutOfMemoryError as error:
            raise MetricError(f"memory: one training step does not fit into {device}") from error
    if kind != "cpu":
        raise MetricError(f'memory: no peak can be read on "{device}" (known: cpu, cuda)')
    # Another allocator, such as jemalloc or tcmalloc, ignores mallopt.
    if "malloc" in os.environ.get("LD_PRELOAD", "") or not hasattr(ctypes.CDLL(None), "mallopt"):
        raise MetricError("memory: on a CPU it can only be measured with glibc's allocator")
    return _in_child(step)


def _on_gpu(step: Callable[[], object], device: str) -> int:
    step()
    gc.collect()  # tensors in cycles would count as in use before the second step
    torch.cuda.synchronize(device)
    torch.cuda.reset_peak_memory_stats(device)
    before = torch.cuda.memory_allocated(device)
    step()
    torch.cuda.synchronize(device)
    return torch.cuda.max_memory_allocated(device) - before


def _in_child(step: Callable[[], object]) -> int:
    context = get_context("fork")  # the step is a closure, which cannot be pickled
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_watch, args=(step, sender), daemon=True)
    with warnings.catch_warnings():
        # Python 3.12 warns of locks that other threads hold; the child keeps to one thread.
        warnings.filterwarnings("ignore", ".*multi-threaded.*fork", DeprecationWarning)
        child.start()
    sender.close()  # else recv() would not end when the child dies without an answer
    try:
        answered = receiver.poll(TIMEOUT)
        answer = receiver.recv() if answered else f"the measuring process hung for {TIMEOUT} s"
    except EOFError:
        child.join()
        status = f"ended with status {child.exitcode}; its output is above"
        answer = f"the measuring process {status}"
    finally:
        child.kill()
        child.join()
    if isinstance(answer, str):
        raise MetricError(f"memory: {answer}")
    if answer is None:
        raise MetricError("memory: one training step does not fit into this machine's memory")
    return int(answer)


def _watch(step: Callable[[], object], sender: Connection) -> None:
    """Send the peak, or the reason why there is none; runs in the child."""
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0)  # otherwise a small tensor may count as 2 MiB
    # Setting a threshold also keeps glibc from moving it when large blocks are freed.
    libc.mallopt(M_MMAP_THRESHOLD, 64 * 1024)
    libc.mallopt(M_MMAP_MAX, 1 << 20)  # the default of 65,536 mappings may not be enough
    libc.mallopt(M_TRIM_THRESHOLD, 0)
    libc.mallopt(M_TOP_PAD, 0)
    with ThreadPoolExecutor(1) as fresh:  # glibc gives a new thread a new heap
        sender.send(fresh.submit(_growth, step).result())


def _growth(step: Callable[[], object]) -> int | str | None:
    """Bytes; None where the step does not fit; a message where they cannot be measured."""
    torch.set_num_threads(1)  # OpenMP's threads did not survive the fork; waiting for them hangs
    bound()
    try:
        return _grown(step)
    except MetricError as error:  # the step cannot be measured, and says why
        return str(error)
    except (RuntimeError, MemoryError) as error:
        if isinstance(error, MemoryError) or "allocate memory" in str(error):  # torch's words
            return None
        raise


def bound() -> None:
    """Limit this process to the free memory; otherwise the kernel kills some process."""
    # Since Linux 4.7 this limit also covers private mappings, which are what large tensors are.
    bytes_ = _status("VmData") + _available()
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    if hard != resource.RLIM_INFINITY:
        bytes_ = min(bytes_, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (bytes_, hard))


def _grown(step: Callable[[], object]) -> int | str:
    step()
    gc.collect()
    # Free pages that stay resident would be used again without any growth.
    ctypes.CDLL(None).malloc_trim(0)
    try:
        with open("/proc/self/clear_refs", "w") as reset:
            reset.write("5")  # resets the peak to the present use
    except OSError as error:
        return f"the measuring process cannot reset its peak: {error}"
    before = _status("VmRSS")
    step()
    return _status("VmHWM") - before  # the high-water mark of VmRSS


def _status(field: str) -> int:
    """A field of this process's status in bytes, as the kernel accounts for it."""
    with open("/proc/self/status") as lines:
        kilobytes = next(line.split()[1] for line in lines if line.startswith(field + ":"))
    return int(kilobytes) * 1024


def _available() -> int:
    """Bytes available without swapping, less a tenth for other processes."""
    with open("/proc/meminfo") as lines:
        kilobytes = next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable"))
    return kilobytes * 1024 * 9 // 10

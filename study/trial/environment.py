"""The environment of a trial: hardware, libraries and variables that results depend on."""

import os
import platform
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path

from study.store.atomic import Record
from study.store.provenance import origin_of
from study.store.records import Environment

VARIABLES = ("OMP_", "KMP_", "MKL_", "MALLOC_", "LD_PRELOAD", "PYTORCH_", "CUDA_")
"""Begin the names of environment variables that change times or last digits."""
LIBRARIES = ("torch", "timm", "torchvision", "numpy", "fvcore")


@cache
def environment(device: str, task: str) -> Environment:
    """The hardware, libraries, variables and code that this machine measures a task with."""
    # Trials of a task that needs no torch have not imported it, and do not for its threads.
    torch = sys.modules.get("torch")
    partition = os.environ.get("SLURM_JOB_PARTITION")
    known: Record = {library: version(library) for library in LIBRARIES}
    known |= {"partition": partition} if partition else {}
    return Environment(
        machine=platform.node(),
        processor=_processor(),
        device=torch.cuda.get_device_name(device)
        if torch and device.startswith("cuda")
        else device,
        threads=torch.get_num_threads() if torch else None,
        python=platform.python_version(),
        **known,
        **origin_of(task),
        variables={k: v for k, v in os.environ.items() if k.startswith(VARIABLES)},
    )


def _processor() -> str:
    # On Linux platform.processor() is empty, or the architecture alone.
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()

"""The environment variables of a program."""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass

from study.errors import StudyError
from study.spec.variables import VARIABLE
from study.tasks.program import words
from study.tasks.program.paths import program_path
from study.tasks.program.readers import TrialPlaces
from study.tasks.program.records import ProgramRecord

OF_WORKERS = (
    "PYTHONSAFEPATH",  # would hide the modules beside a script
    "MALLOC_MMAP_MAX_",  # these suit our training, and raise the memory of other programs
    "MALLOC_TRIM_THRESHOLD_",
    "MALLOC_TOP_PAD_",
    *("RANK", "LOCAL_RANK", "WORLD_SIZE"),
)
"""Variables that workers set for themselves."""
THREADS = (
    *("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS"),
    *("VECLIB_MAXIMUM_THREADS", "RAYON_NUM_THREADS"),
)


@dataclass(frozen=True)
class Given:
    """The values of the placeholders that every attempt has, beside those of `args`."""

    seed: int
    folder: str
    """STUDY_FOLDER, in which the program runs."""
    metrics: str
    """STUDY_METRICS, to which it appends lines of JSON."""
    device: str
    devices: int
    """The number of devices that are reserved: --devices."""
    threads: int
    port: int
    """A port that was free a moment ago."""

    @property
    def values(self) -> dict[str, object]:
        return dict(vars(self))


def given(record: ProgramRecord, places: TrialPlaces, device: str, threads: int) -> Given:
    """The values for an attempt on this machine."""
    return Given(
        seed=record.seed,
        folder=str(places.folder.resolve()),
        metrics=str(places.metrics.resolve()),
        device=device,
        devices=int(os.environ.get("STUDY_DEVICES", 1)),
        threads=threads,
        port=_free_port(),
    )


def environment(record: ProgramRecord, given: Given) -> dict[str, str]:
    """The user's variables, those of the trial, and those of `env`.

    Raises:
        StudyError: `env` takes a value from a variable that is not set here.
    """
    variables = {name: value for name, value in os.environ.items() if name not in OF_WORKERS}
    variables |= dict.fromkeys(THREADS, str(given.threads))
    variables |= {
        "PATH": program_path(),
        "PYTHONUNBUFFERED": "1",  # output is a heartbeat, and is followed while it comes
        "STUDY_FOLDER": given.folder,
        "STUDY_METRICS": given.metrics,
        "STUDY_SEED": str(given.seed),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(given.port),
        "PET_MASTER_PORT": str(given.port),  # torchrun takes its options from PET_...
    }
    # A program may take a GPU that it sees, although the run is to use none.
    variables |= {"CUDA_VISIBLE_DEVICES": ""} if given.device == "cpu" else {}
    values = {**given.values, **record.config.args}
    return variables | {name: _value(text, values) for name, text in record.config.env.items()}


def _value(text: str, values: Mapping[str, object]) -> str:
    """A value of `env`: filled in, or that of a whole $NAME in the worker's environment."""
    name = VARIABLE.fullmatch(text)
    if name is None:
        return " ".join(words.filled(text, values))
    if name[1] not in os.environ:
        raise StudyError(f"{text} is not set where the worker runs")
    return os.environ[name[1]]


def _free_port() -> int:
    with socket.socket() as free:
        # Another process may take it before the program does; no one can reserve it.
        free.bind(("127.0.0.1", 0))  # the kernel chooses one
        return int(free.getsockname()[1])

"""The calls that a timing session times of a program's model: inference on random inputs."""

import atexit
import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp
from typing import cast

import torch

from study.metrics.workloads import Workload
from study.store.job_records import Job
from study.store.records import TrialRecord
from study.tasks.program import code
from study.tasks.program.model.factory import Factory, Size
from study.tasks.program.records import ProgramRecord
from study.trial.timing import inference_steps, inference_workloads, without_fast_path

NO_FAST_PATH = without_fast_path("the model of a program")


def workloads(trial: TrialRecord, job: Job) -> dict[str, Workload]:
    """The workloads of an arm that its metrics need."""
    torch.set_num_threads(job.threads)
    record = ProgramRecord.of(trial)
    return inference_workloads(_factory(record, job).build, _size(record), job, NO_FAST_PATH)


def steps(trial: TrialRecord, job: Job) -> dict[str, Callable[[], None]]:
    """The calls whose peak memory is measured."""
    record = ProgramRecord.of(trial)
    return inference_steps(_factory(record, job).build, _size(record), job, NO_FAST_PATH)


def _size(record: ProgramRecord) -> Size:
    return cast(Size, tuple(record.input))


def _factory(record: ProgramRecord, job: Job) -> Factory:
    """The function of an arm's model, in the copy of its code that a job of this store has."""
    folder = Path(mkdtemp(prefix="study-")).resolve()
    # To the end of the process: a compiler reads the source of a model when it first runs.
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    # A later job has the files of arms that an earlier one has not.
    jobs = sorted((Path(job.store) / "jobs").glob("*"), reverse=True)
    code.place(record.config.code, jobs, folder)
    code.link(Path(record.root), record.inputs, folder)
    config = record.config
    return Factory(folder, str(record.model), config.args, env=config.env)

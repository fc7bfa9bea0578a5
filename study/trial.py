"""One trial, from its record in the store to its result.

The one `except` that lets nothing through is here: an error becomes the trial's result, so that one
bad arm never stops the others.
"""

import io
import os
import platform
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

from study import data, models, train
from study.errors import DataError, SpecError, StoreError
from study.metrics import workloads
from study.metrics.execution import ExecutionMode
from study.metrics.session import REASONS_ABSENT, timing_session
from study.models import paired_init, registry, weights
from study.spec import given_weights, plugins
from study.store import archives
from study.store.atomic import Record, replace
from study.store.job_records import Job
from study.store.leases import Lease
from study.store.provenance import origin
from study.store.records import (
    Environment,
    EpochRow,
    ImageFingerprint,
    Outcome,
    TrialRecord,
    finite,
)
from study.store.store import Store
from study.store.timing_records import StepTimes, TimingSession
from study.store.trial_folder import predictions_of
from study.train import Message

VARIABLES = ("OMP_", "KMP_", "MKL_", "MALLOC_", "LD_PRELOAD", "PYTORCH_", "CUDA_")
"""Begin the names of environment variables that change times or last digits."""

LIBRARIES = ("torch", "timm", "torchvision", "numpy", "fvcore")


def run_trial(
    store: Store,
    name: str,
    lease: Lease | None,
    *,
    device: str,
    stop: Callable[[], bool],
    report: Callable[[Message], None],
    record: TrialRecord | None,
    pulse: Callable[[], None] = train.nothing,
    group: train.ProcessGroup = train.ALONE,
) -> None:
    """Build, train, evaluate and save a trial; resumes from the last checkpoint of any attempt.

    `record` says what to compute; it is None in processes that do not lead. It comes from the
    user's job folder, because a record names code to import and other users may write to the store.
    Every process of a group calls this with the same trial; the lease is the leader's. After an
    error the group is closed and cannot train another trial.

    Raises:
        train.Stopped: `stop` returned True, or the lease was lost; finished epochs are saved.
        StoreError: nothing can be written any more; another attempt resumes from the checkpoint.
    """
    device = group.on(device)
    if lease is None:  # only the leading process has one, and writes to the store
        _join(store, name, device=device, pulse=pulse, group=group)
        return
    record, began = _leading(group, record), time.time()
    here = environment(device).model_copy(update={"processes": group.world})
    log = _Log(store.folder(name).log, report)
    log({"event": "began", "lease": lease.number, "device": device, "commit": here.commit})
    caller = train.Callbacks(stop, lambda: lease.held, pulse, log)  # held: asked before writes
    ends: Record = {"state": "failed", "metrics": {}, "config": record.config}
    try:
        fitted = _fitted(store, name, record, device=device, caller=caller, group=group)
        ends |= _ended(store, name, record, fitted, lease.number)
    except train.Stopped as stopped:
        log({"event": "stopped", "where": str(stopped)})
        raise
    except Exception as error:
        message = group.failed(error)
        if message is None or isinstance(error, StoreError):  # None: a process was killed
            raise
        log({"event": "error", "traceback": traceback.format_exc()})
        ends["error"] = message
    epochs: list[EpochRow] = ends.get("history", [])  # of all attempts, whose seconds all count
    seconds = sum(row.seconds or 0.0 for row in epochs) or time.time() - began
    outcome = Outcome(**ends, began=began, seconds=seconds, environment=here)
    if store.save(name, outcome, lease) and outcome.state != "failed":
        with suppress(OSError):  # no attempt resumes from it any more
            store.folder(name).previous.unlink(missing_ok=True)


def _leading(group: train.ProcessGroup, record: TrialRecord | None) -> TrialRecord:
    """The leader's record, in every process of a group."""
    leaders = group.leaders_item(record)
    if leaders is None:
        raise StoreError("the leading process has no record of the trial")
    return leaders


def _ended(
    store: Store, name: str, record: TrialRecord, fitted: train.Fitted, lease: int
) -> Record:
    """The outcome of a finished training; writes its predictions."""
    predictions = predictions_of(lease)
    replace(store.folder(name).path / predictions, _predictions(fitted))
    return {
        "metrics": finite(fitted.metrics),
        "history": fitted.history,
        "predictions": predictions,
        **_images(store, name, record),
        "state": "diverged" if fitted.diverged else "completed",
    }


def _join(
    store: Store, name: str, *, device: str, pulse: Callable[[], None], group: train.ProcessGroup
) -> None:
    """Train under another process that leads, and leave the store to it."""
    record, caller = _leading(group, None), train.Callbacks(pulse=pulse)
    try:
        _fitted(store, name, record, device=device, caller=caller, group=group)
    except train.Stopped:
        raise
    except Exception as error:
        group.failed(error)
        raise


def _fitted(
    store: Store,
    name: str,
    record: TrialRecord,
    *,
    device: str,
    caller: train.Callbacks,
    group: train.ProcessGroup,
) -> train.Fitted:
    images, recipe = data.load(record.data), record.recipe
    if group.leads:
        _same_images(store, name, _fingerprints(images))
    classes = record.shape.num_classes
    if images.classes != classes:
        raise ValueError(f"the plan counted {classes} classes, the data has {images.classes}")
    # Built on the CPU and then moved, so that initial weights do not depend on the device.
    model = paired_init.seeded(lambda: starting_model(record), record.seed).to(device)
    return train.fit(
        model,
        images,
        recipe,
        seed=record.seed,
        folder=store.trial(name),
        device=device,
        caller=caller,
        group=group,
    )


def _fingerprints(images: data.DataSplits) -> dict[str, ImageFingerprint]:
    return {split: ImageFingerprint(**values) for split, values in images.fingerprints.items()}


def _images(store: Store, name: str, record: TrialRecord) -> Record:
    """The fingerprints of the images by split, for a result; empty for images without files.

    Raises:
        DataError: the images are not those that the trial began with.
    """
    # Once more at the end, since images may have changed during training.
    today = _fingerprints(data.load(record.data))
    if today:
        _same_images(store, name, today)
    return {"images": today} if today else {}


def _same_images(store: Store, name: str, today: Mapping[str, ImageFingerprint]) -> None:
    """Refuse to resume a trial that began with other images.

    Raises:
        DataError: names or sizes of images changed since.
    """
    folder = store.folder(name)
    # Without a checkpoint the trial starts anew, on today's images alone.
    resumes = any(path.exists() for path in folder.checkpoints)
    before = store.begun_on(name) if resumes else None
    if before is not None and before != today:
        changed = [split for split in today if before.get(split) != today[split]]
        raise DataError(
            f"the images changed since this trial began ({', '.join(changed)}): restore them, "
            f"or move {folder.path} away to start again"
        )
    if today:
        store.begin(name, today)


def _predictions(fitted: train.Fitted) -> bytes:
    file = io.BytesIO()
    # Without pickles, since reading those could run code.
    np.savez_compressed(file, allow_pickle=False, **fitted.predictions)
    return archives.sealed(file)


def build_model(record: TrialRecord, device: str | None = None) -> torch.nn.Module:
    """The model of a trial with random weights.

    Raises:
        SpecError: a plugin has changed since the trial was planned.
    """
    _register(record)
    shape, name = dict(record.shape), record.config.model.name
    module: torch.nn.Module = models.build(name, record.arguments, **shape, device=device)
    return module


def starting_model(record: TrialRecord) -> torch.nn.Module:
    """The model of a trial with the weights that training starts from.

    Raises:
        SpecError: a file of weights has changed since the trial was planned.
    """
    _register(record)
    name, arguments, planned = record.config.model.name, record.arguments, record.weights.sha256
    today = given_weights.weight_digests(name, arguments) if planned else {}
    for key, path in given_weights.weight_files(name, arguments).items():
        if planned and today[key] != planned.get(key):
            raise SpecError(f"{path} has changed since the trial was planned: plan anew")
    return weights.started(name, arguments, **dict(record.shape))


def _register(record: TrialRecord) -> None:
    for text, digest in record.sources:
        source = plugins.find_plugin(text)
        if source.digest != digest:
            raise SpecError(f"{source.path} has changed since the trial was planned: plan anew")
        registry.register(source)


def step_seconds(record: TrialRecord, device: str) -> StepTimes:
    """Seconds per training and per evaluated image, from a few steps of at most 32 images."""
    images, recipe = data.load(record.data), record.recipe
    # At most 32, so that an estimate of the duration takes little time and memory.
    recipe = recipe.model_copy(update={"batch_size": min(32, recipe.batch_size)})
    timed = train.step_seconds(
        build_model(record).to(device), images, recipe, seed=record.seed, device=device
    )
    return StepTimes(**vars(timed), train=images.train_size, val=images.val_size)


def run_timing_session(
    records: Mapping[str, TrialRecord], job: Job, tick: Callable[[], None]
) -> TimingSession:
    """Speed and memory of every arm: measurements by arm and metric, and how they were taken.

    `records` say what each arm computes. A metric that cannot be measured honestly is absent, with
    the reason under `refused`.
    """
    # The baseline first: stored JSON has sorted keys, so the order of arms is lost.
    records = {job.baseline: records[job.baseline], **records}
    device, metrics = job.device, {*job.metrics}
    # Peak memory is measured by separate steps, so it needs no timing.
    timed = records if metrics - {"memory"} else {}
    watched = records if "memory" in metrics else {}
    session = timing_session(
        {arm: partial(_workloads, record, job) for arm, record in timed.items()},
        {arm: partial(_step, record, device) for arm, record in watched.items()},
        device=device,
        seconds=job.seconds,
        energy="batch" if "energy" in metrics else "",
        tick=lambda done, total: tick(),
    )
    refused = {arm: {**why} for arm, why in session.refused.items()}
    for arm, measured in session.arms.items():
        for name in (metrics & REASONS_ABSENT.keys()) - measured.keys():
            refused.setdefault(arm, {})[name] = f"{name}: {REASONS_ABSENT[name]}"
    how = session.how.model_copy(
        update={"batch_size": job.batch_size, "way": ExecutionMode().description}
    )
    return session.model_copy(update={"refused": refused, "how": how})


def _workloads(record: TrialRecord, job: Job) -> dict[str, workloads.Workload]:
    """The workloads of an arm that its metrics need."""
    device, metrics, mode = job.device, {*job.metrics}, ExecutionMode()
    needed = {}
    if metrics & {"throughput", "energy", "latency_p50", "latency_p90", "latency_p99"}:
        model = build_model(record).to(device)
        images = workloads.random_images(job.batch_size, _size(record), device)
        if metrics & {"throughput", "energy"}:
            needed["batch"] = workloads.inference(model, images, mode)
        if metrics & {"latency_p50", "latency_p90", "latency_p99"}:
            needed["single"] = workloads.inference(model, images[:1], mode, apart=True)
    if "train_throughput" in metrics:
        recipe, classes = record.recipe, record.shape.num_classes
        # A model of its own, since training changes weights and batch statistics.
        step = train.repeated(
            build_model(record).to(device),
            recipe,
            classes=classes,
            size=_size(record),
            device=device,
        )
        needed["train"] = workloads.Workload(step, recipe.batch_size)
    return needed


def _step(record: TrialRecord, device: str) -> None:
    """One update of the trial's own recipe."""
    recipe, classes = record.recipe, record.shape.num_classes
    model = build_model(record, device)
    train.training_step(model, recipe, classes=classes, size=_size(record), device=device)


def _size(record: TrialRecord) -> tuple[int, int, int]:
    """The size of an image, (C, H, W)."""
    shape = record.shape
    return shape.in_chans, shape.img_size, shape.img_size


@cache
def environment(device: str) -> Environment:
    """The hardware, libraries and variables that this machine measures with."""
    libraries: Record = {library: version(library) for library in LIBRARIES}
    return Environment(
        machine=platform.node(),
        processor=_processor(),
        device=torch.cuda.get_device_name(device) if device.startswith("cuda") else device,
        threads=torch.get_num_threads(),
        python=platform.python_version(),
        **libraries,
        **origin(),
        variables={k: v for k, v in os.environ.items() if k.startswith(VARIABLES)},
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


class _Log:
    """Passes on what training reports and appends it to the trial's log."""

    def __init__(self, path: Path, report: Callable[[Message], None]) -> None:
        self.path, self.report = path, report

    def __call__(self, message: Message) -> None:
        stamp = time.strftime("%Y-%m-%d %H:%M:%S")
        values = message.plain if isinstance(message, EpochRow) else message
        text = " ".join(f"{key}={_short(value)}" for key, value in values.items())
        with suppress(OSError), open(self.path, "a", encoding="utf-8", opener=_appending) as file:
            file.write(f"{stamp} {text}\n")  # a full disk is reported where results are written
        self.report(message)


def _appending(path: str, flags: int) -> int:
    """Opens a file, and does not wait for the reader of a pipe."""
    return os.open(path, flags | os.O_NONBLOCK, 0o666)


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)

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

from study import archives, data, given, imports, models, train
from study.errors import DataError, SpecError, StoreError
from study.files import Record, replace, sound, write
from study.files import record as file_record
from study.job_records import Job
from study.leases import Lease
from study.metrics import lanes
from study.metrics.timings import LACKING, timings
from study.metrics.ways import Way
from study.models import foreign, initial, weights
from study.origin import origin
from study.schema import Data, Recipe
from study.store import Store
from study.timing_records import StepTimes, TimingSession

VARIABLES = ("OMP_", "KMP_", "MKL_", "MALLOC_", "LD_PRELOAD", "PYTORCH_", "CUDA_")
"""Begin the names of environment variables that change times or last digits."""

LIBRARIES = ("torch", "timm", "torchvision", "numpy", "fvcore")


def trial(
    store: Store,
    name: str,
    lease: Lease | None,
    *,
    device: str,
    stop: Callable[[], bool],
    report: Callable[[Record], None],
    record: Record,
    pulse: Callable[[], None] = train.nothing,
    group: train.Group = train.ALONE,
) -> None:
    """Build, train, measure, save; resumes where an earlier attempt left off.

    `record` says what the trial computes, where this process leads. It comes from a folder of the
    user's own: the store's record names code to import, and others may write to the store.
    Of a group every process comes here, with the same trial; the lease is the leader's. After an
    error the group is left: it is not `whole`, and no other trial can be trained with it.

    Raises:
        train.Stopped: `stop` said so, or the lease was lost; what was done is kept.
        StoreError: nothing can be written any more; another attempt goes on from what was saved.
    """
    device = group.on(device)
    if lease is None:
        _join(store, name, device=device, pulse=pulse, group=group)
        return
    record, folder = group.handed(record), store.trial(name)
    began, here = time.time(), environment(device) | {"processes": group.world}
    log = _Log(folder / "log.txt", report)
    log({"event": "began", "lease": lease.number, "device": device, "commit": here["commit"]})
    caller = train.Caller(stop, lambda: lease.held, pulse, log)
    outcome: Record = {"state": "failed", "metrics": {}, "config": record["config"]}
    try:
        fitted = _fitted(record, folder, device=device, caller=caller, group=group)
        predictions = f"predictions-{lease.number}.npz"  # this attempt's: another's has its own
        replace(folder / predictions, _predictions(fitted))
        outcome |= {"metrics": fitted.metrics, "history": fitted.history}
        outcome |= {"predictions": predictions}
        outcome |= _images(record, folder)
        outcome["state"] = "diverged" if fitted.diverged else "completed"
    except train.Stopped as stopped:
        log({"event": "stopped", "where": str(stopped)})
        raise
    except Exception as error:
        told = group.failed(error)
        if told is None or isinstance(error, StoreError):
            raise
        log({"event": "error", "traceback": traceback.format_exc()})
        outcome["error"] = told
    epochs = outcome.get("history", [])  # of all attempts: an earlier one's seconds count
    seconds = sum(row["seconds"] for row in epochs) or time.time() - began
    outcome |= {"began": began, "seconds": seconds, "environment": here}
    if store.save(name, outcome, lease) and outcome["state"] != "failed":
        with suppress(OSError):  # nobody resumes it any more
            (folder / train.BEFORE).unlink(missing_ok=True)


def _join(
    store: Store, name: str, *, device: str, pulse: Callable[[], None], group: train.Group
) -> None:
    """Train what another process leads, and leave the store to it."""
    nobody: Record = {}
    record, caller = group.handed(nobody), train.Caller(pulse=pulse)
    try:
        _fitted(record, store.trial(name), device=device, caller=caller, group=group)
    except train.Stopped:
        raise
    except Exception as error:
        group.failed(error)
        raise


def _fitted(
    record: Record, folder: Path, *, device: str, caller: train.Caller, group: train.Group
) -> train.Fitted:
    images, recipe = data.load(_data(record)), Recipe(**record["config"]["recipe"])
    if group.leads:
        _same_images(folder, images.fingerprints)
    classes = record["shape"]["num_classes"]
    if images.classes != classes:
        raise ValueError(f"the plan counted {classes} classes, the data has {images.classes}")
    model = initial.seeded(lambda: started(record), record["seed"]).to(device)
    return train.fit(
        model,
        images,
        recipe,
        seed=record["seed"],
        folder=folder,
        device=device,
        caller=caller,
        group=group,
    )


def _images(record: Record, folder: Path) -> Record:
    """What a result keeps of its images: their fingerprints by split, where they have any.

    Raises:
        DataError: they are others than those that the trial began on.
    """
    now = {name: dict(one) for name, one in data.load(_data(record)).fingerprints.items()}
    if now:
        _same_images(folder, now)
    return {"images": now} if now else {}


def _same_images(folder: Path, now: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse to go on with a trial that began on other images.

    Raises:
        DataError: their names or sizes changed since.
    """
    path, saves = folder / "images.json", ("last.pth.tar", train.BEFORE)
    began = any((folder / name).exists() for name in saves)
    then = sound(path, file_record) if began else None
    if then is not None and then != now:
        changed = [name for name in now if then.get(name) != now[name]]
        raise DataError(
            f"the images changed since this trial began ({', '.join(changed)}): put them back, "
            f"or move {folder} away to begin anew"
        )
    if now:
        write(path, now)


def _predictions(fitted: train.Fitted) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **fitted.predictions)
    return archives.sealed(file)


def build(record: Mapping[str, Any], device: str | None = None) -> torch.nn.Module:
    """The model of a record that has `config` and `shape`, at random weights.

    Raises:
        SpecError: a source of parts has changed since the trial was planned.
    """
    _register(record)
    name, arguments = _asked(record)
    module: torch.nn.Module = models.build(name, arguments, **record["shape"], device=device)
    return module


def started(record: Record) -> torch.nn.Module:
    """The same with the weights that training starts from.

    Raises:
        SpecError: a file of weights has changed since the trial was planned.
    """
    _register(record)
    name, arguments = _asked(record)
    planned = record.get("weights", {}).get("sha256", {})
    now = given.digests(name, arguments) if planned else {}
    for key, path in given.files(name, arguments).items():
        if planned and now[key] != planned.get(key):
            raise SpecError(f"{path} has changed since the trial was planned: plan anew")
    return weights.started(name, arguments, **record["shape"])


def _asked(record: Mapping[str, Any]) -> tuple[str, Record]:
    """A model's name, and all its arguments with the places of its weights."""
    model = record["config"]["model"]
    return model["name"], model["arguments"] | record.get("weights", {}).get("arguments", {})


def _register(record: Mapping[str, Any]) -> None:
    for text, digest in record.get("sources", ()):
        source = imports.source(text)
        if source.digest != digest:
            raise SpecError(f"{source.path} has changed since the trial was planned: plan anew")
        foreign.register(source)


def _data(record: Mapping[str, Any]) -> Data:
    return Data(**(record["config"]["data"] | record["where"]))


def step_seconds(record: Mapping[str, Any], device: str) -> StepTimes:
    """Seconds per image, trained on and evaluated, from a few timed steps of at most 32 images."""
    images, recipe = data.load(_data(record)), Recipe(**record["config"]["recipe"])
    recipe = recipe.model_copy(update={"batch_size": min(32, recipe.batch_size)})
    timed = train.step_seconds(
        build(record).to(device), images, recipe, seed=record["seed"], device=device
    )
    return StepTimes(**vars(timed), train=images.train_size, val=images.val_size)


def timed(records: Mapping[str, Record], job: Job, tick: Callable[[], None]) -> TimingSession:
    """Speed and memory of every arm: measurements by arm and metric, and how they were taken.

    `records` say what each arm computes. A metric that cannot be measured honestly is absent, with
    the reason under `refused`.
    """
    records = {job.baseline: records[job.baseline], **records}
    device, asked = job.device, {*job.metrics}
    timed = records if asked - {"memory"} else {}
    watched = records if "memory" in asked else {}
    session = timings(
        {arm: partial(_lanes, record, job) for arm, record in timed.items()},
        {arm: partial(_step, record, device) for arm, record in watched.items()},
        device=device,
        seconds=job.seconds,
        energy="batch" if "energy" in asked else "",
        tick=lambda done, total: tick(),
    )
    refused = {arm: {**why} for arm, why in session.refused.items()}
    for arm, measured in session.arms.items():
        for name in (asked & LACKING.keys()) - measured.keys():
            refused.setdefault(arm, {})[name] = f"{name}: {LACKING[name]}"
    how = session.how.model_copy(update={"batch_size": job.batch_size, "way": Way().said})
    return session.model_copy(update={"refused": refused, "how": how})


def _lanes(record: Record, job: Job) -> dict[str, lanes.Lane]:
    """The ways of calling an arm that its metrics need."""
    device, asked, way = job.device, {*job.metrics}, Way()
    found = {}
    if asked & {"throughput", "energy", "latency_p50", "latency_p90", "latency_p99"}:
        model = build(record).to(device)
        images = lanes.noise(job.batch_size, _size(record), device)
        if asked & {"throughput", "energy"}:
            found["batch"] = lanes.inference(model, images, way)
        if asked & {"latency_p50", "latency_p90", "latency_p99"}:
            found["single"] = lanes.inference(model, images[:1], way, apart=True)
    if "train_throughput" in asked:
        recipe, classes = Recipe(**record["config"]["recipe"]), record["shape"]["num_classes"]
        step = train.repeated(
            build(record).to(device), recipe, classes=classes, size=_size(record), device=device
        )
        found["train"] = lanes.Lane(step, recipe.batch_size)
    return found


def _step(record: Mapping[str, Any], device: str) -> None:
    """One update of the trial's own recipe."""
    recipe, classes = Recipe(**record["config"]["recipe"]), record["shape"]["num_classes"]
    model = build(record, device)
    train.training_step(model, recipe, classes=classes, size=_size(record), device=device)


def _size(record: Mapping[str, Any]) -> tuple[int, int, int]:
    """Of one image, (C, H, W)."""
    shape = record["shape"]
    return shape["in_chans"], shape["img_size"], shape["img_size"]


@cache
def environment(device: str) -> Record:
    """What the numbers were taken with."""
    return {
        "machine": platform.node(),
        "processor": _processor(),
        "device": torch.cuda.get_device_name(device) if device.startswith("cuda") else device,
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        **{library: version(library) for library in LIBRARIES},
        **origin(),
        "variables": {k: v for k, v in os.environ.items() if k.startswith(VARIABLES)},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


class _Log:
    """Passes on what training reports and keeps it in the trial's log."""

    def __init__(self, path: Path, report: Callable[[Record], None]) -> None:
        self.path, self.report = path, report

    def __call__(self, row: Record) -> None:
        stamp = time.strftime("%Y-%m-%d %H:%M:%S")
        said = " ".join(f"{key}={_short(value)}" for key, value in row.items())
        with suppress(OSError), open(self.path, "a", encoding="utf-8", opener=_appending) as file:
            file.write(f"{stamp} {said}\n")  # a full disk is told of where results are written
        self.report(row)


def _appending(path: str, flags: int) -> int:
    """Opens a file, and does not wait for the reader of a pipe."""
    return os.open(path, flags | os.O_NONBLOCK, 0o666)


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)

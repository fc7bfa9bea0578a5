"""One trial, from its record in the store to its result.

The one `except` that lets nothing through is here: an error becomes the trial's result, so that one
bad arm never stops the others.
"""

import io
import time
import traceback
from collections.abc import Callable
from contextlib import suppress

import numpy as np

from study import data, train
from study.errors import StoreError
from study.models import paired_init
from study.store import archives
from study.store.atomic import Record, replace
from study.store.leases import Lease
from study.store.records import EpochRow, Outcome, TrialRecord, finite
from study.store.store import Store
from study.store.trial_folder import predictions_of
from study.train import Message
from study.trial.environment import environment
from study.trial.images import begin_on_images, fingerprints, images_of_result
from study.trial.log import LogFile
from study.trial.model import starting_model


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
    log = LogFile(store.folder(name).log, report)
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
    # Each attempt has its own file: one that lost its lease overwrites no other.
    predictions = predictions_of(lease)
    replace(store.folder(name).path / predictions, _predictions(fitted))
    return {
        "metrics": finite(fitted.metrics),
        "history": fitted.history,
        "predictions": predictions,
        **images_of_result(store, name, record),
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
        begin_on_images(store, name, fingerprints(images))
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


def _predictions(fitted: train.Fitted) -> bytes:
    file = io.BytesIO()
    # Without pickles, since reading those could run code.
    np.savez_compressed(file, allow_pickle=False, **fitted.predictions)
    return archives.sealed(file)

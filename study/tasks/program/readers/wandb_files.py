"""Metrics in the folder of an offline run of Weights & Biases."""

from collections.abc import Iterator
from pathlib import Path

from study.spec.reading import Reading
from study.tasks.program.readers.json_files import ABSENT, at, parsed
from study.tasks.program.readers.places import TrialPlaces, numbers
from study.tasks.program.trial.series import StepValue

STEP = "_step"


def wandb_values(places: TrialPlaces, reading: Reading) -> Iterator[StepValue]:
    """The values that runs have logged, oldest run first."""
    for path in places.files(reading.source, "*.wandb"):
        for row in _history(path):
            value = at(row, reading.key)
            if value is not ABSENT:
                yield from numbers(value, f"{path.name}: {reading.key}", row.get(STEP))


def _history(path: Path) -> Iterator[dict[str, object]]:
    """The rows that a run has logged.

    From its log of records: versions 0.18 to 0.24 write no summary offline (wandb#9646).
    """
    from wandb.proto.wandb_internal_pb2 import Record
    from wandb.sdk.internal.datastore import DataStore

    # The library itself, since the format of its log is its own.
    store = DataStore()
    store.open_for_scan(str(path))
    while (data := store.scan_data()) is not None:
        record = Record()
        record.ParseFromString(data)
        if record.WhichOneof("record_type") == "history":
            items = record.history.item
            row = {i.key or ".".join(i.nested_key): parsed(i.value_json, path.name) for i in items}
            yield row | {STEP: row.get(STEP, record.history.step.num)}

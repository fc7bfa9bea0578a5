"""Stored files in whatever state: each reader returns the record or reports damage."""

import json
import random
from io import BytesIO

import numpy as np
import pytest

from study.analysis.measurements import _arrays
from study.errors import DamagedError
from study.store import archives, atomic, records
from study.store.job_records import Manifest
from study.store.timing_records import TimingSession
from tests.store.damaged import SAMPLES, changed, mangled, plain


@pytest.mark.parametrize("kind", SAMPLES, ids=lambda kind: kind.__name__)
def test_a_damaged_record_is_never_another_record(kind):
    draw, sample = random.Random(27), SAMPLES[kind]
    content = atomic.encoded(sample)
    assert plain(content, kind) == sample
    for _ in range(3000):
        damaged = mangled(content, draw)
        try:
            record = plain(damaged, kind)
        except DamagedError:
            continue
        assert record == sample  # with other spaces


@pytest.mark.parametrize("kind", SAMPLES, ids=lambda kind: kind.__name__)
def test_a_record_without_a_digest_is_of_its_kind_or_damaged(kind):
    draw, sample = random.Random(28), SAMPLES[kind]
    for _ in range(2000):
        record = changed(sample, draw)
        for _ in range(draw.randrange(3)):
            record = changed(record, draw) if record else record
        try:
            again = plain(json.dumps(record).encode(), kind)
        except DamagedError:
            continue
        assert again == record
        kind.model_validate(again)
        json.dumps(again, allow_nan=False)


@pytest.mark.parametrize("value", ["text", [0.5], 1e308, 10**400, True, {"a": 1}])
def test_a_metric_that_is_no_number_is_damage(value):
    record = SAMPLES[records.Result] | {"metrics": {"top1": value}}
    with pytest.raises(DamagedError, match=r"metrics\.top1"):
        records.Result.checked(record)


@pytest.mark.parametrize(
    "name", [".", "..", "../x", "/etc/passwd", "a/../../x", "a/b/c", "", ".hidden", "a/", "a\0"]
)
def test_a_manifest_names_files_of_its_folder_alone(name):
    with pytest.raises(DamagedError):
        Manifest.checked({"files": [name]})


def test_history_with_a_damaged_byte_is_no_history():
    rows = [{"epoch": n, "loss": 0.5 * n, "top1": None} for n in range(3)]
    content = atomic.encoded_lines(rows)
    assert [row.plain for row in records.history(content)] == rows
    assert records.history(atomic.encoded_lines([])) == []
    draw = random.Random(29)
    for _ in range(3000):
        try:
            history = records.history(mangled(content, draw))
        except DamagedError:
            continue
        assert all(row.plain in rows for row in history)


def test_predictions_in_whatever_state_are_what_was_written_or_damaged():
    file = BytesIO()
    target, top = np.arange(20), np.arange(100).reshape(20, 5)
    np.savez_compressed(file, target=target, top=top)
    plain = file.getvalue()
    sealed, draw = archives.sealed(file), random.Random(30)
    for content in (sealed, plain):
        assert np.array_equal(_arrays(content)["top"], top)
        for _ in range(1500):
            try:
                arrays = _arrays(mangled(content, draw))
            except DamagedError:
                continue
            assert np.array_equal(arrays["target"], target)
            assert np.array_equal(arrays["top"], top)


@pytest.mark.parametrize(
    "arrays",
    [
        {"top": np.zeros((2, 5), int)},
        {"target": np.zeros(2, int), "top": np.zeros((3, 5), int)},
        {"target": np.zeros(2, int), "top": np.zeros(2, int)},
        {"target": np.zeros(2), "top": np.zeros((2, 5))},
        {"target": np.array([{}, 1], object), "top": np.zeros((2, 5), int)},
    ],
)
def test_arrays_that_are_no_predictions_are_damage(arrays):
    file = BytesIO()
    np.savez_compressed(file, **arrays)
    with pytest.raises(DamagedError):
        _arrays(archives.sealed(file))


def test_a_copy_takes_only_fields_that_the_class_has():
    how = TimingSession().how.model_copy(update={"way": "float32, eager"})
    assert how.plain == {"way": "float32, eager"}
    with pytest.raises(TypeError, match="How has no field mode"):
        how.model_copy(update={"mode": "float32, eager"})

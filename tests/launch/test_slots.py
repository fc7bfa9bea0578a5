"""Slots: one worker in each, however it ends."""

import os
import subprocess
import sys

import pytest

from study.launch import slots
from study.store.job_records import Job
from tests.launch.conftest import INLINE


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(slots.tempfile, "gettempdir", lambda: str(tmp_path))


CPU = Job.checked({**INLINE.order, "phases": ["trials"], "store": "/somewhere"})
GPU = CPU.model_copy(update={"device": "cuda"})


def test_a_store_has_as_many_slots_as_it_is_given_workers():
    taken = [slots.free_slot(CPU, 2), slots.free_slot(CPU, 2)]
    assert all(taken)
    assert slots.free_slot(CPU, 2) is None
    other = slots.free_slot(CPU.model_copy(update={"store": "/elsewhere"}), 2)
    taken[0].close()
    again = slots.free_slot(CPU, 2)
    assert again
    for slot in (taken[1], other, again):
        slot.close()


def test_each_worker_has_gpus_of_its_own(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5,GPU-ab12")
    first, second = (
        slots.free_slot(GPU, 9),
        slots.free_slot(GPU.model_copy(update={"store": "/elsewhere"}), 9),
    )
    assert (first.devices, second.devices) == (("3",), ("5",))
    assert slots.free_slot(GPU.model_copy(update={"devices": 2}), 9) is None
    third = slots.free_slot(GPU, 9)
    assert third.devices == ("GPU-ab12",)
    first.close()
    second.close()
    pair = slots.free_slot(GPU.model_copy(update={"devices": 2}), 9)
    assert pair.devices == ("3", "5")
    for slot in (third, pair):
        slot.close()


def test_workers_that_share_a_gpu_keep_out_whoever_wants_it_alone(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5")
    shared = GPU.model_copy(update={"share": 2})
    four = [slots.free_slot(shared, 9) for _ in range(4)]
    assert [slot.devices for slot in four] == [("3",), ("3",), ("5",), ("5",)]
    assert slots.free_slot(shared, 9) is None
    assert slots.free_slot(GPU, 9) is None
    four[0].close()
    assert slots.free_slot(GPU, 9) is None
    four[1].close()
    alone = slots.free_slot(GPU, 9)
    assert alone.devices == ("3",)
    assert slots.free_slot(shared, 9) is None
    for slot in (alone, *four[2:]):
        slot.close()


def test_a_slot_is_kept_by_the_process_it_was_handed_to_and_freed_by_its_end():
    slot = slots.free_slot(CPU, 1)
    child = subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=slot.locks
    )
    slot.close()
    assert slots.free_slot(CPU, 1) is None
    child.kill()
    child.communicate()
    slots.free_slot(CPU, 1).close()


def test_a_folder_of_slots_that_others_can_write_to_is_refused(tmp_path):
    (tmp_path / f"study-slots-{os.getuid()}").mkdir(mode=0o700)
    (tmp_path / f"study-slots-{os.getuid()}").chmod(0o777)
    with pytest.raises(slots.private.__globals__["StoreError"], match="others can write"):
        slots.free_slot(CPU, 1)

"""Saves that are damaged on disk: training goes on from one that is not, to the same bits."""

import os
import random
from contextlib import suppress
from io import BytesIO
from zipfile import ZipFile

import numpy as np
import pytest
import torch

from study.errors import DamagedError
from study.store import archives
from study.store.records import EpochRow
from study.tasks.classification.train import fit
from study.trial.callbacks import Callbacks, Stopped
from tests.train.trials import IMAGES, recipe, resnet, same, timeless

THREE = recipe(epochs=3)


def trained(folder, stop=None, report=lambda row: None):
    """A trial, to its end or until it is stopped after so many updates (4 an epoch)."""
    calls = iter(range(1, 1000))
    caller = Callbacks(stop=lambda: next(calls) == stop, report=report)
    model = resnet()
    with suppress(Stopped):
        return model.state_dict(), fit(model, IMAGES, THREE, seed=0, folder=folder, caller=caller)
    return None


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    return trained(tmp_path_factory.mktemp("undisturbed"))


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """The two saves of a trial that was stopped within its third epoch."""
    folder = tmp_path_factory.mktemp("saved")
    trained(folder, stop=11)
    return {path.name: path.read_bytes() for path in folder.glob("*.tar")}


def flipped(content, bit):
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


DAMAGE = {
    "cut short": lambda content: content[:-1000],
    "half": lambda content: content[: len(content) // 2],
    "empty": lambda content: b"",
    "a block of zeros": lambda content: content[:8192] + bytes(4096) + content[12288:],
    "zeros at the end": lambda content: content[:-4096] + bytes(4096),
    "longer": lambda content: content + b"x",
}


def put(folder, saved, **changed):
    folder.mkdir(exist_ok=True)
    for name, content in (saved | changed).items():
        (folder / name).write_bytes(content)


def assert_same(ours, theirs):
    assert same(ours[0], theirs[0])
    assert same(ours[1].predictions, theirs[1].predictions)
    assert timeless(ours[1].history) == timeless(theirs[1].history)


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_save_is_set_aside_and_the_one_before_is_taken(
    damage, saved, undisturbed, tmp_path
):
    rows = []
    put(tmp_path, saved, **{"last.pth.tar": DAMAGE[damage](saved["last.pth.tar"])})
    assert_same(trained(tmp_path, report=rows.append), undisturbed)
    [aside] = tmp_path.glob("last.pth.tar.damaged-*")
    assert rows[0]["set_aside"] == str(aside)
    assert rows[0]["reason"]
    assert aside.read_bytes() == DAMAGE[damage](saved["last.pth.tar"])
    assert len([row for row in rows if isinstance(row, EpochRow)]) == 1  # the third epoch alone


@pytest.mark.heavy
@pytest.mark.parametrize("flips", [12, pytest.param(60, marks=pytest.mark.slow)])
def test_a_flipped_bit_is_never_another_number(saved, undisturbed, tmp_path, flips):
    moments = random.Random(26)
    for index in range(flips):
        name = moments.choice(sorted(saved))
        changed = flipped(saved[name], moments.randrange(8 * len(saved[name])))
        with pytest.raises(DamagedError):
            archives.checked(changed)
        put(tmp_path / str(index), saved, **{name: changed})
        assert_same(trained(tmp_path / str(index)), undisturbed)


def test_two_damaged_saves_leave_the_start(saved, undisturbed, tmp_path):
    put(tmp_path, {name: flipped(content, 80_000) for name, content in saved.items()})
    assert_same(trained(tmp_path), undisturbed)
    assert len(list(tmp_path.glob("*.damaged-*"))) == 2


@pytest.mark.parametrize("kind", ["folder", "pipe", "circle"])
def test_what_is_no_file_is_set_aside(kind, saved, undisturbed, tmp_path):
    put(tmp_path, saved)
    path = tmp_path / "last.pth.tar"
    path.unlink()
    make = {"folder": path.mkdir, "pipe": lambda: os.mkfifo(path)}
    make.get(kind, lambda: path.symlink_to(path))()
    assert_same(trained(tmp_path), undisturbed)
    assert list(tmp_path.glob("last.pth.tar.damaged-*"))


def test_a_kill_between_the_two_renames_of_a_save_loses_no_more_than_that_save(
    saved, undisturbed, tmp_path
):
    put(tmp_path, {"before.pth.tar": saved["last.pth.tar"]})
    assert_same(trained(tmp_path), undisturbed)


def test_a_save_of_an_earlier_version_is_read_and_its_flipped_bits_are_seen(
    saved, undisturbed, tmp_path
):
    content = BytesIO()
    torch.save(torch.load(BytesIO(saved["last.pth.tar"]), weights_only=True), content)
    put(tmp_path, {"last.pth.tar": content.getvalue()})
    rows = []
    assert_same(trained(tmp_path, report=rows.append), undisturbed)
    assert not [row for row in rows if "set_aside" in row]
    largest = max(ZipFile(content).infolist(), key=lambda member: member.file_size)
    at = largest.header_offset + largest.file_size // 2
    with pytest.raises(DamagedError, match="sums"):
        archives.checked(flipped(content.getvalue(), 8 * at))


def test_numpy_reads_a_sealed_archive():
    file = BytesIO()
    np.savez_compressed(file, target=np.arange(9))
    content = archives.checked(archives.sealed(file))
    assert np.load(BytesIO(content))["target"].tolist() == list(range(9))
    for bit in range(8 * len(content)):
        with pytest.raises(DamagedError):
            archives.checked(flipped(content, bit))

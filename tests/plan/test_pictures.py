"""Pictures of more than 8 bits, and files that cannot be read."""

import json
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from study.errors import DataError
from study.tasks.classification.data import validation
from study.tasks.classification.data.dataset import _load, _validation
from study.tasks.classification.schema import Data


def picture(root: Path, **more: object) -> np.ndarray:
    """The first picture to evaluate, as a trial sees it before its transform."""
    _validation.cache_clear()
    data = Data(name="folder", root=str(root), img_size=16, val_split=".", num_classes=2, **more)
    return np.asarray(validation(data, workers=0).val.picture(0)[0])


# ---- pictures of more than 8 bits ----


DEEP = {
    "16 bit": ("a.png", np.uint16, [0, 65535]),
    "16 bit tiff": ("a.tif", np.uint16, [0, 4095]),
    "32 bit": ("a.tif", np.int32, [-1000, 3000]),
    "float": ("a.tif", np.float32, [0.0, 1.0]),
}


@pytest.mark.parametrize("kind", DEEP)
@pytest.mark.parametrize("channels", [1, 3])
def test_grey_values_of_more_than_8_bits_are_scaled_from_a_given_range_or_refused(
    tmp_path, kind, channels
):
    name, dtype, span = DEEP[kind]
    values = np.linspace(*span, 256).reshape(16, 16).astype(dtype)
    (tmp_path / "one").mkdir()
    Image.fromarray(values).save(tmp_path / "one" / name)
    with pytest.raises(DataError, match=rf"one/{name} is a grey picture of 16 or 32 bits"):
        picture(tmp_path, in_chans=channels)
    seen = picture(tmp_path, in_chans=channels, grey_range=[float(v) for v in span])
    assert seen.shape == ((16, 16) if channels == 1 else (16, 16, 3))
    grey = seen if channels == 1 else seen[..., 0]
    low, high = span
    expected = (values.astype(float) - low) / (high - low) * 255
    assert np.abs(grey - expected).max() <= 0.5
    assert (grey.min(), grey.max()) == (0, 255)


def test_values_beyond_the_range_are_black_or_white(tmp_path):
    (tmp_path / "one").mkdir()
    Image.fromarray(np.array([[0, 100], [200, 9999]], np.uint16)).save(tmp_path / "one/a.png")
    assert picture(tmp_path, in_chans=1, grey_range=[100.0, 200.0]).tolist() == [[0, 0], [255, 255]]


def test_pictures_of_8_bits_are_as_they_were_whatever_the_range(pool):
    plain = picture(pool / "val")
    assert np.array_equal(plain, picture(pool / "val", grey_range=[0.0, 9.0]))
    with Image.open(pool / "val/dark/0.png") as file:
        assert np.array_equal(plain, np.asarray(file.convert("RGB")))


def test_numbers_that_are_none_are_refused(tmp_path):
    (tmp_path / "one").mkdir()
    Image.fromarray(np.array([[0, np.nan]], np.float32)).save(tmp_path / "one/a.tif")
    with pytest.raises(DataError, match="no finite numbers"):
        picture(tmp_path, grey_range=[0.0, 1.0])


# ---- files that cannot be read ----


def huge(path: Path, side: int) -> None:
    """A PNG of `side` x `side` pixels, in few bytes, of which only the head is read."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + check

    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b""))


def broken(pool: Path) -> list[str]:
    """Files that no decoder reads, and what of their names is told."""
    (pool / "train/dark/zero.png").touch()
    whole = (pool / "train/dark/0.png").read_bytes()
    (pool / "val/light/half.png").write_bytes(whole[: len(whole) // 2])
    huge(pool / "train/light/huge.png", 15_000)
    odd = os.fsencode(pool / "train/dark") + b"/caf\xe9\x1b[31m.png"
    Path(os.fsdecode(odd)).write_bytes(b"no picture")
    return ["zero.png", "half.png", "huge.png", r"caf\xe9\x1b[31m.png"]


@pytest.mark.parametrize("command", ["plan", "doctor"])
def test_every_file_that_cannot_be_read_is_named_where_all_are_checked(
    inside, of_pool, pool, command, monkeypatch
):
    from study.doctor import CHECKS

    for name in CHECKS.keys() - {"data"}:
        monkeypatch.delitem(CHECKS, name)
    file = of_pool()
    words = [command, file, "--check-images", *(["--on", "inline"] if command == "plan" else [])]
    assert inside(*words).returncode == 0
    _load.cache_clear()
    names = broken(pool)
    done = inside(*words)
    assert done.returncode == (2 if command == "plan" else 1), done.stderr
    assert all(name in done.stdout + done.stderr for name in names), done.stderr
    assert "225000000 pixels" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_trial_on_a_file_that_cannot_be_read_fails_with_its_name(inside, of_pool, pool):
    odd = os.fsencode(pool / "train/dark") + b"/caf\xe9.png"
    Path(os.fsdecode(odd)).write_bytes(b"no picture")
    done = inside("run", of_pool(), "--on", "inline", "--no-speed")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    rows = json.loads(inside("status", of_pool(), "--json").stdout)
    assert {row["state"] for row in rows} == {"failed"}
    assert all(r"caf\xe9.png cannot be decoded" in row["error"] for row in rows)

"""Images of a study from its plan to its results: decoded, checked, and known again."""

import json
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from study.cli.study_request import StudyRequest
from study.data import validation
from study.data.dataset import _load, _validation
from study.errors import DataError
from study.plan import image_summaries
from study.plan.identity import digest, resolved
from study.spec.schema import Data
from study.store import atomic
from tests.conftest import TINY

STUDY = TINY.replace("{name: digits, img_size: 64, train_limit: 64, val_limit: 40}", "DATA")


@pytest.fixture(autouse=True)
def _nothing_cached():
    yield
    _load.cache_clear()
    _validation.cache_clear()


@pytest.fixture
def pool(tmp_path):
    """Eight pictures of two classes to train on, and eight to evaluate."""
    draw = np.random.default_rng(0)
    for half in ("train", "val"):
        for number in range(8):
            place = tmp_path / "pool" / half / ("dark", "light")[number % 2]
            place.mkdir(parents=True, exist_ok=True)
            values = draw.integers(0, 100, (16, 16, 3)) + 155 * (number % 2)
            Image.fromarray(values.astype(np.uint8)).save(place / f"{number}.png")
    return tmp_path / "pool"


@pytest.fixture
def of_pool(tiny, pool):
    """The tiny study on these pictures."""

    def written(more: str = "", root: object = pool) -> Path:
        data = f"{{name: folder, root: {root}, img_size: 64{more}}}"
        tiny.write_text(STUDY.replace("DATA", data).replace("epochs: 2", "epochs: 1"))
        return tiny

    return written


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


# ---- told by the plan ----


def test_what_is_wrong_with_a_folder_is_told_at_its_place_before_anything_runs(
    inside, of_pool, pool
):
    (pool / "val/dark/x.heic").touch()
    file = of_pool(", val_split: val")
    column = file.read_text().splitlines()[3].index("val_split: val") + len("val_split: ") + 1
    for command in ("plan", "run"):
        done = inside(command, file)
        assert done.returncode == 2
        assert f"tiny.yaml:4:{column}" in done.stderr
        assert "1 .heic in dark cannot be read as pictures" in done.stderr
    done = inside("plan", of_pool(', ignore: ["*.heic"]'), "--on", "slurm")
    assert done.returncode == 0, done.stderr


def test_a_root_that_is_not_there_is_no_mistake_of_a_plan_that_knows_its_classes(inside, of_pool):
    done = inside("plan", of_pool(", num_classes: 2", root="/nowhere/x"), "--on", "slurm")
    assert done.returncode == 0, done.stderr
    assert "no images: data.root /nowhere/x does not exist" in done.stdout
    done = inside("plan", of_pool("", root="/nowhere/x"), "--on", "slurm")
    assert done.returncode == 2
    assert "data.root /nowhere/x does not exist" in done.stderr
    assert "tiny.yaml:4:30" in done.stderr


def test_variables_within_a_root_run_as_they_are_planned(inside, of_pool, pool, monkeypatch):
    monkeypatch.setenv("POOLS", str(pool.parent))
    done = inside("run", of_pool(root="$POOLS/pool"), "--on", "inline", "--no-speed")
    assert done.returncode == 0, done.stderr


def test_a_plan_of_a_folder_that_is_counted_already_imports_no_torch(study, inside, of_pool):
    file = of_pool()
    assert inside("plan", file, "--on", "inline").returncode == 0
    again = study("plan", file, python=["-X", "importtime"])
    assert again.returncode == 0, again.stderr
    assert "torch" not in {line.rpartition("|")[2].strip() for line in again.stderr.splitlines()}


# ---- names ----


def name(file: Path, **more: object) -> str:
    """Of the baseline, were its data so."""
    plan, _ = StudyRequest(file, None, (), file.parent / "results").plan()
    base = plan.baseline
    data = Data(**base.arm.config.data.model_dump() | more)
    config = type(base.arm.config)(**vars(base.arm.config) | {"data": data})
    return digest(resolved(config, base.cost_record), base.cost_record.defaults)


def test_only_what_changes_the_images_changes_the_name_of_a_trial(of_pool):
    plain = name(of_pool(root="pool", more=", num_classes: 2"))
    assert plain == name(of_pool(root="pool", more=", num_classes: 2"), ignore=["*.npy"])
    assert plain == name(of_pool(root="pool", more=", num_classes: 2"), class_folder="inner")
    others = {
        name(of_pool(root="pool", more=", num_classes: 2"), **more)
        for more in ({"class_folder": "outer"}, {"grey_range": [0.0, 4095.0]})
    }
    assert len({plain, *others}) == 3


# ---- results of other images ----


@pytest.fixture
def finished(inside, of_pool):
    file = of_pool()
    done = inside("run", file, "--on", "inline", "--no-speed")
    assert done.returncode == 0, done.stderr
    return file


def results(file: Path) -> list[Path]:
    return sorted((file.parent / "results" / "trials").glob("*/result.json"))


def test_a_result_keeps_the_fingerprint_of_its_images(finished, pool):
    data = Data(name="folder", root=str(pool))
    (today,) = {json.dumps(json.loads(file.read_text())["images"]) for file in results(finished)}
    image_summaries.forget()
    store = StudyRequest(finished, None, (), finished.parent / "results").plan()[1]
    today = json.loads(today)
    assert today == {k: one.plain for k, one in image_summaries.fingerprints(data, store).items()}


def test_images_that_changed_since_are_told_by_plan_run_and_report(inside, finished, pool):
    assert "changed since" not in inside("plan", finished).stdout
    for path in sorted((pool / "val").rglob("*.png"))[::2]:
        path.unlink()
    said = f"the images in {pool} changed since (validation: 8 pictures then, 4 now): 4 results"
    assert said in inside("plan", finished).stdout
    again = inside("run", finished, "--on", "inline", "--no-speed")
    assert f"note: {said}" in again.stderr
    assert said in again.stdout
    assert said in inside("status", finished).stderr


def test_another_root_under_one_name_is_told(inside, of_pool, pool, monkeypatch):
    monkeypatch.setenv("POOL", str(pool))
    file = of_pool(root="$POOL")
    assert inside("run", file, "--on", "inline", "--no-speed").returncode == 0
    pool.rename(pool.parent / "moved")
    monkeypatch.setenv("POOL", str(pool.parent / "moved"))
    assert "changed since" not in inside("plan", file).stdout
    other = pool.parent / "other"
    for half in ("train", "val"):
        for label in ("a", "b", "c"):
            (other / half / label).mkdir(parents=True)
            Image.new("L", (8, 8)).save(other / half / label / "1.png")
    monkeypatch.setenv("POOL", str(other))
    told = inside("plan", of_pool(", num_classes: 2", root="$POOL")).stderr
    assert "has 3 classes, which num_classes: 2 excludes" not in told  # all trials are done
    for label in ("train/c", "val/c"):
        (other / label / "1.png").unlink()
        (other / label).rmdir()
    said = inside("plan", file).stdout
    assert "changed since (train: 8 pictures then, 2 now; validation: 8 pictures then" in said


def test_results_without_a_fingerprint_are_not_accused(inside, finished, pool):
    for path in results(finished):
        record = json.loads(path.read_text())
        del record["images"]
        atomic.write(path, record)
    (pool / "val/dark/0.png").unlink()
    told = inside("plan", finished).stdout
    assert "changed since" not in told
    assert "earlier version" not in told
    Image.new("RGB", (8, 8)).save(pool / "train/dark/x.webp")
    assert f"in {pool} an earlier version left out 1 .webp: 4 results" in (
        inside("plan", finished).stdout
    )


def test_results_of_two_states_are_told_where_the_images_are_gone(inside, finished, pool):
    record = json.loads(results(finished)[0].read_text())
    record["images"]["train"]["digest"] = "0"
    atomic.write(results(finished)[0], record)
    pool.rename(pool.parent / "away")
    finished.write_text(
        finished.read_text().replace("img_size: 64", "img_size: 64, num_classes: 2")
    )
    assert "of 2 different states of the images" in inside("plan", finished).stdout


def test_a_trial_goes_on_only_on_the_images_that_it_began_on(inside, finished, pool):
    for path in results(finished):
        path.unlink()
    (pool / "train/dark/0.png").unlink()
    done = inside("run", finished, "--on", "inline", "--no-speed")
    assert done.returncode == 1
    rows = json.loads(inside("status", finished, "--json").stdout)
    assert all("the images changed since this trial began (train)" in r["error"] for r in rows)


@pytest.mark.slow
def test_a_plan_whose_timed_steps_come_upon_a_bad_picture_does_not_say_run_it(
    inside, of_pool, pool
):
    for picture in pool.rglob("*.png"):
        picture.write_bytes(b"")
    done = inside("plan", of_pool())
    assert done.returncode == 2
    assert "trials of the baseline would fail" in done.stderr
    assert "cannot be decoded" in done.stderr
    assert "run it" not in done.stderr


def test_an_unfinished_trial_of_other_images_is_told(inside, finished, pool):
    path = results(finished)[0]
    path.unlink()
    (pool / "train/dark/0.png").unlink()
    said = inside("plan", finished).stdout
    assert "began on other images" in said
    assert path.parent.name in said


def test_what_is_wrong_with_images_is_told_beside_other_mistakes(inside, of_pool, pool):
    (pool / "val/dark").rename(pool / "val/Dark")
    file = of_pool()
    file.write_text(file.read_text().replace("batch_size: 32", "batch_size: 32, opt: sdg"))
    assert "opt: sdg" in file.read_text()
    said = inside("plan", file).stderr
    assert 'unknown recipe.opt "sdg"' in said
    assert "Dark" in said

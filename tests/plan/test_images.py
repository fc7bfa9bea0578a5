"""Images of a study from its plan to its results: checked, and known again."""

import json
from pathlib import Path

import pytest
from PIL import Image

from study.cli.options import StudyRequest
from study.store import atomic
from study.tasks.classification.plan import image_summaries
from study.tasks.classification.plan.identity import digest, resolved
from study.tasks.classification.schema import Data

# ---- told by the plan ----


@pytest.mark.heavy
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
    assert today == {
        k: fingerprint.plain for k, fingerprint in image_summaries.fingerprints(data, store).items()
    }


@pytest.mark.heavy
def test_images_that_changed_since_are_told_by_plan_run_and_report(inside, finished, pool):
    assert "changed since" not in inside("plan", finished).stdout
    for path in sorted((pool / "val").rglob("*.png"))[::2]:
        path.unlink()
    message = f"the images in {pool} changed since (validation: 8 pictures then, 4 now): 4 results"
    assert message in inside("plan", finished).stdout
    again = inside("run", finished, "--on", "inline", "--no-speed")
    assert f"note: {message}" in again.stderr
    assert message in again.stdout
    assert message in inside("status", finished).stderr


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
    errors = inside("plan", of_pool(", num_classes: 2", root="$POOL")).stderr
    assert "has 3 classes, which num_classes: 2 excludes" not in errors  # all trials are done
    for label in ("train/c", "val/c"):
        (other / label / "1.png").unlink()
        (other / label).rmdir()
    output = inside("plan", file).stdout
    assert "changed since (train: 8 pictures then, 2 now; validation: 8 pictures then" in output


def test_results_without_a_fingerprint_are_not_accused(inside, finished, pool):
    for path in results(finished):
        record = json.loads(path.read_text())
        del record["images"]
        atomic.write(path, record)
    (pool / "val/dark/0.png").unlink()
    output = inside("plan", finished).stdout
    assert "changed since" not in output
    assert "earlier version" not in output
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


@pytest.mark.heavy
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
    done = inside("plan", of_pool(), "--estimate")
    assert done.returncode == 2
    assert "trials of the baseline would fail" in done.stderr
    assert "cannot be decoded" in done.stderr
    assert "run it" not in done.stderr


def test_an_unfinished_trial_of_other_images_is_told(inside, finished, pool):
    path = results(finished)[0]
    path.unlink()
    (pool / "train/dark/0.png").unlink()
    output = inside("plan", finished).stdout
    assert "began on other images" in output
    assert path.parent.name in output


def test_what_is_wrong_with_images_is_told_beside_other_mistakes(inside, of_pool, pool):
    (pool / "val/dark").rename(pool / "val/Dark")
    file = of_pool()
    file.write_text(file.read_text().replace("batch_size: 32", "batch_size: 32, opt: sdg"))
    assert "opt: sdg" in file.read_text()
    message = inside("plan", file).stderr
    assert 'unknown recipe.opt "sdg"' in message
    assert "Dark" in message

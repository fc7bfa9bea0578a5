"""Studies of the images that people have: class folders, a CSV, arrays."""

import json

import numpy as np
import pytest
from PIL import Image

from tests.data.digits import digit

STUDY = """\
question: Does it run?
baseline:
  model: test_rest
  data: {DATA, img_size: 64}
  recipe: {name: smoke, epochs: 1, batch_size: 16MORE}
factors:
  model.reduction: {DW: depthwise, Avg: average}
seeds: 2
columns: [params, top1]
"""
KINDS = {
    "folder": "name: folder, root: images/pool, split: 0.2",
    "csv": "name: csv, root: images, train: train.csv, val: val.csv",
    "drawn csv": "name: csv, root: images, train: train.csv, split: 0.2",
    "npz": "name: npz, root: four.npz, in_chans: 4",
}


@pytest.fixture
def images(tmp_path):
    """Forty digits as class folders, in two CSVs, and as arrays of four channels."""
    rows, pixels, labels = [], [], []
    for index in range(40):
        picture, target = digit(index)
        name = f"pool/{target}/{index}.png"
        (tmp_path / "images" / name).parent.mkdir(parents=True, exist_ok=True)
        picture.save(tmp_path / "images" / name)
        rows.append(f"{name},{target}")
        pixels.append(np.stack([np.asarray(picture.convert("L"))] * 4, -1))
        labels.append(target)
    for half, some in (("train", slice(30)), ("val", slice(30, None))):
        text = "\n".join(["path,label", *rows[some]])
        (tmp_path / "images" / f"{half}.csv").write_text(text)
    x, y = np.stack(pixels), np.array(labels)
    parts = {"x_train": x[:30], "y_train": y[:30], "x_val": x[30:], "y_val": y[30:]}
    np.savez(tmp_path / "four.npz", **parts)
    return tmp_path


def written(tmp_path, kind, more=""):
    text = STUDY.replace("DATA", KINDS[kind]).replace("MORE", more)
    (tmp_path / "x.yaml").write_text(text)
    return "x.yaml"


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_study_of_them_runs_and_notices_that_they_changed(study, images, kind):
    file = written(images, kind)
    done = study("run", file, "--on", "inline", "--no-speed")
    assert done.returncode == 0, done.stderr
    results = [json.loads(p.read_text()) for p in images.glob("results/trials/*/result.json")]
    assert len(results) == 4
    # Every arm and every seed trains on the same images.
    assert len({json.dumps(result["images"], sort_keys=True) for result in results}) == 1
    # Not its status, which depends on the machine.
    assert f"ok    data {kind.split()[-1]}: " in study("doctor", file).stdout
    assert study("export", file).returncode == 0
    _change(images, kind)
    planned = study("plan", file)
    assert (planned.returncode, "4 results are of other images" in planned.stdout) == (0, True)


def _change(images, kind):
    if kind == "npz":
        arrays = dict(np.load(images / "four.npz"))
        np.savez(images / "four.npz", **(arrays | {"x_val": 255 - arrays["x_val"]}))
    elif kind == "folder":
        Image.new("RGB", (9, 9)).save(images / "images/pool/0/new.png")
    else:
        (images / "images/pool/0/new.png").write_bytes(
            (images / "images/pool/0/0.png").read_bytes()
        )
        with (images / "images/train.csv").open("a") as file:
            file.write("\npool/0/new.png,0\n")


@pytest.mark.heavy
def test_mistakes_are_told_by_the_plan_and_nothing_runs(inside, images):
    with (images / "images/train.csv").open("a") as file:
        file.write("\npool/0/gone.png,0\n")
    for command in ("plan", "run"):
        done = inside(command, written(images, "csv"), "--on", "inline")
        assert (done.returncode, "x.yaml:4:" in done.stderr) == (2, True)
        assert "images/train.csv:32: images/pool/0/gone.png cannot be read" in done.stderr
    done = inside("plan", written(images, "npz", ", color_jitter: 0.4"), "--on", "inline")
    assert (done.returncode, "color_jitter changes RGB images" in done.stderr) == (2, True)
    file = images / written(images, "folder")
    file.write_text(file.read_text().replace("split: 0.2", "split: 0.2, train_split: train"))
    done = inside("plan", "x.yaml", "--on", "inline")
    assert "x.yaml:4:68" in done.stderr
    assert "train_split: split draws the validation images; leave it out" in done.stderr
    assert not list(images.glob("results/trials/*"))

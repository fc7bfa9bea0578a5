"""A study of images with several labels: its columns, what it refuses, and its numbers."""

import numpy as np
import pytest

STUDY = """\
question: Does it run?
baseline:
  model: test_rest
  data: {name: npz, root: a.npz, img_size: 64, multi_label: true}
  recipe: {name: smoke, epochs: 1, batch_size: 8, loss: bce, mixup: 0.2}
factors:
  recipe.loss: {BCE: bce, ASL: asl}
seeds: 1
"""


@pytest.fixture
def file(tmp_path):
    draw = np.random.default_rng(0)
    parts = {}
    for half, count in (("train", 24), ("val", 12)):
        parts[f"x_{half}"] = draw.integers(0, 256, (count, 16, 16), np.uint8)
        parts[f"y_{half}"] = draw.integers(0, 2, (count, 3))
    np.savez(tmp_path / "a.npz", **parts)
    path = tmp_path / "several.yaml"
    path.write_text(STUDY)
    return path


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "columns: [params, top5]",
            "top5: an image with several labels has no class",
        ),
        ("columns: [map, ece@96]", "ece: an image with several labels"),
        ("margins: {top1: 1}", "top1: an image with several labels"),
    ],
)
def test_a_metric_of_one_label_is_refused_at_its_place(inside, file, line, message):
    file.write_text(f"{STUDY}{line}\n")
    done = inside("plan", file)
    assert (done.returncode, message in done.stderr) == (2, True), done.stderr
    assert "several.yaml:9:" in done.stderr


@pytest.mark.heavy
def test_a_metric_of_several_labels_is_refused_of_digits(inside, file):
    text = STUDY.replace("{name: npz, root: a.npz, img_size: 64, multi_label: true}", "digits")
    file.write_text(text.replace("ASL: asl", "CE: ce") + "columns: [map]\n")
    done = inside("plan", file)
    assert done.returncode == 2
    assert "map: it is of images with several labels" in done.stderr


@pytest.mark.slow
def test_it_runs_and_prints_map(study, file):
    done = study("run", file)
    assert done.returncode == 0, done.stderr
    assert "mAP" in done.stdout
    trials = sorted(path.name for path in (file.parent / "results/trials").iterdir())
    given = f"weights: {{A: trial:{trials[0]}, B: trial:{trials[1]}}}"
    text = STUDY.replace("{name: smoke, epochs: 1, batch_size: 8, loss: bce, mixup: 0.2}", "none")
    text = text.replace("recipe.loss: {BCE: bce, ASL: asl}", given)
    (file.parent / "given.yaml").write_text(text)
    evaluated = study("run", "given.yaml")
    assert evaluated.returncode == 0, evaluated.stderr
    assert "mAP: no interval" in evaluated.stdout
    compared = study("compare", file, "BCE", "ASL")
    assert compared.returncode == 0, compared.stderr
    assert "McNemar" not in compared.stdout

"""A study of images that are not square: planned, trained, evaluated, timed and printed."""

import json

import pytest

STUDY = """\
question: Do oblong images cost what their area says?
baseline:
  model: test_rest
  data: {name: digits, img_size: 64, train_limit: 64, val_limit: 40}
  recipe: {name: smoke, epochs: 1, batch_size: 32, mixup: 0.8, cutmix: 1.0, reprob: 0.5}
factors:
  data.img_size: [64, [64, 96]]
  model: [test_rest, test_resnet]
seeds: 1
columns: [params, macs, top1, top1@96x64, throughput, memory]
timing: {seconds: 1, batch_size: 4}
protocol: {data: digits, img_size: [64, 96]}
published: {64×96: {top1: 12.5, status: verified, source: here}}
"""


@pytest.mark.slow
def test_a_study_of_oblong_images_goes_from_plan_to_table(study, tmp_path):
    (tmp_path / "oblong.yaml").write_text(STUDY)
    done = study("run", "oblong.yaml", "--on", "inline")
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    text = (tmp_path / "reports/oblong/table.md").read_text()
    assert "64×96" in text
    assert "Top-1 at 96×64 px" in text
    for trial in (tmp_path / "results" / "trials").iterdir():
        assert json.loads((trial / "at-96x64.json").read_text())["metrics"]["top1"] >= 0


VIT = """\
question: Are positions where they were?
baseline:
  model: test_vit
  data: {name: digits, img_size: [64, 96], train_limit: 32, val_limit: 20}
  recipe: {name: smoke, epochs: 1, batch_size: 32}
columns: [top1]
"""


@pytest.mark.slow
def test_positions_of_a_trial_are_not_taken_for_those_of_another_grid(study, tmp_path):
    (tmp_path / "vit.yaml").write_text(VIT)
    assert study("run", "vit.yaml", "--on", "inline").returncode == 0
    (trial,) = (path.name for path in (tmp_path / "results" / "trials").iterdir())
    weights = VIT.replace("columns", f"  weights: trial:{trial}\ncolumns").replace(
        "smoke, ep", "smoke, warmup_epochs: 0, ep"
    )
    (tmp_path / "again.yaml").write_text(weights)
    assert study("plan", "again.yaml").returncode == 0
    (tmp_path / "turned.yaml").write_text(weights.replace("[64, 96]", "[96, 64]"))
    refused = study("plan", "turned.yaml")
    assert refused.returncode == 2
    assert "its positions mean other places at 96×64" in refused.stderr

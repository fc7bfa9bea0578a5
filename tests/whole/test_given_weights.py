"""A study of networks that are trained already: run, table, claims and figures rest on images."""

import json
import shutil

import pytest

from study.api.request import StudyRequest
from tests.conftest import ROOT

DATA = "data: {name: digits, img_size: 64}"
TRAINED = f"""\
question: Which tiny network?
baseline: {{model: test_rest, {DATA}, recipe: {{name: smoke, epochs: 2}}}}
factors: {{model: {{ResT: test_rest, ResNet: test_resnet, ViT: test_vit}}}}
seeds: 1
columns: [params, macs, top1]
"""
GIVEN = f"""\
question: Which network is worth its latency, and at which size?
baseline:
  model: {{name: test_rest, checkpoint_path: test_rest.pth}}
  {DATA}
  recipe: none
factors:
  model:
    ResT: {{name: test_rest, checkpoint_path: test_rest.pth}}
    ResNet: {{name: test_resnet, checkpoint_path: test_resnet.pth}}
    ViT: {{name: test_vit, checkpoint_path: test_vit.pth}}
seeds: 1
columns: [params, macs, latency_p50, top1, top1@96]
timing: {{seconds: 1}}
claims: [ViT is worse than ResT on top1]
"""


@pytest.mark.slow
def test_given_weights_have_a_table_with_intervals_and_figures(study, tmp_path):
    (tmp_path / "trained.yaml").write_text(TRAINED)
    assert study("run", "trained.yaml", "--on", "inline", "--no-speed").returncode == 0
    for trial in (tmp_path / "results" / "trials").iterdir():
        name = json.loads((trial / "result.json").read_text())["config"]["model"]["name"]
        shutil.copy(trial / "last.pth.tar", tmp_path / f"{name}.pth")
    (tmp_path / "given.yaml").write_text(GIVEN)
    done = study("run", "given.yaml", "--on", "inline")
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    text = (tmp_path / "reports/given/table.md").read_text()
    assert "95 % bootstrap interval over 360 images" in text
    assert "Top-1 at 96 px: no interval" in text
    assert (tmp_path / "reports/given/figures/pareto.svg").is_file()
    (claim,) = json.loads(study("claims", "given.yaml", "--json").stdout)
    assert claim["state"] == "supported"
    assert "360 images" in claim["why"]


def test_the_example_reads(tmp_path):
    path = ROOT / "examples" / "weights.yaml"
    request = StudyRequest(path, None, (), tmp_path, stand_ins={"IMAGENET": "/data"})
    file = request.read()
    assert not file.problems
    assert file.study.factors[0].path == "model"

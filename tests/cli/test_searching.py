"""A search of a real network on the command line: from the plan to what it leaves behind."""

import json

import pytest

pytestmark = pytest.mark.slow
TEXT = """\
question: What does accuracy cost?
baseline:
  model: test_rest
  data: {name: digits, img_size: 64, train_limit: 96, val_limit: 40}
  recipe: {name: smoke, epochs: 1, batch_size: 32}
seeds: 2
columns: [params, macs, top1]
search:
  space:
    model.reduction: {DW: depthwise, Avg: average}
    model.head_mix: [true, false]
    model.mlp_ratios: [[4, 4, 4, 4], [2, 2, 2, 2], [6, 6, 6, 6]]
  objectives: [top1, macs]
  constraints:
    macs: {max: 1.1x}
  trials: 6
  batch: 3
  keep: 2
"""


def test_a_search_runs_to_its_report_and_runs_once(study, tmp_path):
    file = tmp_path / "cost.yaml"
    file.write_text(TEXT)
    before = study("plan", file, "--json")
    assert before.returncode == 0, before.stderr
    assert len(json.loads(before.stdout)["search"]["candidates"]) == 3
    first = study("run", file, "--on", "inline")
    assert first.returncode == 0, first.stderr
    assert "refused before training for their cost" in first.stdout
    plan = json.loads(study("plan", file, "--json").stdout)
    search = plan["search"]
    assert (search["ended"], plan["missing"]) == (6, 0)
    assert search["refused"]["constraints"]["macs"] > 0
    most = 1.1 * plan["arms"][0]["cost"]["macs"]
    assert all(candidate["objectives"][1] <= most for candidate in search["candidates"])
    labels = [candidate["arm"] for candidate in search["candidates"] if candidate["arm"]]
    assert {arm["label"] for arm in plan["arms"]} == {"baseline", *labels}
    trials = {path.name for path in (tmp_path / "results" / "trials").iterdir()}
    assert len(trials) == 6 + 2 * len(plan["arms"])
    report = tmp_path / "reports" / "cost"
    assert len((report / "proposals.csv").read_text().splitlines()) == 7
    assert (report / "figures" / "search.png").stat().st_size > 10_000
    again = study("run", file, "--on", "inline")
    assert "nothing to train" in again.stderr
    for words in (["status", file], ["results", file], ["export", file], ["claims", file]):
        other = study(*words)
        assert other.returncode == 0, other.stderr
    # No trial is one that the study does not refer to.
    clean = study("clean", "--dry-run")
    assert "no study and no run refers" not in clean.stdout

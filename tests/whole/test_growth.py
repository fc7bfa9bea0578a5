"""Studies that grow: workers add the trials that results call for, also after they were killed."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from study.store.store import Store
from tests.conftest import ROOT

TOY = ROOT / "tests" / "tasks" / "toy.py"
BOWL = """\
task: toy
question: Does momentum help?
baseline:
  args: {rate: 0.01, steps: 100}
factors:
  args.momentum: {none: 0.0, tiny: 0.01, small: 0.02, half: 0.5}
seeds: {min: 3, max: 8, stop: decided}
columns: [work, height]
"""
DECIDED = dict.fromkeys(["none", "tiny", "small", "half"], 4)


@pytest.fixture
def bowl(tmp_path):
    path = tmp_path / "bowl.yaml"
    path.write_text(BOWL)
    return path


def arms(study, bowl):
    plan = json.loads(study("plan", bowl, "--import", TOY, "--json").stdout)
    assert plan["missing"] == 0
    return {arm["label"]: len(arm["trials"]) for arm in plan["arms"]}


@pytest.mark.slow
@pytest.mark.parametrize("how", [["--on", "inline"], ["--workers", "2"]])
def test_a_study_grows_until_its_comparisons_are_decided(study, bowl, how):
    done = study("run", bowl, "--import", TOY, *how)
    assert done.returncode == 0, done.stderr
    assert arms(study, bowl) == DECIDED
    report = (bowl.parent / "reports" / "bowl" / "table.md").read_text()
    assert "repeated 95 % interval" in report
    assert "3 of 3 comparisons" in report
    again = study("run", bowl, "--import", TOY, *how)
    assert "nothing to train" in again.stderr


@pytest.mark.slow
def test_an_edit_of_the_file_changes_no_run_that_has_begun(study, bowl):
    running = subprocess.Popen(
        [sys.executable, "-m", "study", "run", str(bowl), "--import", str(TOY), "--workers", "1"],
        cwd=bowl.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    jobs = bowl.parent / "results" / "jobs"
    while running.poll() is None and not list(jobs.glob("*/job.json")):
        time.sleep(0.05)
    bowl.write_text(BOWL.replace("tiny: 0.01", "tiny: 0.02"))
    text = running.communicate()[0]
    assert running.returncode == 0, text
    assert "changed during this run" in text
    bowl.write_text(BOWL)
    assert arms(study, bowl) == DECIDED


@pytest.mark.slow
def test_killed_workers_of_a_growing_study_lose_nothing(study, bowl):
    command = [sys.executable, "-m", "study", "run", str(bowl), "--import", str(TOY)]
    for _ in range(3):
        running = subprocess.Popen(
            [*command, "--workers", "2"],
            cwd=bowl.parent,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        before = len(Store(bowl.parent / "results").results())
        while running.poll() is None and len(Store(bowl.parent / "results").results()) <= before:
            time.sleep(0.05)
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()
    done = study("run", bowl, "--import", TOY)
    assert done.returncode == 0, done.stderr
    assert arms(study, bowl) == DECIDED

"""The spend of a run, by which workers decide to start another trial."""

import os
import sys
import time

import pytest

from study.launch import job as job_folder
from study.launch import spending
from study.launch.worker import Worker, claim
from study.store.store import Store
from tests.conftest import ROOT
from tests.launch.conftest import ordered
from tests.registries import restorer

NAMES = ["a-0", "b-0"]
HOUR = {"text": "1h", "unit": "h", "seconds": 3600.0}
CORES = {"text": "1cpuh", "unit": "cpuh", "seconds": 3600.0}


def made_before(job, seconds):
    """The job as if it had been made so many seconds earlier."""
    file = job / "job.json"
    then = file.stat().st_mtime - seconds
    os.utime(file, (then, then))
    return job


def test_a_worker_starts_trials_until_the_wall_time_is_spent(store):
    job = ordered(store, NAMES, budget=HOUR)
    name, lease = claim(Worker(job), NAMES)
    lease.release()
    assert name == "a-0"
    made_before(job, 3601)
    assert claim(Worker(job), NAMES) is None
    spent = spending.spend(job, job_folder.order(job))
    assert spent.is_over
    assert spent.left.seconds == 0


def test_a_job_without_a_budget_is_never_spent(store):
    job = made_before(ordered(store, NAMES), 10**8)
    assert spending.spend(job, job_folder.order(job)) is None
    name, lease = claim(Worker(job), NAMES)
    lease.release()
    assert name == "a-0"


def worked(job, seconds):
    """A trial of the job was at work for so many seconds."""
    began = time.time_ns() - 10**12
    file = job / f"busy.{began}.{seconds:x}"
    file.touch()
    os.utime(file, ns=(began, began + seconds * 10**9))


def test_core_hours_count_the_threads_of_trials_at_work(store):
    job = made_before(ordered(store, NAMES, budget=CORES, threads=2), 10**8)
    worked(job, 600)
    worked(job, 900)
    assert spending.spend(job, job_folder.order(job)).seconds == pytest.approx(3000)
    assert not spending.is_spent(job, job_folder.order(job))
    worked(job, 301)
    assert spending.is_spent(job, job_folder.order(job))


def test_a_trial_at_work_leaves_its_time_in_the_job(store):
    job = ordered(store, NAMES, budget=CORES)
    with spending.counted(job, job_folder.order(job)):
        assert len([*job.glob("busy.*")]) == 1
    assert 0 <= spending.spend(job, job_folder.order(job)).seconds < 60
    with spending.counted(ordered(store, NAMES, budget=HOUR), job_folder.order(job)):
        pass


def test_jobs_of_other_budgets_have_other_workers(store):
    first, second = (ordered(store, ["a-0"], budget=HOUR) for _ in range(2))
    ordered(store, ["b-0"])
    assert job_folder.alike(first) == [first, second]
    assert job_folder.queue(first) == ["a-0"]


BOWL = """\
task: toy
question: Does momentum help?
baseline:
  args: {rate: 0.01, steps: 100}
factors:
  args.momentum: {none: 0.0, half: 0.5}
seeds: 4
columns: [work, height]
"""
AGES = """
        jobs = sorted((trial.folder.parents[1] / "jobs").glob("*/job.json"))
        if len([*trial.folder.parent.glob("*/result.json")]) in (2, 3):
            os.utime(jobs[-1], (1e9, 1e9))  # the budget is spent during the third trial
"""


@pytest.fixture
def ageing(tmp_path):
    """A study whose third trial takes until its budget is spent, and its plugin."""
    restore = restorer()
    (tmp_path / "bowl.yaml").write_text(BOWL)
    head = "    def run(self, trial: RunningTrial) -> Finished:\n"
    source = (ROOT / "tests/tasks/toy.py").read_text()
    (tmp_path / "toy.py").write_text(source.replace(head, head + AGES.lstrip("\n")))
    yield "bowl.yaml", "--import", "toy.py"
    restore()
    sys.modules.pop("toy", None)


@pytest.mark.heavy
def test_a_run_ends_when_its_budget_is_spent_and_goes_on_with_another(inside, ageing, tmp_path):
    words = ("run", *ageing, "--on", "inline", "--budget", "1h")
    first = inside(*words)
    assert first.returncode == 3
    assert "5 trials or evaluations without a result" in first.stderr
    assert "seeds 1, 2, 3 of half; the budget of 1h is spent" not in first.stderr
    assert "the budget of 1h is spent" in first.stderr
    assert "continue with: study run bowl.yaml --import toy.py --on inline --budget 1h" in (
        first.stderr
    )
    assert len(Store(tmp_path / "results").results()) == 3
    assert "budget of 1h: spent" in inside("status", *ageing).stdout
    assert inside(*words).returncode == 3  # a trial more, at whose start the next job ages
    done = inside(*words)
    assert done.returncode == 0, done.stderr
    assert len(Store(tmp_path / "results").results()) == 8
    assert "budget" not in inside("status", *ageing).stdout


@pytest.mark.slow
def test_two_workers_finish_what_runs_when_the_budget_is_spent(study, ageing, tmp_path):
    first = study("run", *ageing, "--workers", "2", "--budget", "1h")
    assert first.returncode == 3, first.stderr
    assert "the budget of 1h is spent" in first.stderr
    # Two trials make the third age the job, beside which the other worker may have one at work.
    assert 3 <= len(Store(tmp_path / "results").results()) <= 5
    rest = study("run", *ageing, "--workers", "2")
    assert rest.returncode == 0, rest.stderr


@pytest.mark.parametrize("words", [["--budget", "8"], ["--budget", "8h", "--price", "2/h"]])
@pytest.mark.parametrize("command", ["plan", "run"])
def test_a_budget_that_is_none_is_refused_before_anything_starts(inside, ageing, command, words):
    done = inside(command, *ageing, *words)
    assert done.returncode == 2
    assert "--price" in done.stderr
    assert "Traceback" not in done.stderr

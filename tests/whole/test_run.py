"""The line from a study file to a table, whole; and that nothing that happens on it is lost."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.conftest import environment
from tests.registries import restorer

BROKEN = """\
from study.tasks.classification.train.losses import LOSSES


def broken(recipe):
    raise RuntimeError("nonsense")


LOSSES["broken"] = broken
"""
"""A plugin with a loss that fails in every trial."""


@pytest.fixture
def registries():
    restore = restorer()
    yield
    restore()


def table(study, file: Path) -> str:
    done = study("report", file)
    assert done.returncode == 0, done.stderr
    return (file.parent / "reports" / file.stem / "table.md").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("on", ["local", "inline"])
def test_a_study_runs_and_a_second_run_starts_nothing(study, tiny, on):
    first = study("run", tiny, "--on", on, "--no-speed")
    assert first.returncode == 0, first.stderr
    assert "DW" in first.stdout
    assert "Avg" in first.stdout
    assert first.stderr.count(" done ") == 4
    jobs = list((tiny.parent / "results" / "jobs").iterdir())
    second = study("run", tiny, "--on", on, "--no-speed", python=["-X", "importtime"])
    assert second.returncode == 0
    assert "nothing to train" in second.stderr
    assert "the report is current: reports/tiny" in second.stderr
    assert second.stdout == first.stdout  # plain text both times
    assert not [line for line in second.stderr.splitlines() if line.endswith("| torch")]
    assert list((tiny.parent / "results" / "jobs").iterdir()) == jobs


@pytest.mark.heavy
def test_a_study_runs_in_a_process_of_its_own(inside, tiny):
    tiny.write_text(tiny.read_text().replace("seeds: 2", "seeds: 1"))
    done = inside("run", tiny, "--on", "local", "--workers", 1, "--no-speed")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count(" done ") == 2
    assert "wrote" in done.stderr
    assert "Avg" in done.stdout


@pytest.fixture
def watching(tiny):
    """A report that is made anew whenever there is more."""
    command = [sys.executable, "-m", "study", "report", str(tiny), "--watch"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=tiny.parent, env=environment(), **pipes) as process:
        yield process
        process.kill()


@pytest.mark.slow
def test_a_report_is_made_anew_while_the_study_runs_and_ends_with_it(study, tiny, watching):
    assert study("run", tiny, "--no-speed").returncode == 0
    shown, errors = watching.communicate(timeout=120)
    assert watching.returncode == 0, errors
    assert errors.count("wrote ") >= 2
    assert "4 of 4 trials are missing" in shown
    assert "trials are missing" not in shown.rpartition("tiny:")[2]


@pytest.mark.heavy
def test_ctrl_c_ends_the_watching_of_a_report(tiny, watching):
    assert "wrote" in watching.stderr.readline()
    watching.send_signal(signal.SIGINT)
    assert watching.wait(timeout=60) == 130
    assert "Traceback" not in watching.stderr.read()


@pytest.mark.slow
def test_two_launchers_come_to_the_same_numbers(study, tiny):
    tables = []
    for on in ("inline", "local"):  # the drills compare Slurm with these
        assert study("run", tiny, "--on", on, "--no-speed", "--store", on).returncode == 0
        study("report", tiny, "--store", on, "--reports", f"reports-{on}")
        tables.append((tiny.parent / f"reports-{on}" / "tiny" / "table.md").read_text())
    assert len(set(tables)) == 1


@pytest.mark.heavy
def test_a_failing_arm_stops_no_other_and_only_it_is_tried_again(inside, tiny, registries):
    text = tiny.read_text().replace(
        "model.reduction: {DW: depthwise, Avg: average}",
        "recipe.loss: {good: ce, bad: broken}",
    )
    tiny.write_text(text)
    own = tiny.with_name("own.py")
    own.write_text(BROKEN)
    command = ("run", tiny, "--import", own, "--on", "inline", "--no-speed")
    first = inside(*command)
    assert first.returncode == 1, first.stderr
    assert first.stderr.count(" fail ") == 2
    assert first.stderr.count(" done ") == 2
    assert "nonsense" in first.stderr
    assert "Traceback" not in first.stderr
    again = inside(*command)
    assert again.returncode == 1
    assert (again.stderr.count(" start "), again.stderr.count(" done ")) == (2, 0)


@pytest.mark.heavy
def test_a_diverged_trial_is_a_result(inside, tiny):
    tiny.write_text(tiny.read_text().replace("batch_size: 32", "batch_size: 32, lr: 1e30"))
    done = inside("run", tiny, "--on", "inline", "--no-speed")
    assert done.returncode == 0, done.stderr
    assert "state=diverged" in done.stderr
    assert "diverged" in done.stdout


@pytest.mark.heavy
def test_studies_share_the_arms_they_have_in_common(inside, tiny):
    other = tiny.with_name("other.yaml")
    other.write_text(
        tiny.read_text().replace("{DW: depthwise, Avg: average}", "{DW: depthwise, Max: maximum}")
    )
    assert inside("run", tiny, "--on", "inline", "--no-speed").returncode == 0
    plan = json.loads(inside("plan", other, "--json").stdout)
    done = {a["label"]: [t["state"] for t in a["trials"]] for a in plan["arms"]}
    assert done == {"DW": ["completed"] * 2, "Max": ["pending"] * 2}


def start(file: Path, *words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "study", "run", str(file), "--no-speed", *words],
        cwd=file.parent,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for(line: str, process: "subprocess.Popen[str]") -> None:
    for text in process.stderr:
        if line in text:
            return
    pytest.fail(f"ended before it said {line!r}")


@pytest.mark.slow
def test_ctrl_c_saves_and_the_same_command_goes_on(study, tiny):
    tiny.write_text(tiny.read_text().replace("epochs: 2", "epochs: 12"))
    process = start(tiny)
    wait_for(" epoch ", process)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "Continue with: study run" in errors
    rest = study("run", tiny, "--no-speed")
    assert rest.returncode == 0, rest.stderr
    assert "resumes_after=" in rest.stderr


@pytest.mark.slow
def test_killed_at_random_moments_a_study_ends_as_if_undisturbed(study, tiny):
    """SIGKILL to the command and all its workers, five times, anywhere between start and end."""
    longer = tiny.read_text().replace("epochs: 2", "epochs: 12").replace("t: 64", "t: 512")
    tiny.write_text(longer)
    moments = random.Random(0)
    for _ in range(5):
        process = start(tiny)
        wait_for(" start ", process)
        time.sleep(moments.uniform(0, 8))
        kill(process, tiny)
    assert study("run", tiny, "--no-speed").returncode == 0
    assert not list((tiny.parent / "results" / "trials").glob("*/lease.*"))
    undisturbed = tiny.parent / "undisturbed"
    undisturbed.mkdir()
    calm = undisturbed / "tiny.yaml"
    calm.write_text(tiny.read_text())
    apart = ("--store", undisturbed / "results", "--reports", undisturbed / "reports")
    assert study("run", calm, "--no-speed", *apart).returncode == 0
    study("report", calm, *apart)
    assert table(study, tiny) == (undisturbed / "reports" / "tiny" / "table.md").read_text()


def kill(process: "subprocess.Popen[str]", file: Path) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    for worker in (file.parent / "results" / "jobs").glob("*/worker.*"):
        with suppress(ProcessLookupError):
            os.kill(int(worker.name.rpartition("-")[2]), signal.SIGKILL)
    process.communicate()


@pytest.mark.heavy
def test_a_run_reports_the_study_that_it_started_with_and_says_that_the_file_changed(
    inside, tiny, monkeypatch
):
    """Edited to other arms while it trains, and to something that is no study."""
    from study.launch.events import Watch

    before, look = tiny.read_text().replace("seeds: 2", "seeds: 1"), Watch.look
    for edit in (before.replace("Avg: average", "Max: maximum"), "question: [", None):
        tiny.write_text(before)
        for trial in (tiny.parent / "results").glob("trials/*/result.json"):
            trial.unlink()

        def edited(watch, edit=edit):
            tiny.unlink(missing_ok=True)
            if edit is not None:
                tiny.write_text(edit)
            return look(watch)

        monkeypatch.setattr(Watch, "look", edited)
        done = inside("run", tiny.name, "--on", "inline", "--no-speed")
        monkeypatch.setattr(Watch, "look", look)
        assert done.returncode == 0, done.stderr
        assert "tiny.yaml changed during this run" in done.stderr
        table = (tiny.parent / "reports" / "tiny" / "table.md").read_text()
        assert "Avg" in table
        assert "Max" not in table


def test_a_page_shows_the_study_file_that_its_numbers_come_from(inside, tiny):
    from study.api.request import StudyRequest
    from study.report.report import report, write

    plan, store = StudyRequest(tiny, None, (), tiny.parent / "results").plan()
    tiny.write_text("question: another\n")
    write(report(plan, store), tiny.parent, html=True)
    page = (tiny.parent / "page.html").read_text()
    assert "Does it run?" in page
    assert "question: another" not in page


@pytest.mark.parametrize("name", ["...yaml", ".yaml", "..yaml", ".x.yaml", "- -.yaml"])
def test_a_file_that_gives_a_study_no_name_is_refused(inside, tiny, name):
    tiny.rename(tiny.with_name(name))
    for command in ("plan", "report"):
        done = inside(command, "--", tiny.with_name(name).name)
        assert done.returncode == 2
        assert f'"{name}" cannot name a study' in done.stderr
    assert not (tiny.parent / "reports").exists()

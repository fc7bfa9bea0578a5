"""Runs whose first trial ends well and leaves no metric: a mistake of the file, for every trial."""

import pytest

from study.store.store import Store
from tests.tasks.program.conftest import PROGRAM

MISTAKES = {
    "nothing matches": ("loss:(", "los:(", "has no value of loss"),
    "no number": (r"loss:([\d.]+)", r"(loss):", "'loss' is no number"),
    "no file": (r"stdout: 'loss:([\d.]+)'", "json: out.json", "json: out.json has no value of"),
    "not reported": (", from: {stdout: 'loss:([\\d.]+)'}", "", "the program has reported no loss"),
}


@pytest.mark.heavy
@pytest.mark.parametrize(("right", "wrong", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_first_trial_without_its_metric_stops_the_run(
    inside, program, tmp_path, right, wrong, message
):
    text = program.read_text()
    assert right in text
    program.write_text(text.replace(right, wrong))
    (tmp_path / "train.py").write_text(PROGRAM + "# study.tell( is here\n")
    done = inside("run", program, "--on", "inline")
    assert done.returncode == 1
    assert message in done.stderr
    assert f"{program}:10:" in done.stderr  # the line of the metric
    assert "  | step:5 loss:" in done.stderr  # the end of its output
    assert "try again" not in done.stderr
    assert len(Store(tmp_path / "results").results()) == 1


@pytest.mark.slow
def test_workers_stop_with_the_first_trial_without_its_metric(study, program, tmp_path):
    program.write_text(program.read_text().replace("loss:(", "los:("))
    done = study("run", program, "--on", "local", "--workers", "2")
    assert done.returncode == 1, done.stderr
    assert "no further one was started" in done.stderr
    assert len(Store(tmp_path / "results").results()) <= 2
    assert "has no value of loss" in study("status", program).stdout


@pytest.mark.heavy
def test_a_trial_with_its_metric_shows_that_the_file_is_right(inside, program, tmp_path):
    # The second arm prints nothing: the mistake of an arm is none of the file.
    script = PROGRAM.replace("print(", "args.rate > 0.3 and print(")
    (tmp_path / "train.py").write_text(script)
    done = inside("run", program, "--on", "inline", "--no-speed")
    assert done.returncode == 1
    store = Store(tmp_path / "results")
    states = sorted(store.result(name).state for name in store.results())
    assert states == ["completed"] * 3 + ["failed"] * 3
    assert "study logs" in done.stderr
    # Neither is it in a later run, which has these trials alone.
    again = inside("run", program, "--on", "inline", "--no-speed")
    assert "3 trials failed" in again.stderr


@pytest.mark.heavy
def test_the_answer_of_trials_that_failed_says_so(inside, program, tmp_path):
    (tmp_path / "train.py").write_text("raise SystemExit(3)")
    inside("run", program, "--on", "inline", "--no-speed")
    answer = (tmp_path / "reports" / "rates" / "table.md").read_text()
    assert "6 of 6 trials failed, so there is no answer." in answer
    assert "0 of 6 trials done" in inside("status", program).stdout

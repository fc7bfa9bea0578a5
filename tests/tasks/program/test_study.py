"""Studies of programs from the command line: what runs, what is stored, what is printed."""

import subprocess
import sys

import pytest

from study.store.store import Store
from tests.conftest import environment
from tests.tasks.program.conftest import FILE, PROGRAM


@pytest.mark.heavy
def test_a_study_of_a_program_ends_in_a_table(inside, program, tmp_path):
    done = inside("run", program, "--on", "inline")
    assert done.returncode == 0, done.stderr
    table = (tmp_path / "reports" / "rates" / "table.md").read_text()
    assert "Loss" in table
    assert "Peak memory" in table
    assert "Rate of train.py; mean ± sd of 3 seeds" in table
    supplement = (tmp_path / "reports" / "rates" / "supplement.md").read_text()
    assert "Trials run python train.py --rate {rate} --seed {seed}." in supplement
    assert "nothing to train: all 6 trials have results" in inside("run", program).stderr


@pytest.mark.heavy
def test_a_trial_that_fails_is_told_with_its_last_line_and_tried_again(inside, program, tmp_path):
    switch = tmp_path / "switch"
    script = f"import os\nif not os.path.exists('{switch}'): raise SystemExit('no switch')\n"
    (tmp_path / "train.py").write_text(script + PROGRAM)
    failed = inside("run", program, "--on", "inline")
    assert failed.returncode == 1
    assert "exit status 1: no switch" in failed.stderr
    assert "no switch" in inside("logs", program).stdout
    switch.touch()
    assert inside("run", program, "--on", "inline").returncode == 0


@pytest.mark.heavy
@pytest.mark.parametrize("words", [("plan",), ("status",), ("list",), ("run", "--dry-run")])
def test_results_beside_the_file_are_noted_from_another_folder(
    inside, program, tmp_path, monkeypatch, words
):
    inside("run", program, "--on", "inline", "--set", "seeds=1", "--no-speed")
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    store = tmp_path / "results"
    # Where the store is named, nothing is noted.
    named = inside("plan", program, "--store", store)
    what = tmp_path if words == ("list",) else program
    done = inside(words[0], what, *words[1:])
    note = f"lacks 2 trials of {program} that {store} has: --store {store}"
    assert (named.stderr.count(note), done.stderr.count(note)) == (0, 1)


@pytest.mark.slow
def test_an_edit_while_workers_run_changes_no_trial(study, program, tmp_path):
    edits = f"open('{tmp_path / 'train.py'}', 'a').write('print(\"loss:99\")\\n')\n"
    (tmp_path / "train.py").write_text(edits + PROGRAM)
    done = study("run", program, "--on", "local", "--workers", "2", "--no-speed")
    assert done.returncode == 0, done.stderr
    store = Store(tmp_path / "results")
    assert all(store.result(name).metrics["loss"] < 3 for name in store.results())


@pytest.mark.slow
def test_a_program_that_is_silent_for_too_long_fails(study, program, tmp_path):
    (tmp_path / "train.py").write_text("import time\ntime.sleep(600)")
    flags = ("--timeout", "2s", "--retries", "0", "--set", "seeds=1")
    done = study("run", program, "--on", "local", *flags)
    assert done.returncode == 1
    assert "it hung: no step for longer than --timeout" in done.stderr


@pytest.mark.slow
def test_devices_are_reserved_for_the_processes_that_a_program_starts(study, program, tmp_path):
    (tmp_path / "train.py").write_text(PROGRAM + "import os\nprint('RANK' in os.environ)\n")
    done = study("run", program, "--on", "local", "--devices", "2", "--set", "seeds=1")
    assert done.returncode == 0, done.stderr
    outputs = list((tmp_path / "results" / "trials").glob("*/output.txt"))
    assert [path.read_text().splitlines()[-1] for path in outputs] == ["False", "False"]


@pytest.mark.heavy
def test_a_seed_and_a_level_without_effect_are_noted(inside, program, tmp_path):
    script = PROGRAM.replace("random.seed(args.seed)", "random.seed(0)")
    (tmp_path / "train.py").write_text(script.replace("*= args.rate", "*= 0.5"))
    done = inside("run", program, "--on", "inline")
    assert (
        "half: the results of 3 seeds are equal to the last digit"
        in inside("plan", program).stdout + done.stderr
    )
    plan = inside("plan", program)
    assert "fifth: its results are equal to the baseline's" in plan.stdout + plan.stderr


@pytest.mark.heavy
@pytest.mark.parametrize("command", ["false {job} {index}", "no-such-command {job} {index}"])
def test_a_submission_that_fails_leaves_no_job_that_counts(inside, program, tmp_path, command):
    failed = inside("run", program, "--on", "command", "--submit", command)
    assert failed.returncode == 2, failed.stderr
    (job,) = (tmp_path / "results" / "jobs").iterdir()
    assert (job / "stop").exists()
    (tmp_path / "train.py").write_text(PROGRAM + "# edited\n")  # the trials have other names
    done = inside("run", program, "--on", "inline", "--no-speed")
    assert "they go on" not in done.stderr


@pytest.mark.heavy
def test_a_plan_of_one_seed_promises_no_interval(inside, program):
    plan = inside("plan", program, "--set", "seeds=1")
    assert "neither a standard deviation nor an interval" in plan.stdout
    assert "intervals are reported instead" not in plan.stdout
    assert "p = 0.25" in inside("plan", program).stdout


@pytest.mark.heavy
def test_times_and_memory_are_usage_and_no_quality(inside, program):
    inside("run", program, "--on", "inline", "--no-speed")
    lines = inside("compare", program, "half", "fifth").stdout.splitlines()
    blocks = [line.split()[0] for line in lines if line.strip()]
    inside_usage = blocks[blocks.index("usage") + 1 :][:3]
    assert blocks[blocks.index("quality") + 1] == "Loss"
    assert sorted(inside_usage) == ["CPU", "Peak", "Time"]
    metrics = inside("list", "metrics", "--json").stdout
    assert '"usage"' in metrics


@pytest.mark.heavy
def test_arms_that_diverge_in_every_seed_are_no_equal_results(inside, program, tmp_path):
    (tmp_path / "train.py").write_text(PROGRAM.replace("loss:{loss:.6f}", "loss:.0nan"))
    program.write_text(program.read_text().replace(r"([\d.]+)", r"\.0(nan)"))
    inside("run", program, "--on", "inline", "--no-speed")
    plan = inside("plan", program)
    assert "6 trials" in plan.stdout
    assert "equal to the" not in plan.stdout + plan.stderr


@pytest.mark.heavy
def test_no_command_imports_torch(program, tmp_path):
    for command in (("plan",), ("run", "--on", "inline"), ("results",), ("report",)):
        words = [command[0], str(program), *command[1:]]
        done = subprocess.run(
            [sys.executable, "-X", "importtime", "-m", "study", *words],
            cwd=tmp_path,
            env=environment(),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
        assert "study.tasks.program.arms" in imported
        assert "torch" not in imported
        # Quick commands wait for no numbers either.
        assert command[0] in ("run", "report") or not {"numpy", "scipy"} & imported


def test_a_program_that_imports_study_starts_at_once():
    script = "import sys, study; study.tell(x=1); print(*(m for m in sys.modules if 'study' in m))"
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment(), capture_output=True, text=True
    )
    assert done.stdout.split() == ["study", "study.trial", "study.trial.telling"]


def test_nodes_are_refused(inside, program):
    program.write_text(FILE)
    done = inside("run", program, "--nodes", "2", "--on", "slurm")
    assert done.returncode == 2
    assert "start their processes themselves, on one node" in done.stderr


@pytest.mark.heavy
def test_learning_curves_have_fractions_of_epochs(inside, program, tmp_path):
    (tmp_path / "train.py").write_text(PROGRAM.replace("step:{step}", "epoch:{step / 2}"))
    expression = r"epoch:(?P<step>\S+) loss:(?P<value>\S+)"
    program.write_text(FILE.replace(r"loss:([\d.]+)", expression))
    done = inside("run", program, "--on", "inline", "--no-speed")
    assert done.returncode == 0, done.stderr
    rows = (tmp_path / "reports" / "rates" / "curves.csv").read_text().splitlines()
    column = rows[0].split(",").index("epoch")
    assert {float(row.split(",")[column]) for row in rows[1:]} == {0.5, 1, 1.5, 2, 2.5}

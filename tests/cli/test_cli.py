"""The command line: quick to start, clear when refused, the same for people and programs."""

import json

import pytest

from study.cli import COMMANDS
from tests.conftest import TINY

HEAVY = ("torch", "timm", "pandas", "scipy", "matplotlib", "fvcore", "numpy")


def imported(stderr: str) -> set[str]:
    lines = [line for line in stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["run", "--help"]])
def test_what_needs_nothing_heavy_imports_nothing_heavy(study, words):
    done = study(*words, python=["-X", "importtime"])
    assert done.returncode == 0
    assert not imported(done.stderr) & set(HEAVY)


@pytest.mark.parametrize("command", ["plan", "status", "logs"])
def test_what_is_counted_already_needs_nothing_heavy(study, inside, tiny, command):
    assert inside("plan", tiny, "--on", "inline").returncode == 0
    again = study(command, tiny, python=["-X", "importtime"])
    assert again.returncode == 0
    assert not imported(again.stderr) & set(HEAVY)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(inside, command):
    done = inside(command, "--help")
    assert done.returncode == 0
    assert "Usage:" in done.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["rnu", "x.yaml"], 'did you mean "run"?'),
        (["run", "nosuch.yaml"], "unknown study file"),
        (["run"], "Missing argument"),
        (["run", "tiny.yaml", "--profile", "big"], "unknown profile"),
        (["run", "tiny.yaml", "--set", "seeds"], "key=value"),
        (["run", "tiny.yaml", "--set", "sedes=3"], 'did you mean "seeds"?'),
        (["run", "tiny.yaml", "--workers", "0"], "--workers"),
        (["run", "tiny.yaml", "--on", "moon"], "--on"),
        (["run", "tiny.yaml", "-R", "hours=1"], "add --on slurm"),
        (["run", "tiny.yaml", "--on", "slurm", "-R", "huors=1"], 'did you mean "hours"?'),
        (["run", "tiny.yaml", "--on", "slurm", "-R", "hours"], "KEY=VALUE"),
        (["run", "tiny.yaml", "--on", "slurm", "-R", "hours=soon"], "a positive float"),
        (["run", "tiny.yaml", "--nodes", "2"], "need --on slurm"),
        (["run", "tiny.yaml", "--devices", "2", "--on", "inline"], "need --on local"),
        (["run", "tiny.yaml", "--timeout", "soon"], "write 90s, 30m or 2h"),
        (["run", "tiny.yaml", "--retries", "-1"], "--retries"),
        (["run", "tiny.yaml", "--device", "cuda"], "no usable NVIDIA device"),
    ],
)
def test_a_wrong_command_is_refused_and_nothing_starts(inside, tiny, words, message):
    done = inside(*words)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tiny.parent / "results" / "jobs").exists()


def test_the_script_for_slurm_is_printed_and_nothing_is_submitted(inside, tiny):
    words = ("--on", "slurm", "-R", "partition=long", "-R", "hours=2", "--workers", "3")
    done = inside("run", tiny, "--dry-run", *words)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("#!/bin/bash")
    assert "#SBATCH --array=0-2%3" in done.stdout
    assert "#SBATCH --partition=long" in done.stdout
    assert "#SBATCH --time=120" in done.stdout
    assert not (tiny.parent / "results" / "jobs").exists()


def test_the_command_that_goes_on_has_the_flags_that_were_given(inside, tiny):
    done = inside("plan", tiny, "--on", "inline", "--timeout", "2m", "--threads", "1")
    assert all(word in done.stderr for word in ("--on inline", "--timeout 120", "--threads 1"))


def test_nothing_to_cancel_is_said(inside, tiny):
    done = inside("cancel", tiny)
    assert done.returncode == 0
    assert "no worker is active on" in done.stderr


def test_wrong_model_arguments_are_told_together_once_the_file_is_correct(inside, tiny):
    text = tiny.read_text().replace("model: test_rest", "model: {name: test_rest, hedas: [1]}")
    text = text.replace("average", "averag")
    tiny.write_text(text.replace("seeds: 2", "seedz: 2"))
    done = inside("plan", tiny)
    assert done.returncode == 2
    for message in ("tiny.yaml:8:1", '"seeds"?', "more is checked once the file is correct"):
        assert message in done.stderr
    tiny.write_text(text)
    done = inside("plan", tiny)
    assert done.returncode == 2
    for message in ("tiny.yaml:3:", '"heads"?', '"average"?'):
        assert message in done.stderr


def test_a_wrong_level_is_told_at_its_line(inside, tiny):
    tiny.write_text(tiny.read_text().replace("average", "averag"))
    done = inside("plan", tiny)
    assert done.returncode == 2
    assert "tiny.yaml:7:41" in done.stderr
    assert 'did you mean "average"?' in done.stderr


def test_an_unknown_model_is_told_at_its_line(inside, tiny):
    tiny.write_text(tiny.read_text().replace("test_rest", "rest_lit"))
    done = inside("plan", tiny)
    assert "tiny.yaml:3:10" in done.stderr
    assert 'did you mean "rest_lite"?' in done.stderr


def test_a_published_row_without_an_arm_is_told_at_its_line(inside, tiny):
    tiny.write_text(tiny.read_text() + "published: {Average: {top1: 72.64}}\n")
    done = inside("plan", tiny)
    assert done.returncode == 2
    assert 'unknown arm "Average"' in done.stderr


def test_a_level_that_repeats_another_is_refused(inside, tiny):
    tiny.write_text(tiny.read_text().replace("Avg: average", "Avg: depthwise"))
    done = inside("plan", tiny)
    assert done.returncode == 2
    assert "computes the same as" in done.stderr


@pytest.mark.heavy
def test_json_is_one_document_without_colour(study, tiny):
    for command in ("plan", "status", "results"):
        done = study(command, tiny, "--json", env={"FORCE_COLOR": "1"})
        assert done.returncode == 0, done.stderr
        json.loads(done.stdout)


def test_a_pipe_gets_no_escape_codes(study, tiny):
    done = study("plan", tiny, env={"FORCE_COLOR": "1"})
    assert "\x1b" not in done.stdout + done.stderr


def test_a_report_of_nothing_says_what_is_missing(inside, tiny):
    done = inside("report", tiny)
    assert done.returncode == 0, done.stderr
    assert "--" in done.stdout
    assert "study run" in done.stdout
    assert inside("report", tiny, "--strict").returncode == 3


def test_what_only_timm_could_know_of_a_recipe_is_told_at_its_place(inside, tiny):
    line = tiny.read_text().splitlines()[4].replace("batch_size: 32", "batch_size: 32, opt: adamww")
    tiny.write_text("\n".join([*tiny.read_text().splitlines()[:4], line, *TINY.splitlines()[5:]]))
    done = inside("plan", tiny)
    assert done.returncode == 2
    assert f"tiny.yaml:5:{line.index('adamww') + 1}" in done.stderr
    assert 'did you mean "adamw"?' in done.stderr


def test_images_that_are_not_there_are_told_before_anything_starts(inside, tiny):
    data = "{name: folder, root: /nowhere, img_size: 64, num_classes: 10}"
    text = tiny.read_text().partition("  data: ")
    tiny.write_text(text[0] + text[1] + data + "\n" + text[2].partition("\n")[2])
    done = inside("run", tiny)
    assert done.returncode == 2
    assert "tiny.yaml:4:30" in done.stderr
    assert not (tiny.parent / "results" / "jobs").exists()


def test_a_store_that_cannot_be_written_is_told(inside, tiny):
    done = inside("plan", tiny, "--store", tiny / "results")
    assert done.returncode == 2
    assert "cannot be written" in done.stderr


def test_a_schema_that_cannot_be_written_is_an_error_without_a_traceback(inside, tmp_path):
    done = inside("schema", "-o", tmp_path / "nowhere" / "schema.json")
    assert done.returncode == 2
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.heavy
def test_a_list_counts_the_trials_that_a_search_will_have(inside, tiny):
    tiny.write_text(
        "question: Which rate?\n"
        "baseline: {model: test_rest, data: {name: digits, img_size: 64}, recipe: smoke}\n"
        "search:\n"
        "  space: {model.drop_path_rate: {low: 0.0, high: 0.3}}\n"
        "  objectives: [top1, macs]\n"
        "  trials: 5\n"
        "  keep: 2\n"
        "seeds: 2\n"
    )
    # Five candidates, then two of them and the baseline with two seeds.
    assert "0/11 trials" in inside("list", tiny.parent).stdout

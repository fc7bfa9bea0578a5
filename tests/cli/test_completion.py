"""Completion: what a shell is offered, word by word."""

import shutil
import subprocess

import pytest


@pytest.fixture
def offered(inside, monkeypatch):
    def words(*typed: str) -> list[str]:
        monkeypatch.setenv("_STUDY_COMPLETE", "bash_complete")
        monkeypatch.setenv("COMP_WORDS", "\n".join(["study", *typed]))
        monkeypatch.setenv("COMP_CWORD", str(len(typed)))
        lines = inside().stdout.splitlines()
        monkeypatch.delenv("_STUDY_COMPLETE")
        return [line.partition(",")[2] for line in lines if line]

    return words


def test_commands_and_options_are_offered(offered):
    assert offered("re") == ["report", "results"]
    assert "--workers" in offered("run", "--w")


def test_the_arms_of_the_file_are_offered(offered, tiny):
    assert offered("compare", "tiny.yaml", "") == ["baseline", "DW", "Avg"]
    assert offered("logs", "tiny.yaml", "Avg") == ["Avg/s0", "Avg/s1"]


def test_keys_of_the_file_and_of_every_file_are_offered(offered, tiny):
    assert offered("run", "tiny.yaml", "--set", "model.")[0] == "model.reduction="
    assert "recipe.epochs=" in offered("run", "tiny.yaml", "--set", "recipe.e")
    assert offered("run", "tiny.yaml", "--set", "see") == ["seeds="]
    assert "recipe.epochs=" in offered("run", "--set", "recipe.e")


def test_the_profiles_of_the_file_are_offered(offered, tiny):
    tiny.write_text(tiny.read_text() + "profiles: {long: {seeds: 9}, short: {seeds: 2}}\n")
    assert offered("run", "tiny.yaml", "--profile", "") == ["long", "short"]


def test_models_of_timm_and_of_the_package_are_offered(offered):
    assert "rest_lite" in offered("bench", "rest_")
    assert "resnet18" in offered("bench", "rest_lite", "resnet1")
    assert "vit_tiny_patch16_224" in offered("parts", "vit_tiny_patch16_2")


def test_a_file_that_is_wrong_or_absent_offers_nothing(offered, tiny):
    tiny.write_text("factors: [")
    assert offered("compare", "tiny.yaml", "") == []
    assert offered("compare", "nosuch.yaml", "") == []


def test_completion_needs_nothing_heavy(study, tiny):
    from tests.cli.test_cli import HEAVY, imported

    variables = {"_STUDY_COMPLETE": "bash_complete", "COMP_CWORD": "3"}
    for typed in ("compare tiny.yaml ", "bench rest_lite resn"):
        env = {**variables, "COMP_WORDS": f"study {typed}"}
        # As the program of that name: click takes the variable's name from it.
        done = study(env=env, python=["-X", "importtime", "-c", STARTED])
        assert not imported(done.stderr) & {*HEAVY}, done.stderr


STARTED = "import sys; sys.argv = ['study']; from study.cli import main; main()"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell_is_printed(inside, shell):
    done = inside("completion", shell)
    assert done.returncode == 0
    assert f"_STUDY_COMPLETE={shell}_complete" in done.stdout


@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
def test_bash_quotes_a_name_with_a_space(inside, tmp_path):
    script = inside("completion", "bash").stdout
    # A program of that name that offers two words.
    (tmp_path / "study").write_text("#!/bin/sh\nprintf 'plain,Max Pool\\nplain,seeds=\\n'\n")
    (tmp_path / "study").chmod(0o755)
    ask = "COMP_WORDS=(study x); COMP_CWORD=1; _study_completion study"
    ask += '; printf "%s|" "${COMPREPLY[@]}"'
    done = subprocess.run(
        ["bash", "-c", f"{script}\n{ask}"],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    assert done.stdout == "Max\\ Pool|seeds=|"

"""The help: every summary whole, every command with an example, at any width."""

import shlex

import click
import pytest

from study.cli import COMMANDS, group
from study.cli.groups import GROUPS

EXAMPLES = {name: text for names in GROUPS.values() for name, text in names.items()}


def test_every_summary_is_whole_and_in_a_group(inside):
    text = inside("--help").stdout
    assert "..." not in text.replace("ARGS]...", "")
    assert [title for title in GROUPS if f"{title}:" in text] == [*GROUPS]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_example_of_a_command_is_parsed(name):
    program, word, *words = shlex.split(EXAMPLES[name])
    assert (program, word) == ("study", name)
    command = group.get_command(click.Context(group), name)
    context = command.make_context(
        name,
        [w for w in words if w != "ablations/stem.yaml"]
        + (["README.md"] if "ablations/stem.yaml" in words else []),
        resilient_parsing=True,
    )
    assert not context.args


@pytest.mark.parametrize("columns", ["40", "80", "120"])
@pytest.mark.parametrize("words", [("--help",), ("run", "--help"), ("bench", "--help")])
def test_the_help_is_as_wide_as_the_terminal_at_most(inside, monkeypatch, words, columns):
    monkeypatch.setenv("COLUMNS", columns)
    lines = inside(*words).stdout.splitlines()
    # An example is one line, to be copied.
    texts = [line for line in lines if not line.strip().startswith("study ")]
    assert max(map(len, texts)) <= int(columns)


def test_help_is_a_command_too(inside):
    assert inside("help").stdout == inside("--help").stdout
    assert "--workers" in inside("help", "run").stdout
    wrong = inside("help", "rnu")
    assert wrong.returncode == 2
    assert 'did you mean "run"?' in wrong.stderr


def test_the_version_has_a_short_flag(inside):
    assert inside("-V").stdout == inside("--version").stdout != ""

"""Flags of other tools: what to say in their place, and nothing starts."""

import pytest

from study.cli import group
from study.cli.hints import COMMANDS, FLAGS, SETTINGS


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["run", "tiny.yaml", "--seeds", "3"], "say --set seeds=3"),
        (["run", "--seeds=3", "tiny.yaml"], "say --set seeds=3"),
        (["run", "tiny.yaml", "--epochs", "5"], "say --set recipe.epochs=5"),
        (["plan", "tiny.yaml", "--lr", "0.1"], "say --set recipe.lr=0.1"),
        (["run", "tiny.yaml", "--batch-size", "8"], "say --set recipe.batch_size=8"),
        (["run", "tiny.yaml", "--model", "resnet18"], "say --set model=resnet18"),
        (["run", "tiny.yaml", "--gpus", "4"], "say --device cuda --workers 4"),
        (["run", "tiny.yaml", "--slurm"], "say --on slurm"),
        (["run", "tiny.yaml", "-j", "4"], "say --workers 4"),
        (["run", "tiny.yaml", "-j4"], "say --workers 4"),
        (["run", "tiny.yaml", "--tensorboard"], "say --track tensorboard"),
        (["run", "tiny.yaml", "--html"], "say study report tiny.yaml --html"),
        (["report", "tiny.yaml", "--output", "x"], "say --reports x"),
        (["run", "tiny.yaml", "--seeds"], "say --set seeds=..."),
        (["ablations/x.yaml", "--on", "slurm"], "say study run ablations/x.yaml --on slurm"),
    ],
)
def test_a_flag_that_people_try_has_a_hint(inside, tiny, words, hint):
    done = inside(*words)
    assert done.returncode == 2
    assert f"{hint}\n" in done.stderr or f"{hint} " in done.stderr
    assert not (tiny.parent / "results" / "jobs").exists()


def test_a_flag_that_a_command_lacks_is_not_advised(inside):
    assert "--workers" not in inside("list", "-j", "4").stderr
    assert "--set" not in inside("bench", "x", "--epochs", "4").stderr


def test_every_hint_is_at_a_flag_that_exists():
    flags = {
        flag
        for command in map(group.get_command, [None] * 2, ["run", "report"])
        for parameter in command.params
        for flag in parameter.opts
    }
    assert not {*SETTINGS, *FLAGS, *COMMANDS} & flags - {"--html", "--track"}
    advised = {text.partition(" ")[0] for text in FLAGS.values()} - {"--yes"}
    assert advised <= flags

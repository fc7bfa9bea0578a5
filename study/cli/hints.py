"""Hints at the flag that is meant, for flags that other tools have."""

from collections.abc import Sequence

import click

SETTINGS = {
    **dict.fromkeys(("--seed", "--seeds", "--num-seeds", "--n-seeds"), "seeds"),
    **dict.fromkeys(("--columns", "--metrics"), "columns"),
    "--design": "design",
    **dict.fromkeys(("--model", "--arch", "--backbone"), "model"),
    **dict.fromkeys(("--data", "--dataset"), "data"),
    **dict.fromkeys(("--data-dir", "--data-path", "--root"), "data.root"),
    **dict.fromkeys(("--img-size", "--image-size"), "data.img_size"),
    "--recipe": "recipe",
    **dict.fromkeys(("--epochs", "--num-epochs"), "recipe.epochs"),
    **dict.fromkeys(("--lr", "--learning-rate"), "recipe.lr"),
    "--batch-size": "recipe.batch_size",
    "--weight-decay": "recipe.weight_decay",
    **dict.fromkeys(("--opt", "--optimizer"), "recipe.opt"),
    "--sched": "recipe.sched",
    "--amp": "recipe.amp",
}
"""Keys of a study file, by the flags of training scripts that stand for them."""

FLAGS = {
    **dict.fromkeys(("-j", "-n", "--jobs", "--num-workers", "--parallel"), "--workers {value}"),
    **dict.fromkeys(("--gpu", "--cuda"), "--device cuda"),
    "--gpus": "--device cuda --workers {value} (one trial on each GPU), on Slurm -R gpus={value}",
    "--cpu": "--device cpu",
    **dict.fromkeys(("--slurm", "--cluster"), "--on slurm"),
    "--partition": "-R partition={value}",
    **dict.fromkeys(("-o", "--out", "--output", "--output-dir"), "--reports {value}"),
    **dict.fromkeys(("-q", "--quiet"), "--progress none"),
    **dict.fromkeys(("-v", "--verbose"), "--progress plain"),
    **dict.fromkeys(("-y", "--force"), "--yes"),
    **dict.fromkeys(("--plugin", "--plugins"), "--import {value}"),
    **{f"--{name}": f"--track {name}" for name in ("tensorboard", "wandb", "mlflow")},
    "--results": "--store {value}",
}
"""Flags of ours by those that people try; the first word is the flag that a command must have."""

COMMANDS = {
    "--html": "study report {file} --html",
    "--json": "study results {file} --json",
    "--csv": "study results {file} --csv",
    **dict.fromkeys(("--resume", "--continue"), "study run {file} (it goes on by itself)"),
    **dict.fromkeys(("--plot", "--plots", "--figures"), "study report {file}"),
}
"""Commands that do what a flag asks of another one."""


def hint(error: click.NoSuchOption, words: Sequence[str]) -> str:
    """The words to type in place of an unknown flag; "" where nothing says what it stands for."""
    name, context = error.option_name, error.ctx
    value = _value(name, words)
    if context is None:
        return ""
    # A hint at a flag that this command lacks would be the next error.
    known = {flag for parameter in context.command.params for flag in parameter.opts}
    if name in SETTINGS and "--set" in known:
        return f"say --set {SETTINGS[name]}={value}"
    if (text := FLAGS.get(name)) and text.partition(" ")[0] in known:
        return f"say {text.format(value=value)}"
    if name in COMMANDS:
        files = (word for word in words if word.endswith((".yaml", ".yml")))
        return f"say {COMMANDS[name].format(file=next(files, 'FILE'))}"
    return ""


def _value(name: str, words: Sequence[str]) -> str:
    """The value of a flag in the words of a command line; "..." without one."""
    for word, after in zip(words, [*words[1:], ""], strict=True):
        flag, equals, value = word.partition("=")
        if flag == name:
            value = value if equals else after
            return "..." if not value or value.startswith("-") else value
        # As in -j4.
        if len(name) == 2 and word.startswith(name):
            return word[2:]
    return "..."

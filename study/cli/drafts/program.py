"""A draft of a study of a script: the words that run it, a first factor, its metrics."""

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from study.cli.drafts.draft import CHECK, Draft, comment, flow, scalar
from study.cli.drafts.flags import SEED, Flag
from study.cli.drafts.scripts import INTERPRETERS, Script, script_at

GIVEN = {"device": "{device}"}
"""Flags whose values the study gives."""
OWN = re.compile(
    r"(?:^|_)(?:out|outputs?|dir|paths?|logs?|logdir|save|ckpt|checkpoints?|resume|workers|gpus?|port|"
    r"rank|world|wandb|project|entity|run|tag|verbose|debug|config|cache|every|interval|file|threads)"
    r"(?:$|_)"
)
"""Flags that say where and how a script runs, and not what it computes: it keeps its defaults."""
FIRST = (
    *("lr", "learning_rate", "weight_decay", "wd", "dropout", "momentum", "batch_size", "depth"),
    *("width", "hidden", "dim", "layers", "heads", "optimizer", "opt", "model", "arch"),
)
"""Flags that are varied most, in this order."""
NO_FACTOR = re.compile(r"epochs?|steps|iters|iterations|max_|num_")
NOTHING = 'x: {label: x, better: lower, from: {stdout: "x: (\\\\S+)"}}'


def draft(path: Path, folder: Path) -> Draft | None:
    """The draft of a study of the script at a path; None without one."""
    script = script_at(path)
    if script is None:
        return None
    args = [flag for flag in script.flags if _is_argument(flag, script)]
    factor = _factor(args)
    text = "\n".join(
        [
            "# A study of your own program. Lines with CHECK are guesses: decide, and delete them.",
            "task: program",
            f"{CHECK} the question that the table answers",
            f"question: {scalar(_question(script, factor))}",
            "",
            "baseline:",
            *_baseline(script, args, folder),
            "",
            *_factors(args, factor),
            "",
            *_metrics(script),
            "",
            "seeds: 3                 # more seeds find smaller differences: study plan says which",
            "# seconds, cpu_seconds and peak_memory are measured, too: columns for trials that run",
            "# one at a time (--workers 1)",
            f"columns: [{', '.join(_names(script))}]",
            "",
        ]
    )
    names = ", ".join(_names(script))
    about = f"{script.path.name} with {len(script.flags)} flags; metrics: {names}"
    return Draft(text, f"{script.path.stem}.yaml", about)


def _question(script: Script, factor: Flag | None) -> str:
    what = f"Does --{factor.name} matter" if factor else "What is the result"
    return f"{what} in {script.path.stem}?"


def _is_argument(flag: Flag, script: Script) -> bool:
    if flag.required:
        return True
    if flag.kind == "text" and str(flag.value).partition("/")[0] in script.inputs:
        return False  # the link in the folder of a trial has the same name
    return not (OWN.search(flag.name) or SEED.match(flag.name) or flag.name in GIVEN)


def _baseline(script: Script, args: Sequence[Flag], folder: Path) -> Iterator[str]:
    yield "  # A list of words, never a shell; args fill in the {names}, the study fills in {seed}."
    yield f"  run: {flow(_words(script, args), 7)}"
    if not any(SEED.match(flag.name) for flag in script.flags) and not script.reads_seed:
        yield f"  {CHECK} the program takes no seed; read STUDY_SEED, or pass it as {{seed}}"
    yield f"  code: {flow(map(scalar, script.code), 8)}  # their content names the trials"
    if script.inputs:
        yield f"  inputs: {flow(map(scalar, script.inputs), 10)}  # linked into every trial"
    root = os.path.relpath(script.path.parent, folder)
    if root != ".":
        yield f"  cwd: {scalar(root)}  # the folder of code and inputs, from that of this file"
    if args:
        yield "  args:"
    for flag in args:
        yield f"    {flag.name}: {scalar(flag.value)}" + (
            f"  {CHECK} it is required, and has no default" if flag.required else ""
        )


def _words(script: Script, args: Sequence[Flag]) -> list[str]:
    name, interpreter = script.path.name, INTERPRETERS.get(script.path.suffix.lower())
    words = [interpreter, scalar(name)] if interpreter else [scalar(f"./{name}")]
    for flag in script.flags:
        if SEED.match(flag.name) and flag.kind == "number":
            words += [*flag.words, '"{seed}"']
        elif flag.name in GIVEN and not flag.required:
            words += [*flag.words, f'"{GIVEN[flag.name]}"']
        elif flag in args:
            words += [*flag.words, f'"{{{flag.name}}}"']
    return words


def _factor(args: Sequence[Flag]) -> Flag | None:
    """The flag to vary first."""
    able = [flag for flag in args if _levels(flag)]
    usual = [flag for name in FIRST for flag in able if flag.name == name]
    others = [flag for flag in able if not NO_FACTOR.search(flag.name)]
    return next(iter([*usual, *others, *able]), None)


def _levels(flag: Flag) -> dict[str, object]:
    """Two levels of a flag, the default first; none where another value cannot be guessed."""
    value = flag.value
    if flag.kind == "switch":
        on, off = [flag.on] if flag.on else [], [flag.off] if flag.off else []
        levels: dict[str, object] = {f"No {flag.name}": off, f"With {flag.name}": on}
        return levels if value == off else dict(reversed(levels.items()))
    if others := [choice for choice in flag.choices if choice != value]:
        return {str(value): value, str(others[0]): others[0]}
    if flag.kind == "number" and isinstance(value, int | float):
        # Rounded, as a product may have sixteen digits.
        other = float(f"{value * 2:.12g}") or 0.1 if isinstance(value, float) else value * 2 or 1
        return {str(value): value, str(other): other}
    return {}


def _factors(args: Sequence[Flag], factor: Flag | None) -> Iterator[str]:
    if factor is None:
        yield f"{CHECK} no flag that could be varied was found; a factor varies a name of args:"
        yield "# factors:"
        yield '#   args.lr: {"0.1": 0.1, "0.2": 0.2}'
        return
    yield f"{CHECK} what is varied, and by which levels; the first level is the baseline's"
    yield "factors:"
    yield f"  {_level_line(factor)}"
    for flag in args:
        if flag is not factor and _levels(flag):
            yield f"  # {comment(_level_line(flag))}"


def _level_line(flag: Flag) -> str:
    levels = (f"{scalar(str(k))}: {scalar(v)}" for k, v in _levels(flag).items())
    return f"args.{flag.name}: {{{', '.join(levels)}}}"


def _names(script: Script) -> list[str]:
    return [report.name for report in script.reports] or ["x"]


def _metrics(script: Script) -> Iterator[str]:
    if not script.reports:
        yield f"{CHECK} nothing that the program prints looks like a metric. It may call"
        yield "# study.tell(x=...), or `from` says where it leaves one: docs/program.md"
        yield "metrics:"
        yield f"  {NOTHING}"
        return
    yield f"{CHECK} what is compared, where the program leaves it, and which values are better"
    yield "metrics:"
    for report in script.reports:
        origin = f", from: {report.origin}" if report.origin else ""
        yield f"  # {comment(report.why)}"
        label = scalar(report.label[:1].upper() + report.label[1:].replace("_", " "))
        yield f"  {report.name}: {{label: {label}, better: {report.better}, digits: 4{origin}}}"

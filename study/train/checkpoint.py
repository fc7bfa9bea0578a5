"""A trial on disk: the state after its last whole epoch, in the format of timm's own checkpoints.

timm's CheckpointSaver removes the old file before it renames the new one, so that a kill between
the two loses both; here there is always one whole file.
"""

import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from study.train.parts import Parts

Row = dict[str, Any]
Report = Callable[[Row], object]
NAME = "last.pth.tar"
UNREADABLE = (
    RuntimeError,
    EOFError,
    pickle.UnpicklingError,
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
)


def save(folder: Path, parts: Parts, *, seed: int, history: list[Row]) -> None:
    state = {
        "epoch": len(history) - 1,
        "version": 2,  # timm's: the epoch is the last one done, not the next
        "arch": type(parts.task.get_trainable_module()).__name__.lower(),
        "optimizer": parts.optimizer.state_dict(),
        "amp_scaler": parts.scaler.state_dict(),
        "recipe": parts.recipe.model_dump(),
        "seed": seed,
        "history": history,
        **parts.task.get_checkpoint_state(),
        **parts.task.get_checkpoint_state(ema=True),
    }
    folder.mkdir(parents=True, exist_ok=True)
    whole(folder / NAME, lambda path: torch.save(state, path))
    mirror(folder, history)


def mirror(folder: Path, history: list[Row]) -> None:
    """The checkpoint's history, for reading; JSON has no NaN, so null stands for it."""
    rows = [{k: None if v != v else v for k, v in row.items()} for row in history]
    text = "".join(json.dumps(row, allow_nan=False) + "\n" for row in rows)
    whole(folder / "history.jsonl", lambda path: path.write_text(text))


def whole(path: Path, write: Callable[[Path], Any]) -> None:
    """Write beside `path` and rename, so that a reader finds the old file or the new one."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    write(beside)
    with beside.open("rb") as written:
        os.fsync(written.fileno())
    beside.replace(path)


def restore(folder: Path, parts: Parts, *, seed: int, report: Report) -> list[Row]:
    """The history so far, with the state of `parts` as it was after it; none to start afresh.

    A checkpoint that cannot be read, or is of another trial, is renamed and reported.
    """
    path = folder / NAME
    if not path.exists():
        return []
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        wrong = _foreign(state, parts, seed=seed)
    except UNREADABLE as error:
        wrong = f"{type(error).__name__}: {error}"
    if wrong:
        broken = path.with_name(f"{NAME}.broken")
        path.replace(broken)
        report({"broken": str(broken), "reason": wrong})
        return []
    history: list[Row] = state["history"]
    parts.task.load_checkpoint_state(state["state_dict"])
    if parts.recipe.model_ema:
        parts.task.load_checkpoint_state(state["state_dict_ema"], ema=True)
    parts.optimizer.load_state_dict(state["optimizer"])  # with the rates the schedule had set
    if parts.scaler.is_enabled():
        parts.scaler.load_state_dict(state["amp_scaler"])
    mirror(folder, history)
    return history


def _foreign(state: dict[str, Any], parts: Parts, *, seed: int) -> str | None:
    """Why this is not a checkpoint of this trial; nothing has been changed when it is not."""
    if state["seed"] != seed:
        return f"of seed {state['seed']}, not {seed}"
    if state["recipe"] != parts.recipe.model_dump():
        return "of another recipe"
    ours = {**parts.task.get_checkpoint_state(), **parts.task.get_checkpoint_state(ema=True)}
    shapes = [
        {name: {k: v.shape for k, v in s.get(name, {}).items()} for name in ours}
        for s in (ours, state)
    ]
    return "of a model with other weights" if shapes[0] != shapes[1] else None

"""A trial on disk, after an epoch or in the midst of one, in the format of timm's checkpoints.

timm's CheckpointSaver removes the old file before it renames the new one, so that a kill between
the two loses both; here there is always one whole file.
"""

import json
import pickle
import time
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from timm.utils import unwrap_model

from study.errors import StoreError
from study.files import replace
from study.train.calls import Caller, Row, Superseded
from study.train.epoch import Within
from study.train.parts import Parts

NAME = "last.pth.tar"
SAVE_EVERY = 600.0  # seconds: what a kill loses at most
UNREADABLE = (
    RuntimeError,
    EOFError,
    pickle.UnpicklingError,
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
)


@dataclass
class Checkpoint:
    """Where a trial is kept. All processes of its group come here together; the leader writes."""

    folder: Path
    parts: Parts
    caller: Caller
    seed: int
    written: float = 0.0
    """When it was last, by the monotonic clock."""

    @property
    def due(self) -> bool:
        """Whether it is long since it was last written, or restored."""
        return time.monotonic() - self.written > SAVE_EVERY

    def save(self, history: list[Row], within: Within | None = None) -> None:
        """Raises Superseded, and StoreError where the file cannot be written: the old one stays."""
        self._ours()
        if self.parts.group.leads:
            content = BytesIO()
            torch.save(self._state(history, within), content)
            replace(self.folder / NAME, content.getvalue())
            self._mirror(history)
        self.written = time.monotonic()

    def restore(self) -> tuple[list[Row], Within | None]:
        """The history so far, and how far the epoch after it has got, with `parts` as they were.

        A checkpoint that cannot be read, or is of another trial, is renamed and reported.
        """
        self._ours()
        self.written = time.monotonic()
        group = self.parts.group
        content = group.handed(self._content() if group.leads else None)
        if content is None:
            return [], None
        try:
            state = torch.load(BytesIO(content), map_location="cpu", weights_only=True)
            wrong = _foreign(state, self.parts, seed=self.seed)
        except UNREADABLE as error:
            wrong = f"{type(error).__name__}: {error}"
        if wrong:
            self._set_aside(wrong)
            return [], None
        _load(state, self.parts)
        history: list[Row] = state["history"]
        if group.leads:
            self._mirror(history)
        return history, state.get("within")

    def _ours(self) -> None:
        if not self.parts.group.agreed(self.caller.held()):
            raise Superseded("another process has taken this trial over")

    def _content(self) -> bytes | None:
        path = self.folder / NAME
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(f"{path} cannot be read: {error.strerror}") from error

    def _set_aside(self, wrong: str) -> None:
        if self.parts.group.leads:
            broken = self.folder / f"{NAME}.broken"
            (self.folder / NAME).replace(broken)
            self.caller.report({"broken": str(broken), "reason": wrong})

    def _mirror(self, history: list[Row]) -> None:
        """The checkpoint's history, for reading; JSON has no NaN, so null stands for it."""
        rows = [{k: None if v != v else v for k, v in row.items()} for row in history]
        text = "".join(json.dumps(row, allow_nan=False) + "\n" for row in rows)
        replace(self.folder / "history.jsonl", text.encode())

    def _state(self, history: list[Row], within: Within | None) -> dict[str, Any]:
        parts = self.parts
        return {
            "epoch": len(history) - 1,
            "version": 2,  # timm's: the epoch is the last one done, not the next
            "arch": type(unwrap_model(parts.task.get_trainable_module())).__name__.lower(),
            "optimizer": parts.optimizer.state_dict(),
            "amp_scaler": parts.scaler.state_dict(),
            "recipe": parts.recipe.model_dump(),
            "seed": self.seed,
            "history": history,
            "within": within,
            **parts.task.get_checkpoint_state(),
            **parts.task.get_checkpoint_state(ema=True),
        }


def _load(state: dict[str, Any], parts: Parts) -> None:
    parts.task.load_checkpoint_state(state["state_dict"])
    if parts.recipe.model_ema:
        parts.task.load_checkpoint_state(state["state_dict_ema"], ema=True)
    parts.optimizer.load_state_dict(state["optimizer"])  # with the rates the schedule had set
    if parts.scaler.is_enabled():
        parts.scaler.load_state_dict(state["amp_scaler"])


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

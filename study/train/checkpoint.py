"""A trial on disk, after an epoch or in the midst of one, in the format of timm's checkpoints.

timm's CheckpointSaver removes the old file before it renames the new one, so that a kill between
the two loses both; here there is always one whole file. Each has a digest, and the last two are
there: a file that is damaged is set aside, and the trial goes on from the other.
"""

import os
import pickle
import time
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from timm.utils import unwrap_model

from study import archives, files
from study.errors import DamagedError, StoreError
from study.files import replace
from study.records import EpochRow
from study.train.calls import Caller, Superseded
from study.train.epoch import Within
from study.train.parts import Parts
from study.trial_folder import TrialFolder

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
    def files(self) -> TrialFolder:
        return TrialFolder(self.folder)

    @property
    def due(self) -> bool:
        """Whether it is long since it was last written, or restored."""
        return time.monotonic() - self.written > SAVE_EVERY

    def save(self, history: list[EpochRow], within: Within | None = None) -> None:
        """Raises Superseded, and StoreError where the file cannot be written: the old one stays."""
        self._ours()
        if self.parts.group.leads:
            content = BytesIO()
            torch.save(self._state(history, within), content)
            self._write(archives.sealed(content))
            self._mirror(history)
        self.written = time.monotonic()

    def restore(self) -> tuple[list[EpochRow], Within | None]:
        """The history so far, and how far the epoch after it has got, with `parts` as they were.

        A checkpoint that is damaged, or of another trial, is set aside and reported; the one before
        it is taken then, or none.
        """
        self._ours()
        self.written = time.monotonic()
        state = self._read(self.files.checkpoint) or self._read(self.files.previous)
        if state is None:
            return [], None
        _load(state, self.parts)
        history = [EpochRow.model_construct(**row) for row in state["history"]]
        if self.parts.group.leads:
            self._mirror(history)
        return history, state.get("within")

    def _write(self, content: bytes) -> None:
        """After a kill between the two renames only the save before the last is there."""
        last = self.files.checkpoint
        with files.beside(last, content) as partial:
            with suppress(OSError):  # there is none; a save that cannot be kept is replaced
                os.replace(last, self.files.previous)
            os.replace(partial, last)

    def _read(self, path: Path) -> dict[str, Any] | None:
        """What a file holds; None where there is none, or it is set aside."""
        group = self.parts.group
        content = group.handed(self._content(path) if group.leads else None)
        if content is None:
            return None
        try:
            archives.checked(content)
            state: dict[str, Any] = torch.load(
                BytesIO(content), map_location="cpu", weights_only=True
            )
            wrong = _foreign(state, self.parts, seed=self.seed)
        except (DamagedError, *UNREADABLE) as error:
            wrong = f"{type(error).__name__}: {error}"
        if wrong and group.leads:
            self._set_aside(path, wrong)
        return None if wrong else state

    def _ours(self) -> None:
        if not self.parts.group.agreed(self.caller.held()):
            raise Superseded("another process has taken this trial over")

    def _content(self, path: Path) -> bytes | None:
        try:
            return files.content(path)
        except FileNotFoundError:
            return None
        except DamagedError as error:
            self._set_aside(path, str(error))
            return None
        except OSError as error:
            raise StoreError(f"{path} cannot be read: {error.strerror}") from error

    def _set_aside(self, path: Path, wrong: str) -> None:
        try:
            aside = files.set_aside(path, "damaged")
        except OSError as error:
            raise StoreError(f"{path} cannot be set aside: {error.strerror}") from error
        self.caller.report({"event": "damaged", "set_aside": str(aside), "reason": wrong})

    def _mirror(self, history: list[EpochRow]) -> None:
        """The checkpoint's history, for reading."""
        replace(self.files.history, files.lines(row.plain for row in history))

    def _state(self, history: list[EpochRow], within: Within | None) -> dict[str, Any]:
        parts = self.parts
        return {
            "epoch": len(history) - 1,
            "version": 2,  # timm's: the epoch is the last one done, not the next
            "arch": type(unwrap_model(parts.task.get_trainable_module())).__name__.lower(),
            "optimizer": parts.optimizer.state_dict(),
            "amp_scaler": parts.scaler.state_dict(),
            "recipe": parts.recipe.model_dump(),
            "seed": self.seed,
            "history": [row.plain for row in history],
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

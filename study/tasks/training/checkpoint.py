"""Checkpoints of a trial, after a row of its history or between two, in timm's format.

timm's CheckpointSaver removes the old file before it renames the new one, so that a kill between
the two loses both; here one whole file always exists. Each has a digest, and the last two are
kept: a damaged file is set aside, and the trial resumes from the other.
"""

import os
import pickle
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import torch
from pydantic import BaseModel
from torch import nn

from study.errors import DamagedError, StoreError
from study.store import archives, atomic
from study.store.atomic import replace
from study.store.records import EpochRow
from study.store.trial_folder import TrialFolder
from study.tasks.training.distributed import ProcessGroup
from study.trial.callbacks import Callbacks, Stopped, Superseded

SAVE_EVERY = 600.0  # seconds; a kill loses at most this much training

WEIGHTS, AVERAGE, OPTIMIZER, SCALER = "state_dict", "state_dict_ema", "optimizer", "amp_scaler"
"""Keys of timm's checkpoints."""
RECIPE, SEED, HISTORY = "recipe", "seed", "history"
"""Keys of our own beside them, by which a checkpoint of another trial is known."""

# Sent from the leader to the others after every update, as a number.
GO, SAVE, STOP = range(3)

State = dict[str, Any]
"""The content of a checkpoint file, by timm's keys and our own."""

UNREADABLE = (
    RuntimeError,
    EOFError,
    pickle.UnpicklingError,
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
)


class Resumable(Protocol):
    """Everything that a trial trains with, whose state a checkpoint holds."""

    @property
    def recipe(self) -> BaseModel: ...
    @property
    def model(self) -> nn.Module: ...
    @property
    def optimizer(self) -> torch.optim.Optimizer: ...
    @property
    def scaler(self) -> torch.amp.GradScaler: ...
    @property
    def group(self) -> ProcessGroup: ...

    @property
    def weights(self) -> State:
        """Tensors by name, by timm's keys; all processes have the same."""
        ...

    def load_weights(self, state: State) -> None:
        """Go on from the weights of a state."""
        ...


Trained = TypeVar("Trained", bound=Resumable)
Within = TypeVar("Within")
"""The state between two rows of the history."""


@dataclass
class Checkpoint(Generic[Trained, Within]):
    """The checkpoint files of a trial; all processes call it together, the leader writes."""

    folder: Path
    setup: Trained
    caller: Callbacks
    seed: int
    written: float = 0.0
    """Time of the last save or restore, by the monotonic clock in seconds."""

    @property
    def files(self) -> TrialFolder:
        return TrialFolder(self.folder)

    @property
    def due(self) -> bool:
        """True when the last save or restore is longer ago than SAVE_EVERY."""
        return time.monotonic() - self.written > SAVE_EVERY

    def save(self, history: list[EpochRow], within: Within | None = None) -> None:
        """Write a checkpoint; the one before it stays.

        Raises:
            Superseded: another process works on the trial.
            StoreError: the file cannot be written.
        """
        self._ours()
        if self.setup.group.leads:
            content = BytesIO()
            torch.save(self._state(history, within), content)  # to memory, for its digest
            self._write(archives.sealed(content))
            self._mirror(history)
        self.written = time.monotonic()

    def restore(self) -> tuple[list[EpochRow], Within | None]:
        """Restore `setup`; return the history and the state since its last row, if any.

        A checkpoint that is damaged, or of another trial, is set aside and reported; then the one
        before it is used, or none.
        """
        self._ours()
        self.written = time.monotonic()  # what was restored is on disk already
        state = self._read(self.files.checkpoint) or self._read(self.files.previous)
        if state is None:
            return [], None
        self._load(state)
        history = [EpochRow.model_construct(**row) for row in state[HISTORY]]
        if self.setup.group.leads:
            self._mirror(history)
        return history, state.get("within")

    def save_or_stop(
        self, history: list[EpochRow], within: Callable[[], Within], where: str
    ) -> None:
        """Save after an update if it is time, or if the caller asks to stop; `within` is called by
        all processes.

        Raises:
            Stopped: the caller asked; `where` says how far the training is.
        """
        wanted = STOP if self.caller.stop() else SAVE if self.due else GO
        action = self.setup.group.leaders_number(wanted)
        if action != GO:
            self.save(history, within())
        if action == STOP:
            raise Stopped(where)

    def _state(self, history: list[EpochRow], within: Within | None) -> State:
        setup = self.setup
        return {
            "version": 2,  # of timm's format: `epoch` is the last finished one, not the next
            "arch": type(setup.model).__name__.lower(),
            OPTIMIZER: setup.optimizer.state_dict(),
            SCALER: setup.scaler.state_dict(),
            RECIPE: setup.recipe.model_dump(),
            **setup.weights,
            "epoch": len(history) - 1,
            SEED: self.seed,
            HISTORY: [row.plain for row in history],
            "within": within,
        }

    def _load(self, state: State) -> None:
        self.setup.load_weights(state)
        self.setup.optimizer.load_state_dict(state[OPTIMIZER])  # with its learning rates
        if self.setup.scaler.is_enabled():
            self.setup.scaler.load_state_dict(state[SCALER])

    def _write(self, content: bytes) -> None:
        """Rename in two steps; after a kill between them the older checkpoint is whole."""
        last = self.files.checkpoint
        with atomic.temporary_file(last, content) as partial:
            with suppress(OSError):  # there is none yet; or it cannot be renamed and is replaced
                os.replace(last, self.files.previous)
            os.replace(partial, last)

    def _read(self, path: Path) -> State | None:
        """The state in a file; None if the file does not exist or was set aside."""
        group = self.setup.group
        # One process reads for all: another node may still see an older file through NFS's cache.
        content = group.leaders_item(self._content(path) if group.leads else None)
        if content is None:
            return None
        try:
            archives.checked(content)
            # On the CPU: a second copy on the device would need memory. weights_only runs no code.
            state: State = torch.load(BytesIO(content), map_location="cpu", weights_only=True)
            mismatch = self._mismatch(state)
        except (DamagedError, *UNREADABLE) as error:
            mismatch = f"{type(error).__name__}: {error}"
        if mismatch and group.leads:
            self._set_aside(path, mismatch)
        return None if mismatch else state

    def _ours(self) -> None:
        if not self.setup.group.agreed(self.caller.held()):
            raise Superseded("another process has taken this trial over")

    def _content(self, path: Path) -> bytes | None:
        try:
            return atomic.content(path)
        except FileNotFoundError:
            return None
        except DamagedError as error:
            self._set_aside(path, str(error))
            return None
        except OSError as error:
            raise StoreError(f"{path} cannot be read: {error.strerror}") from error

    def _set_aside(self, path: Path, reason: str) -> None:
        try:
            aside = atomic.set_aside(path, "damaged")
        except OSError as error:
            raise StoreError(f"{path} cannot be set aside: {error.strerror}") from error
        self.caller.report({"event": "damaged", "set_aside": str(aside), "reason": reason})

    def _mirror(self, history: list[EpochRow]) -> None:
        """Write the checkpoint's history as lines of JSON, for people and other commands."""
        # A resumed trial reads the history in its checkpoint, not this file.
        replace(self.files.history, atomic.encoded_lines(row.plain for row in history))

    def _mismatch(self, state: State) -> str:
        """The reason why a state is of another trial, or "". Compares before anything loads."""
        if state[SEED] != self.seed:
            return f"it is of seed {state[SEED]}, not {self.seed}"
        if state[RECIPE] != self.setup.recipe.model_dump():
            return "it is of another recipe"
        # load_state_dict would fail half-way, with some of the weights already replaced.
        ours = self.setup.weights
        shapes = [
            {name: {k: v.shape for k, v in s.get(name, {}).items()} for name in ours}
            for s in (ours, state)
        ]
        return "it is of a model with other weights" if shapes[0] != shapes[1] else ""

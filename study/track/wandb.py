"""Weights & Biases: written to disk, and uploaded only if WANDB_MODE says so."""

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

from study.errors import StudyError
from study.spec.study import file_name
from study.track.subject import Subject


class WeightsAndBiases:
    """One trial as a run, whose id is the trial's name: a trial logged twice is one run."""

    def __init__(self, folder: Path, subject: Subject) -> None:
        import wandb

        folder.mkdir(parents=True, exist_ok=True)
        try:
            self.run = wandb.init(
                project=os.environ.get("WANDB_PROJECT", file_name(subject.study)),
                id=subject.trial,
                name=subject.name,
                # The seeds of an arm are a group, which W&B can average.
                group=subject.label,
                config={"seed": subject.seed, "levels": dict(subject.levels), **subject.config},
                dir=str(folder),
                mode=_mode(),
                resume="allow" if _mode() == "online" else None,
                reinit="create_new",  # several runs are open at the same time
                settings=wandb.Settings(console="off", silent=True, x_disable_stats=True),
            )
        except wandb.Error as error:
            raise StudyError(f"wandb: {error}") from error

    def epoch(self, epoch: int, values: Mapping[str, float]) -> None:
        self.run.log(dict(values), step=epoch)

    def end(self, state: str, values: Mapping[str, float]) -> None:
        self.run.summary.update({**values, "state": state})

    def close(self) -> None:
        self.run.finish()


def _mode() -> str:
    return os.environ.get("WANDB_MODE", "offline")


def view(folder: Path) -> str:
    if _mode() == "offline":
        return f"wandb sync {shlex.quote(str(folder))}/wandb/offline-run-*"
    return "what wandb printed above"

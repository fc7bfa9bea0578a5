"""The names of the files in a trial's folder, in one place."""

import re
from dataclasses import dataclass
from pathlib import Path

from study.spec.image_size import ImageSize, written

RESULT = "result.json"
FORMAT = 1  # of result.json
CHECKPOINT = "last.pth.tar"  # the name that timm's CheckpointSaver uses
PREVIOUS = "before.pth.tar"
"""The checkpoint before the last, kept until the trial has a result."""


@dataclass(frozen=True)
class TrialFolder:
    path: Path

    @property
    def record(self) -> Path:
        """The record of what the trial computes."""
        return self.path / "trial.json"

    @property
    def result(self) -> Path:
        return self.path / RESULT

    @property
    def history(self) -> Path:
        """One line per finished epoch."""
        return self.path / "history.jsonl"

    @property
    def latest(self) -> Path:
        """The last values of a running trial whose task keeps no history meanwhile."""
        return self.path / "latest.json"

    @property
    def log(self) -> Path:
        return self.path / "log.txt"

    @property
    def output(self) -> Path:
        """The output of the program that a trial runs."""
        return self.path / "output.txt"

    @property
    def images(self) -> Path:
        """The fingerprints of the images that the trial began on."""
        return self.path / "images.json"

    @property
    def checkpoint(self) -> Path:
        return self.path / CHECKPOINT

    @property
    def previous(self) -> Path:
        """The checkpoint before the last."""
        return self.path / PREVIOUS

    @property
    def checkpoints(self) -> tuple[Path, Path]:
        return self.checkpoint, self.previous

    @property
    def resumable(self) -> Path:
        """Present where the next attempt goes on in the files of this one, without checkpoints."""
        return self.path / "resumable"

    @property
    def deaths(self) -> list[Path]:
        """Notes of workers that died, in no order."""
        return list(self.path.glob("died-*.json"))

    def death(self, number: int) -> Path:
        """How the worker that held lease `number` died."""
        return self.path / f"died-{number}.json"

    def lease(self, number: int) -> Path:
        return self.path / f"lease.{number}"

    def evaluation(self, size: ImageSize) -> Path:
        """The trained weights on images of another size, in pixels."""
        return self.path / f"at-{written(size)}.json"

    def predictions(self, file: str) -> Path:
        """The predictions that a result names; results of early versions do not name them."""
        # The name comes from a file: no other form may be joined to the folder.
        named = re.fullmatch(r"predictions-\d+\.npz", file)
        return self.path / (file if named else "predictions.npz")


def predictions_of(lease: int) -> str:
    """The file of the predictions of the attempt under a lease: every attempt has its own."""
    return f"predictions-{lease}.npz"

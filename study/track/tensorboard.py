"""TensorBoard event files; they need no server and no network."""

import json
import shlex
from collections.abc import Mapping
from pathlib import Path

from study.spec.study import file_name
from study.track.subject import Subject


class TensorBoard:
    """One trial as a folder of event files."""

    def __init__(self, folder: Path, subject: Subject) -> None:
        # Imports torch, and the package tensorboard, which is optional.
        from torch.utils.tensorboard import SummaryWriter

        self.subject = subject
        path = folder / f"{file_name(subject.label)}-{subject.trial}"
        self.writer = SummaryWriter(str(path))  # continues in a second file if there is one
        config = json.dumps(dict(subject.config), indent=1)
        # TensorBoard renders texts as Markdown, where a fence keeps the indentation.
        self.writer.add_text("config", f"```\n{config}\n```")

    def epoch(self, epoch: int, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self.writer.add_scalar(name, value, epoch)
        # By default events are flushed every two minutes.
        self.writer.flush()

    def end(self, state: str, values: Mapping[str, float]) -> None:
        """Writes the final state and the row of the HPARAMS tab, which compares trials."""
        self.writer.add_text("state", state)
        levels = {**self.subject.levels, "arm": self.subject.label, "seed": self.subject.seed}
        # "." keeps the row in this folder; the default makes a run of its own, named by the time.
        self.writer.add_hparams(levels, dict(values), run_name=".")

    def close(self) -> None:
        self.writer.close()


def view(folder: Path) -> str:
    return f"tensorboard --logdir {shlex.quote(str(folder))}"

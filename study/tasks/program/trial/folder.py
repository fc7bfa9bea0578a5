"""The files of a trial of a program, in its folder of the store.

work/           STUDY_FOLDER, in which the program runs: copies of code, links to inputs, its files
output.txt      stdout and stderr of all attempts
metrics.jsonl   STUDY_METRICS
latest.json     the last values while it runs
usage-N.json    seconds, CPU time and memory of attempt N
resumable       there once an attempt has begun whose files the next one finds
program.lock    held while a process of the program may live
"""

import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from study.store.trial_folder import TrialFolder
from study.tasks.program import code
from study.tasks.program.readers import TrialPlaces
from study.tasks.program.records import ProgramRecord
from study.tasks.program.trial.process import Usage

LINES, WIDTH = 20, 2_000  # of the end of an output that are kept in a result


@dataclass(frozen=True)
class ProgramFolder:
    path: Path

    @property
    def work(self) -> Path:
        return self.path / "work"

    @property
    def output(self) -> Path:
        return TrialFolder(self.path).output

    @property
    def metrics(self) -> Path:
        return self.path / "metrics.jsonl"

    @property
    def latest(self) -> Path:
        return TrialFolder(self.path).latest

    @property
    def lock(self) -> Path:
        return self.path / "program.lock"

    @property
    def resumable(self) -> Path:
        return TrialFolder(self.path).resumable

    @property
    def places(self) -> TrialPlaces:
        return TrialPlaces(self.work, self.output, self.metrics)

    @property
    def usages(self) -> list[Path]:
        return sorted(self.path.glob("usage-*.json"))

    def prepare(self, record: ProgramRecord, jobs: Iterable[Path]) -> None:
        """Make the folder ready for an attempt: emptied, unless the program resumes."""
        if not record.resumes:
            self.empty()
        self.work.mkdir(exist_ok=True)
        code.place(record.config.code, jobs, self.work)
        code.link(Path(record.root), record.inputs, self.work)
        _without_part_of_a_line(self.metrics)
        self.output.touch()  # so that `study logs` has a file to follow

    def empty(self) -> None:
        """Remove what an earlier attempt has left; links to inputs go, and inputs stay."""
        if self.work.is_symlink():  # whatever it leads to is not ours
            self.work.unlink()
        elif self.work.exists():
            shutil.rmtree(self.work)  # which removes links, and not what they lead to
        for path in (self.output, self.metrics, self.latest, self.resumable, *self.usages):
            path.unlink(missing_ok=True)

    def next_usage(self) -> Path:
        return self.path / f"usage-{len(self.usages) + 1:04}.json"

    def used(self) -> dict[str, float]:
        """Seconds and CPU time of all attempts together, and the largest memory of one."""
        # A usage that was cut off by a crash of the machine is left out.
        every = [usage for usage in map(Usage.look, self.usages) if usage is not None]
        return {
            "seconds": sum(usage.seconds for usage in every),
            "cpu_seconds": sum(usage.cpu_seconds for usage in every),
            # Attempts do not overlap, so their memory does not add up.
            "peak_memory": max((usage.peak_memory for usage in every), default=0.0),
        }

    def last_lines(self) -> list[str]:
        """The end of the output."""
        with suppress(OSError), self.output.open("rb") as file:
            file.seek(max(0, self.output.stat().st_size - LINES * WIDTH))
            text = file.read().decode("utf-8", errors="replace")
            # Of a progress bar, which returns to the start of its line, the last state.
            lines = [line.rpartition("\r")[2] for line in text.replace("\r\n", "\n").splitlines()]
            return [line[:WIDTH] for line in lines if line.strip()][-LINES:]
        return []


def _without_part_of_a_line(path: Path) -> None:
    """Cut off a line that an attempt was killed in, to which the next would be joined."""
    with suppress(FileNotFoundError), path.open("r+b") as file:
        file.truncate(file.read().rfind(b"\n") + 1)

"""Results on disk. The store is also the queue of trials: nothing returns through a launcher.

results/
    trials/DIGEST-SEED/   trial.json  history.jsonl  log.txt  predictions-N.npz
                          last.pth.tar, and before.pth.tar until the trial has a result
                          result.json  at-SIZE.json, the weights on images of another size
                          images.json, the fingerprint of the images that it began on
                          lease.N, the worker  died-N.json, how a worker died
    arms/KEY.json         cost and checks of an arm
    timings/KEY.json      one timing session over the arms of a study
    timings/KEY/          lease.N, its worker  rounds.json, how far it is
                          session-N.json, the sessions before it
    tuning/STUDY/         journal.log, tuning trials for optuna's dashboard  lease.N, its writer
    jobs/STAMP/           a job: phases of its workers, the code they run, their logs
    track/NAME/           the epochs that a tracker has received, and its own files

Every file is complete or absent, since it is written under another name and renamed; it holds its
own digest. A file that is damaged or belongs elsewhere is renamed, never read and never deleted.
"""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from study.errors import StoreError
from study.spec.image_size import ImageSize
from study.store import atomic, endings, leases, records
from study.store.atomic import Record as Record
from study.store.atomic import write
from study.store.endings import Ending
from study.store.frozen import Frozen
from study.store.records import (
    EpochRow,
    Evaluation,
    ImageFingerprint,
    Outcome,
    Result,
    TrialConfig,
    TrialImages,
    TrialRecord,
    WorkerDeath,
)
from study.store.trial_folder import FORMAT, RESULT, TrialFolder

Kind = TypeVar("Kind", bound=Frozen)

Images = Mapping[str, ImageFingerprint]
"""Fingerprints by split."""


@dataclass(frozen=True)
class Store:
    root: Path

    def trial(self, name: str) -> Path:
        """The folder of a trial."""
        return self.root / "trials" / name

    def folder(self, name: str) -> TrialFolder:
        """The files in the folder of a trial."""
        return TrialFolder(self.trial(name))

    # ---- trials ----

    def enter(self, name: str, record: TrialRecord) -> None:
        """Write the record of a trial's computation, before any worker claims it."""
        path = self.folder(name).record
        if TrialRecord.load(path) != record:
            write(path, record.plain)

    def entered(self, name: str) -> TrialRecord:
        """The record of a trial. Raises StoreError if no readable file has it."""
        path = self.folder(name).record
        record = TrialRecord.load(path)
        if record is None:
            raise StoreError(f"{path} is missing: study run puts it there again")
        return record

    def save(self, name: str, outcome: Outcome, lease: leases.Lease) -> bool:
        """Store a result and return True, unless another worker has taken over meanwhile.

        If this process stalls between the check of its lease and the write, a result that another
        worker has stored in between stays.
        """
        record = {"format": FORMAT, "trial": name, **outcome.plain}
        if not lease.held or not atomic.create(self.folder(name).result, atomic.encoded(record)):
            return False
        # Only now: leases of dead workers show who has tried the trial.
        leases.remove_all(self.trial(name))
        return True

    def result(self, name: str) -> Result | None:
        """The result of a trial; a file that is not its result is set aside.

        Raises:
            StoreError: a later version has written it.
        """
        path = self.folder(name).result
        result = atomic.read_checked(path, partial(_result, path=path))
        if result is not None and result.trial != name:
            atomic.set_aside_with_warning(path, f"it is the result of {result.trial}", "foreign")
            return None
        return result

    def endings(self, names: Iterable[str]) -> dict[str, Ending]:
        """The results of many trials without their epochs; those without a result are absent.

        Raises:
            StoreError: as `result`.
        """
        return endings.endings(self.root, names, self.result)

    def configurations(self) -> list[tuple[TrialConfig, list[str]]]:
        """The configurations of all results, each with its trials; see `endings`."""
        return endings.configurations(self.root, self.result)

    def blocked(self, name: str) -> bool:
        """True if something that is no result has its place, and cannot be set aside."""
        return os.path.lexists(self.folder(name).result) and self.result(name) is None

    def peek(self, name: str) -> tuple[TrialRecord | None, Result | None]:
        """The record and the result of a trial; damaged files are left as they are."""
        folder = self.folder(name)
        return (
            TrialRecord.look(folder.record),
            Result.look(folder.result),
        )

    def predictions(self, name: str) -> Path:
        """The predictions of the attempt that the result of a trial comes from."""
        result = self.result(name)
        return self.folder(name).predictions(result.predictions if result else "")

    def results(self) -> list[str]:
        """Trials that have a result, of whatever study."""
        paths = (self.root / "trials").glob(f"[!.]*/{RESULT}")  # hidden: being removed
        return sorted(path.parent.name for path in paths)

    def retry(self, name: str) -> None:
        """Allow another attempt at a failed trial; its result is kept under another name."""
        result, folder = self.result(name), self.folder(name)
        if result is not None and result.state == "failed":
            # Deaths use up the retries of a trial, so a new attempt begins without them.
            for note in folder.deaths:
                note.unlink(missing_ok=True)
            try:
                atomic.set_aside(folder.result, "failed")
            except OSError as error:
                why = f"cannot be tried again: {error.strerror}"
                raise StoreError(f"{self.trial(name)} {why}") from error

    def write_death(self, name: str, number: int, death: WorkerDeath) -> bool:
        """Write how the holder of lease `number` died; False if another process has done so."""
        # With the epochs so far, by which `deaths` sees if the trial has advanced since.
        note = {**death.plain, "epochs": len(self.history(name))}
        return atomic.create(self.folder(name).death(number), atomic.encoded(note))

    def death(self, name: str, number: int) -> WorkerDeath | None:
        """How the holder of lease `number` died, if its supervisor has written it."""
        return WorkerDeath.load(self.folder(name).death(number))

    def beat(self, name: str, number: int) -> float:
        """When the holder of lease `number` last touched it, by the file server's clock."""
        try:
            return self.folder(name).lease(number).stat().st_mtime
        except OSError:
            return 0.0

    def deaths(self, name: str) -> list[WorkerDeath]:
        """The deaths of workers at this trial since its last finished epoch, oldest first."""
        paths = sorted(self.folder(name).deaths, key=written)
        # A finished epoch shows that the trial itself does not kill its workers.
        notes = [WorkerDeath.load(path) for path in paths]
        epochs = len(self.history(name))
        return [note for note in notes if note is not None and note.epochs == epochs]

    def history(self, name: str) -> list[EpochRow]:
        """One row per finished epoch."""
        rows = atomic.read_checked(self.folder(name).history, records.history)
        if rows is not None:
            return rows
        result = self.result(name)
        return result.history if result else []

    def latest(self, name: str) -> EpochRow | None:
        """The last values of a running trial whose task keeps no history meanwhile."""
        return EpochRow.look(self.folder(name).latest)

    def state(self, name: str) -> str:
        """The name of a state in `states.STATES`."""
        result = self.result(name)
        if result is not None:
            return result.state
        folder = self.trial(name)
        if leases.holder(folder):
            # A single look by the file server's clock, which is enough for display.
            return "running"
        files = self.folder(name)
        saved = any(path.exists() for path in (*files.checkpoints, files.resumable))
        return "paused" if saved or self.history(name) else "pending"

    def began(self, name: str) -> Images | None:
        """The fingerprints of the images that an unfinished trial began on, by split.

        A damaged file is left as it is; see `begun_on`.
        """
        return _by_split(TrialImages.look(self.folder(name).images))

    def begun_on(self, name: str) -> Images | None:
        """As `began`, except that a damaged file is set aside."""
        return _by_split(TrialImages.load(self.folder(name).images))

    def begin(self, name: str, images: Images) -> None:
        """Write the fingerprints of the images that a trial begins on."""
        write(self.folder(name).images, {split: value.plain for split, value in images.items()})

    def evaluation(self, name: str, size: ImageSize) -> Evaluation | None:
        """A trial's weights on images of another size, in pixels."""
        return Evaluation.load(self.folder(name).evaluation(size))

    def write_evaluation(self, name: str, size: ImageSize, evaluation: Evaluation) -> None:
        write(self.folder(name).evaluation(size), evaluation.plain)

    # ---- costs and timings ----

    def record(self, shelf: str, key: str, kind: type[Kind]) -> Kind | None:
        """A record of `arms` or `timings`."""
        return kind.load(self.root / shelf / f"{key}.json")

    def keep(self, shelf: str, key: str, record: Frozen) -> None:
        write(self.root / shelf / f"{key}.json", record.plain)

    def strays(self, trials: Iterable[str] | None = None) -> list[Path]:
        """Files that were set aside because they are damaged, or belong elsewhere.

        Those of arms and timing sessions, and those in the folders of some trials, or of all.
        """
        trials = endings.names(self.root) if trials is None else trials
        strays = list[Path]()
        timed = [f"timings/{path.name}" for path in (self.root / "timings").glob("*/")]
        for folder in ("arms", "timings", *timed, *(f"trials/{name}" for name in trials)):
            try:
                names = os.listdir(f"{self.root}/{folder}")
            except OSError:  # no such folder, or not yet
                continue
            strays += [self.root / folder / name for name in names if ASIDE.search(name)]
        return sorted(strays)


ASIDE = re.compile(r"\.(foreign|damaged)-[0-9a-f]{6}$|\.broken$")


def agree(name: str, stored: TrialConfig, config: TrialConfig, path: Path) -> None:
    """Refuse a stored result that was computed from another configuration than today's.

    A key that only today's configuration has was added later, with a default that keeps the old
    meaning: with another value, the trial would have another name.

    Raises:
        StoreError: the same name, but a default has changed since.
    """
    old, new = stored.values, config.values
    changed = [
        f"{key}: {old[key]!r} then, {new.get(key)!r} now"
        for key in sorted(old)
        if old[key] != new.get(key)
    ]
    if changed:
        raise StoreError(
            f"{path} holds trial {name} as another configuration computed it "
            f"({'; '.join(changed)}); move that folder away to run it again"
        )


def _result(content: bytes, path: Path) -> Result:
    """The result in a file. Raises DamagedError for no result, StoreError for a later format."""
    record = atomic.record(content)
    later = record.get("format")
    if isinstance(later, int) and FORMAT < later < 1000:
        raise StoreError(f"{path} has format {later}, this version reads {FORMAT}")
    return Result.checked(record)


def _by_split(images: TrialImages | None) -> Images | None:
    return None if images is None else images.splits


def written(path: Path) -> float:
    """Time at which a file was written, in seconds since 1970; 0 if it is gone."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0

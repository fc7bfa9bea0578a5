"""Results on disk: the queue, and the only way back.

results/
    trials/DIGEST-SEED/   trial.json  history.jsonl  log.txt  predictions-N.npz
                          last.pth.tar, and before.pth.tar until the trial has a result
                          result.json  at-SIZE.json, the weights on images of another size
                          images.json, the fingerprint of the images that it began on
                          lease.N, who works on it  died-N.json, how a worker died of it
    arms/KEY.json         what building and counting an arm showed
    timings/KEY.json      one timing session over the arms of a study
    jobs/STAMP/           what a launcher was asked to do, the code it runs, its logs
    track/NAME/           what trackers were told, and what they keep

Every file is plain, and whole or absent: it is written beside its place and renamed. Its digest is
in it. A file that is damaged or belongs elsewhere is set aside under a name that says so; never
trusted, never deleted.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from study import files, leases, records
from study.errors import StoreError
from study.files import Record as Record
from study.files import write
from study.frozen import Frozen

Kept = TypeVar("Kept", bound=Frozen)

FORMAT = 1  # of result.json
DONE = ("completed", "diverged")


@dataclass(frozen=True)
class Store:
    root: Path

    def trial(self, name: str) -> Path:
        """The folder of a trial."""
        return self.root / "trials" / name

    # ---- trials ----

    def enter(self, name: str, record: Mapping[str, Any]) -> None:
        """Put down what a trial computes, before anybody works on it."""
        path = self.trial(name) / "trial.json"
        if records.load(path, records.Trial) != record:
            write(path, record)

    def entered(self, name: str) -> Record:
        """What a trial computes. Raises StoreError where nothing that can be read says so."""
        path = self.trial(name) / "trial.json"
        record = records.load(path, records.Trial)
        if record is None:
            raise StoreError(f"{path} is missing: study run puts it there again")
        return record

    def save(self, name: str, result: Mapping[str, Any], lease: leases.Lease) -> bool:
        """Store a result, unless the lease was lost meanwhile: then the successor's counts.

        A holder that stalls between being asked and writing finds that there is a result already.
        """
        record = {"format": FORMAT, "trial": name, **result}
        path = self.trial(name) / "result.json"
        if not lease.held or not files.once(path, files.encoded(record)):
            return False
        leases.forget(self.trial(name))
        return True

    def result(self, name: str) -> Record | None:
        """What a trial left behind; a file that is not its result is set aside.

        Raises:
            StoreError: a later version has written it.
        """
        path = self.trial(name) / "result.json"
        record = files.sound(path, partial(_result, path=path))
        if record is not None and record["trial"] != name:
            files.put_away(path, f"it is the result of {record['trial']}", "foreign")
            return None
        return record

    def blocked(self, name: str) -> bool:
        """Whether what is no result is where the result belongs, and cannot be set aside."""
        return os.path.lexists(self.trial(name) / "result.json") and self.result(name) is None

    def predictions(self, name: str) -> Path:
        """Of the attempt that a trial's result is of; results of long ago do not say which."""
        told = str((self.result(name) or {}).get("predictions"))
        file = told if re.fullmatch(r"predictions-\d+\.npz", told) else "predictions.npz"
        return self.trial(name) / file

    def results(self) -> list[str]:
        """Trials that have a result, of whatever study."""
        found = (self.root / "trials").glob("[!.]*/result.json")  # hidden: on its way out
        return sorted(path.parent.name for path in found)

    def retry(self, name: str) -> None:
        """Make room for another attempt; a failed one is kept under another name."""
        result = self.result(name)
        if result is not None and result["state"] == "failed":
            for note in self.trial(name).glob("died-*.json"):
                note.unlink(missing_ok=True)
            try:
                files.set_aside(self.trial(name) / "result.json", "failed")
            except OSError as error:
                why = f"cannot be tried again: {error.strerror}"
                raise StoreError(f"{self.trial(name)} {why}") from error

    def died(self, name: str, number: int, why: str, **more: Any) -> bool:
        """Put down how the holder of lease `number` died; whether nobody had told before."""
        note = {"why": why, "epochs": len(self.history(name)), **more}
        return files.once(self.trial(name) / f"died-{number}.json", files.encoded(note))

    def death(self, name: str, number: int) -> Record | None:
        """What was told of the death of the holder of lease `number`."""
        return records.load(self.trial(name) / f"died-{number}.json", records.Death)

    def beat(self, name: str, number: int) -> float:
        """When the heart behind lease `number` beat last, by the file server's clock."""
        try:
            return (self.trial(name) / f"lease.{number}").stat().st_mtime
        except OSError:
            return 0.0

    def deaths(self, name: str) -> list[Record]:
        """How workers died of this trial since it last got ahead by an epoch, oldest first."""
        notes = sorted(self.trial(name).glob("died-*.json"), key=_written)
        deaths, epochs = (
            [records.load(n, records.Death) or {} for n in notes],
            len(self.history(name)),
        )
        return [note for note in deaths if note.get("epochs") == epochs]

    def history(self, name: str) -> list[Record]:
        """One row per finished epoch."""
        rows = files.sound(self.trial(name) / "history.jsonl", records.history)
        return (self.result(name) or {}).get("history", []) if rows is None else rows

    def state(self, name: str) -> str:
        """completed, diverged, failed, running, stale (its worker died) or pending."""
        result = self.result(name)
        if result is not None:
            return str(result["state"])
        folder = self.trial(name)
        if leases.holder(folder):
            return "running"
        return "stale" if any(folder.glob("lease.*")) or self.history(name) else "pending"

    def began(self, name: str) -> Record | None:
        """The fingerprints of the images that an unfinished trial began on, where it left them."""
        return files.read(self.trial(name) / "images.json")

    def evaluation(self, name: str, size: int) -> Record | None:
        """What a trial's weights made of images of another size, in pixels."""
        return records.load(self.trial(name) / f"at-{size}.json", records.Evaluation)

    def evaluated(self, name: str, size: int, record: Mapping[str, Any]) -> None:
        write(self.trial(name) / f"at-{size}.json", record)

    # ---- what was counted and timed ----

    def kept(self, shelf: str, key: str, kind: type[Kept]) -> Kept | None:
        """A record of `arms` or `timings`."""
        return kind.load(self.root / shelf / f"{key}.json")

    def keep(self, shelf: str, key: str, record: Frozen) -> None:
        write(self.root / shelf / f"{key}.json", record.plain)

    def strays(self) -> list[Path]:
        """Files that were set aside because they are damaged, or belong elsewhere."""
        places = (*(f"{shelf}/*" for shelf in ("arms", "timings")), "trials/[!.]*/*")
        found = (path for place in places for path in self.root.glob(place))
        return sorted(path for path in found if ASIDE.search(path.name))


ASIDE = re.compile(r"\.(foreign|damaged)-[0-9a-f]{6}$|\.broken$")


def agree(name: str, stored: Mapping[str, Any], config: Mapping[str, Any], path: Path) -> None:
    """Refuse a stored result that was computed from another configuration than today's.

    A key that only today's has came into being later, with the default that keeps the old meaning;
    were it not at that default, the name would be another.

    Raises:
        StoreError: the same name, but a default has changed since.
    """
    changed = [
        f"{part}.{key}: {old[key]!r} then, {new.get(key)!r} now"
        for part, old, new in _parts(stored, config)
        for key in sorted(old)
        if old[key] != new.get(key)
    ]
    if changed:
        raise StoreError(
            f"{path} holds trial {name} as another configuration computed it "
            f"({'; '.join(changed)}); move that folder away to run it again"
        )


def _result(content: bytes, path: Path) -> Record:
    """Raises DamagedError where this is no result, StoreError where it is of a later format."""
    record = files.record(content)
    later = record.get("format")
    if isinstance(later, int) and FORMAT < later < 1000:
        raise StoreError(f"{path} has format {later}, this version reads {FORMAT}")
    return records.checked(record, records.Result)


def _written(path: Path) -> float:
    """When a file was written, in seconds; 0 where it is gone."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _parts(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[tuple[str, Record, Record]]:
    model = [("model", dict(c["model"]["arguments"], name=c["model"]["name"])) for c in (a, b)]
    parts = [("model", model[0][1], model[1][1])]
    return parts + [(part, dict(a[part]), dict(b[part])) for part in ("data", "recipe")]

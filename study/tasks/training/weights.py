"""The weights that a finished trial has left, of any task that trains networks."""

from pathlib import Path

from study.errors import StoreError, likely_name, unknown
from study.store import archives
from study.store.atomic import read_checked
from study.store.store import Store


def checkpoint(store: Store, name: str) -> Path:
    """The file with the weights of a completed trial.

    Raises:
        StoreError: the trial does not exist, is not finished, or its weights are gone.
    """
    if not store.trial(name).is_dir():
        raise StoreError(f"{store.root} has no such trial: {unknown('trial', name, trials(store))}")
    if (state := store.state(name)) != "completed":
        raise StoreError(
            f"trial {name} in {store.root} is {state}; only a completed trial can be used"
        )
    path = store.folder(name).checkpoint
    if not path.exists():
        raise StoreError(f"trial {name} has no weights: {path} is not there")
    # The last check, since it reads the whole file.
    if read_checked(path, archives.checked) is None:
        raise StoreError(f"the weights of trial {name} are damaged: {path}; restore the file")
    return path.resolve()


def trials(store: Store) -> list[str]:
    """The names of all trials of a store."""
    folder = store.root / "trials"
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def of_arm(store: Store, study: str, label: str, seed: int | None = None) -> str:
    """The completed trial of a study's arm, of this seed or else of the lowest that is there.

    Raises:
        StoreError: there is none, or an edit of the study has left trials of two configurations.
    """
    # By the records, as a study names an arm by its label alone.
    labels, rows, studies = set[str](), list[tuple[int, str]](), set[str]()
    for name in trials(store):
        record, result = store.peek(name)
        studies |= {record.study} if record and record.study else set()
        if record is None or record.study != study:
            continue
        labels.add(str(record.label))
        done = result is not None and result.state == "completed"
        if record.label == label and done and seed in (None, record.seed):
            rows.append((record.seed, name))
    if not labels:
        near = likely_name(study, studies)
        hint = f'is it "{near}"?' if near else "run it first"
        raise StoreError(f"{store.root} has no trial of a study {study}: {hint}")
    if label not in labels:
        raise StoreError(f"study {study}: {unknown('arm', label, labels)}")
    lowest = [name for number, name in rows if number == min(rows)[0]]
    if not lowest:
        of_seed = f" of seed {seed}" if seed is not None else ""
        raise StoreError(f"arm {label} of {study} has no completed trial{of_seed}: run it first")
    # One seed is one trial, unless the arm had another configuration then.
    if len(lowest) > 1:
        raise StoreError(
            f"arm {label} of {study} has several trials of one seed ({', '.join(lowest)}), as the "
            "study was edited: name one, as weights: trial:NAME"
        )
    return lowest[0]

"""Whether the images are there that the studies name."""

import os
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path

from study import parse
from study.designs import arms
from study.doctor.findings import Case, Finding, fail, miss, note, ok
from study.errors import SpecError
from study.marks import Problem
from study.outline import outline
from study.schema import Data
from study.spec import Study

UNSET = " is not set"
HUB = 'python -m pip install -e ".[hub]"'


def images(case: Case) -> Iterator[Finding]:
    """Every data set of the studies, once, with and without each profile."""
    wanted: dict[str, tuple[Data, list[str]]] = {}
    unset: dict[str, list[str]] = {}
    for file in case.files:
        for profile in (None, *outline(file).profiles):
            said = f"{file} --profile {profile}" if profile else str(file)
            study, problems = _read(file, profile, case)
            if others := [p for p in problems if not p.message.endswith(UNSET)]:
                yield fail(f"{said}: {others[0].message}", f"study plan {said}")
                break
            for problem in problems:
                unset.setdefault(problem.message.removesuffix(UNSET), []).append(said)
            for data in _sets(study) if study and not problems else ():
                wanted.setdefault(_key(data), (data, []))[1].append(said)
    for name, places in unset.items():
        yield miss(f"{name}{UNSET}, for {_some(places)}", f"export {name[1:]}=<where images are>")
    for data, places in wanted.values():
        for finding in _looked(data):
            said = f"data {data.name}: {finding.said}"
            yield Finding(finding.level, f"{said}, for {_some(places)}", finding.step)
    if not case.files:
        yield note("no study files here", "study doctor FILE...")


def _read(file: Path, profile: str | None, case: Case) -> tuple[Study | None, list[Problem]]:
    words, environment = case.vocabulary, os.environ
    return parse.study_file(file, vocabulary=words, environment=environment, profile=profile)


def _sets(study: Study) -> list[Data]:
    """What the arms are trained on; of a design that cannot be made, the baseline's."""
    if not study.seeds:
        return []
    try:
        return [arm.config.data for arm in arms(study)]
    except SpecError:
        return [study.arm((0,) * len(study.factors)).config.data]


def _key(data: Data) -> str:
    return repr([data.name, data.root, data.train_split, data.val_split, data.num_classes])


def _some(places: Iterable[str]) -> str:
    first, *others = dict.fromkeys(places)
    return f"{first} and {len(others)} more" if others else first


# ---- one data set ----


def _looked(data: Data) -> Iterator[Finding]:
    kind = data.name.partition("/")[0]
    if data.root is None and kind not in ("digits", "hfds"):
        return iter([miss("no root: enough to count costs, not to train", "set data.root")])
    return KINDS[kind](data)


def _digits(data: Data) -> Iterator[Finding]:
    from sklearn.datasets import load_digits

    yield ok(f"{len(load_digits(return_X_y=True)[1])} images, inside scikit-learn")


def _folder(data: Data) -> Iterator[Finding]:
    """Classes are counted, images are not: there may be millions."""
    from study.data.sources import TRAIN, VAL

    root = Path(data.root or "").expanduser()
    if not root.exists():
        yield miss(f"{root} does not exist", "mount or make it, or correct root")
        return
    counts = dict[str, int]()
    for split in (data.train_split, data.val_split):
        words = next((words for words in (TRAIN, VAL) if split in words), (split,))
        places = [root / word for word in words if (root / word).is_dir()]
        tars = [root / f"{word}.tar" for word in words if (root / f"{word}.tar").is_file()]
        if places:
            counts[split] = sum(entry.is_dir() for entry in os.scandir(places[0]))
        elif not tars and split != ".":
            yield fail(f"{root} has no {split}", "correct root, or train_split and val_split")
    if data.num_classes and set(counts.values()) - {data.num_classes} and not data.class_map:
        yield fail(f"{root}: {counts} classes, not {data.num_classes}", "correct root")
    elif counts:
        said = ", ".join(f"{count} classes in {split}" for split, count in counts.items())
        yield ok(f"{root}: {said}")


def _torch(data: Data) -> Iterator[Finding]:
    from timm.data import create_dataset

    from study.data.sources import SMALL, UNREADABLE

    root = Path(data.root or "").expanduser()
    small = data.name.partition("/")[2].lower() in SMALL
    try:
        if small:
            count = len(create_dataset(data.name, root=str(root), split="validation"))
            yield ok(f"{root}: {count} images to evaluate")
            return
    except UNREADABLE as error:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        if not data.download:
            yield miss(f"not in {root}: {said}", "set data.download=true, or put it there")
            return
    if data.download:
        yield note(f"will be downloaded to {root} when it is first used")
    elif root.is_dir():
        yield ok(f"{root} is there")
    else:
        yield miss(f"{root} does not exist", "mount or make it, or correct root")


def _hub(data: Data) -> Iterator[Finding]:
    if find_spec("datasets") is None:
        yield miss("datasets is not installed", HUB)
    else:
        yield note("will be fetched from the hub where its cache lacks it")


def _shards(data: Data) -> Iterator[Finding]:
    root = Path(data.root or "").expanduser()
    if find_spec("webdataset") is None:
        yield miss("webdataset is not installed", HUB)
    elif not root.exists():
        yield miss(f"{root} does not exist", "mount or make it, or correct root")
    else:
        yield ok(f"{root} is there")


KINDS = {"digits": _digits, "folder": _folder, "torch": _torch, "hfds": _hub, "wds": _shards}

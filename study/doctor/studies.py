"""Whether the images are there that the studies name."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from study import images, parse
from study.data.faults import Fault
from study.designs import arms
from study.doctor.findings import Case, Finding, fail, miss, note, ok
from study.errors import DataError, SpecError
from study.marks import Problem
from study.outline import outline
from study.schema import LOOKS, Data
from study.spec import Study

UNSET = " is not set"


def data_sets(case: Case) -> Iterator[Finding]:
    """Every data set of the studies, once, with and without each profile."""
    images.forget()
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
        for finding in _looked(data, case):
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
    return data.model_dump_json(exclude=LOOKS)


def _some(places: Iterable[str]) -> str:
    first, *others = dict.fromkeys(places)
    return f"{first} and {len(others)} more" if others else first


# ---- one data set ----


def _looked(data: Data, case: Case) -> Iterator[Finding]:
    """What stops trials; else, "ok" of what the reader that trains them has opened."""
    kind = data.name.partition("/")[0]
    if data.root is None and kind not in ("digits", "hfds"):
        return iter([miss("no root: enough to count costs, not to train", "set data.root")])
    if wrong := images.wrong(data, case.store):
        return iter([_told(fault) for fault in wrong])
    return _decoded(data, case) if case.check_images else KINDS[kind](data, case)


def _decoded(data: Data, case: Case) -> Iterator[Finding]:
    from study.data.checks import unreadable

    wrong = unreadable(data, case.tick)
    for said in wrong:
        yield _told(Fault("root", said))
    if not wrong:
        yield ok("every image can be read")


def _told(fault: Fault) -> Finding:
    said, _, step = fault.message.rpartition("; ")
    finding = miss if fault.absent else fail
    return finding(said or fault.message, step if said else f"correct data.{fault.key}")


def _digits(data: Data, case: Case) -> Iterator[Finding]:
    from sklearn.datasets import load_digits

    yield ok(f"{len(load_digits(return_X_y=True)[1])} images, inside scikit-learn")


def _folder(data: Data, case: Case) -> Iterator[Finding]:
    """Files are listed as for training; none is decoded unless all are asked for."""
    for said in images.odd(data, case.store):
        yield note(said)
    today = images.fingerprints(data, case.store)
    said = ", ".join(f"{one.files} pictures to {USES[name]}" for name, one in today.items())
    yield ok(f"{data.root}: {said}, of {images.classes(data, case.store)} classes")


USES = {"train": "train on", "validation": "evaluate"}


def _torch(data: Data, case: Case) -> Iterator[Finding]:
    if data.download:
        yield note(f"will be downloaded to {data.root} when it is first used")
    else:
        yield from _opened(data)


def _hub(data: Data, case: Case) -> Iterator[Finding]:
    yield note("not read: it is fetched from the hub where its cache lacks it")


def _shards(data: Data, case: Case) -> Iterator[Finding]:
    yield from _opened(data)


def _opened(data: Data) -> Iterator[Finding]:
    """As a trial opens it."""
    from study.data.sources import counts

    try:
        train, val = counts(data)
    except DataError as error:
        said, _, step = str(error).partition(" Next: ")
        yield miss(said, step or "correct root or the split")
    else:
        yield ok(f"{data.root}: {train} images to train on, {val} to evaluate")


KINDS = {"digits": _digits, "folder": _folder, "torch": _torch, "hfds": _hub, "wds": _shards}

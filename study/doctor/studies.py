"""Checks of the data sets that the studies use."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from study.doctor.findings import Finding, Scope, fail, miss, note, ok
from study.errors import DataError
from study.spec import reader
from study.spec.preview import preview
from study.spec.study import Study
from study.tasks.classification.config import Config
from study.tasks.classification.data.problems import ImageProblem
from study.tasks.classification.plan import image_summaries, images
from study.tasks.classification.schema import LISTED, LOOKS, Data


def data_sets(scope: Scope) -> Iterator[Finding]:
    """Every data set of the studies once, with and without each profile."""
    image_summaries.forget()  # folders may have changed since an earlier plan of this process
    wanted: dict[str, tuple[Data, list[str]]] = {}
    unset: dict[str, list[str]] = {}
    for file in scope.files:
        for profile in (None, *preview(file).profiles):
            user = f"{file} --profile {profile}" if profile else str(file)
            read = _read(file, profile, scope)
            study, problems = read.study, read.problems
            # Unset variables are no mistakes of the file and are collected over all files.
            if others := [problem for problem in problems if not problem.variable]:
                yield fail(f"{user}: {others[0].message}", f"study plan {user}")
                # A file that cannot be read has the same mistake in every profile.
                break
            for problem in problems:
                unset.setdefault(problem.variable, []).append(user)
            for data in _sets(study) if study and not problems else ():
                # Each data set is looked at once, though most studies share theirs.
                wanted.setdefault(_key(data), (data, []))[1].append(user)
    for name, users in unset.items():
        step = f"export {name[1:]}=<folder of the images>"
        yield miss(f"{name} is not set, for {_first(users)}", step)
    for data, users in wanted.values():
        for finding in _findings(data, scope):
            message = f"data {data.name}: {finding.message}, for {_first(users)}"
            yield Finding(finding.level, message, finding.step)
    if not scope.files:
        yield note("no study files here", "study doctor FILE...")


def _read(file: Path, profile: str | None, scope: Scope) -> reader.ReadStudy:
    vocabulary, environment = scope.vocabulary, os.environ
    return reader.study_text(
        reader.text_of(file), file, vocabulary=vocabulary, environment=environment, profile=profile
    )


def _sets(study: Study) -> list[Data]:
    """The data of every arm; the baseline's alone if the design has mistakes."""
    # Without seeds nothing is trained, and no image is read.
    if not study.seeds:
        return []
    configs = [arm.config for arm in study.arms]
    return [config.data for config in configs if isinstance(config, Config)]


def _key(data: Data) -> str:
    return data.model_dump_json(exclude=LOOKS)


def _first(users: Iterable[str]) -> str:
    first, *others = dict.fromkeys(users)
    return f"{first} and {len(others)} more" if others else first


# ---- one data set ----


def _findings(data: Data, scope: Scope) -> Iterator[Finding]:
    """Problems that stop trials; "ok" only for data that the reader used in training has opened."""
    kind = data.name.partition("/")[0]
    # Digits come with scikit-learn, and sets of the hub have a cache of their own.
    if data.root is None and kind not in ("digits", "hfds"):
        return iter([miss("no root: enough to count costs, not to train", "set data.root")])
    if wrong := images.image_problems(data, scope.store):
        return iter([_problem(fault) for fault in wrong])
    return _decoded(data, scope) if scope.check_images else READERS[kind](data, scope)


def _decoded(data: Data, scope: Scope) -> Iterator[Finding]:
    from study.tasks.classification.data.decode_check import unreadable

    wrong = unreadable(data, scope.tick)
    for message in wrong:
        yield _problem(ImageProblem("root", message))
    if not wrong:
        yield ok("every image can be read")


def _problem(fault: ImageProblem) -> Finding:
    # Messages about folders end with the remedy: "no such folder ...; correct it".
    message, _, step = fault.message.rpartition("; ")
    finding = miss if fault.absent else fail
    return finding(message or fault.message, step if message else f"correct data.{fault.key}")


def _digits(data: Data, scope: Scope) -> Iterator[Finding]:
    from sklearn.datasets import load_digits

    yield ok(f"{len(load_digits(return_X_y=True)[1])} images, inside scikit-learn")


def _listed(data: Data, scope: Scope) -> Iterator[Finding]:
    """Files are listed as for training and not decoded; `check_images` decodes them all."""
    for message in images.odd(data, scope.store):
        yield note(message)
    splits = image_summaries.fingerprints(data, scope.store)
    counts = ", ".join(f"{split.files} pictures to {USES[name]}" for name, split in splits.items())
    yield ok(f"{data.root}: {counts}, of {images.classes(data, scope.store)} classes")


USES = {"train": "train on", "validation": "evaluate"}


def _torch(data: Data, scope: Scope) -> Iterator[Finding]:
    if data.download:
        yield note(f"will be downloaded to {data.root} when it is first used")
    else:
        yield from _opened(data)


def _hub(data: Data, scope: Scope) -> Iterator[Finding]:
    yield note("not read: it is downloaded from the hub if its cache does not have it")


def _shards(data: Data, scope: Scope) -> Iterator[Finding]:
    yield from _opened(data)


def _opened(data: Data) -> Iterator[Finding]:
    """Counts from the reader that a trial uses."""
    from study.tasks.classification.data.sources import counts

    try:
        train, val = counts(data)
    except DataError as error:
        yield miss(error.problem, error.step or "correct root or the split")
    else:
        yield ok(f"{data.root}: {train} images to train on, {val} to evaluate")


READERS = {
    "digits": _digits,
    **dict.fromkeys(LISTED, _listed),
    "torch": _torch,
    "hfds": _hub,
    "wds": _shards,
}

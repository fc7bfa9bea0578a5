"""The arms of a study of programs: named by the command, its arguments and its code."""

import hashlib
import json
from collections.abc import Iterator
from importlib.util import find_spec

from study.spec.metric import Catalogue
from study.spec.places import Places
from study.spec.problems import Problem
from study.spec.reader import ReadStudy
from study.spec.reading import TELL, Reading
from study.spec.study import Arm, Study
from study.store.atomic import Record
from study.store.cost_records import ArmCost
from study.store.records import TrialConfig, TrialRecord
from study.tasks.arms import ResolvedArm, ResolvedArms, duplicates, wrong_together
from study.tasks.program import code, words
from study.tasks.program.baseline import ProgramBaseline, ProgramConfig, config_of
from study.tasks.program.metrics import USAGE

IDENTITY = 1
"""Part of every digest: raise it when results of the same name come to mean something else."""

TELLS = ("STUDY_METRICS", "tell(")
"""Texts of which a program that reports metrics itself has one."""
PACKAGES = {"tensorboard": "tensorboard"}
"""By reader, the package that it needs."""
LAST_ONLY = ("wandb",)
"""Readers of files that have only the last value of a metric."""


def resolved(file: ReadStudy) -> ResolvedArms:
    """The arms of a study; none is built, and no program is run."""
    study, configurations = file.complete()
    wrong = wrong_together(study, configurations)
    right = [_resolved(study, arm) for arm in study.arms if not arm.config.unresolved]
    # Nothing is run, so nothing need give the metrics.
    readings = [] if study.measured else [*metric_problems(study, file.places)]
    return ResolvedArms(right, [*wrong, *readings, *duplicates(right, file.places)])


def readings(catalogue: Catalogue) -> dict[str, Reading]:
    """By declared metric, where trials leave it."""
    return {
        name: metric.reading or Reading(TELL, "", name)
        for name, metric in catalogue.items()
        if name not in USAGE
    }


def metric_problems(study: Study, places: Places) -> Iterator[Problem]:
    """Problems of metrics that no reader can yield."""
    own = readings(study.catalogue)
    if not own:
        yield Problem(
            "a study of programs declares a metric", places.key("baseline"), "add metrics"
        )
    for name, reading in own.items():
        if reading.reader == TELL and not all(_tells(config_of(arm.config)) for arm in study.arms):
            message = f"nothing of the program gives {name}"
            hint = "read it by from: {stdout: ...}, or report it by study.tell"
            yield Problem(message, places.key("metrics", name), hint)
        # By its place alone: an import would take seconds, and a plan needs none.
        package = PACKAGES.get(reading.reader)
        if package and find_spec(package) is None:
            message = f"{reading.reader} needs the package {package}: pip install {package}"
            yield Problem(message, places.key("metrics", name, "from", reading.reader))
        if reading.last > 1 and reading.reader in LAST_ONLY:
            message = f"{reading.reader} has the last value of a metric alone"
            yield Problem(message, places.value("metrics", name, "from", "take"))
        if (
            reading.last > 1
            and config_of(study.arms[0].config).keys.resumes
            and _unnumbered(reading)
        ):
            message = "an attempt that resumes may print a value again, and none has a step"
            hint = "name the groups: step:(?P<step>\\d+) loss:(?P<value>\\S+)"
            yield Problem(message, places.value("metrics", name, "from", "take"), hint)


def _tells(config: ProgramConfig) -> bool:
    keys = config.keys
    names = [name for word in keys.run or () for name in words.names(word)]
    # A function may return what it has measured.
    if keys.call or "metrics" in names:
        return True
    return code.mentions(config.root, config.code, *TELLS)


def _unnumbered(reading: Reading) -> bool:
    return reading.reader == "stdout" and "(?P<step>" not in reading.source


# ---- identity ----


def _resolved(study: Study, arm: Arm) -> ResolvedArm:
    parts = _parts(config_of(arm.config), study.catalogue)
    # Sorted, as the order of keys in a study file changes nothing.
    text = json.dumps([IDENTITY, "program", parts], sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:10]
    return ResolvedArm(arm, study.arm_label(arm), digest, TrialConfig(**parts), ArmCost())


def _parts(config: ProgramConfig, catalogue: Catalogue) -> dict[str, Record]:
    """All that a trial computes with but its seed.

    Where the metrics are read is a part of it: from another place come other numbers.
    """
    keys = config.keys
    program: Record = {"call": keys.call} if keys.call else {"run": keys.run}
    metrics = {name: vars(reading) for name, reading in readings(catalogue).items()}
    # Not cwd, inputs, notice and resumes: they say where and how a trial runs, not what.
    return {
        "program": program | {"metrics": metrics},
        "code": dict(config.code),
        "args": dict(keys.args),
        "env": dict(config.env),
    }


def record(arm: ResolvedArm, seed: int, study: Study) -> TrialRecord:
    """The record from which a worker runs a trial."""
    config = config_of(arm.arm.config)
    keys: ProgramBaseline = config.keys
    return TrialRecord(
        task=study.task,
        study=study.name,
        label=arm.label,
        seed=seed,
        config=arm.config,
        root=str(config.root),
        inputs=keys.inputs,
        resumes=keys.resumes,
        notice=keys.notice,
    )

"""The arms of a study of programs: named by the command, its arguments and its code."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from importlib.util import find_spec

from study.spec.metric import Catalogue
from study.spec.places import Places
from study.spec.problems import Problem
from study.spec.reader import ReadStudy
from study.spec.reading import TELL, Reading
from study.spec.study import Arm, Study
from study.spec.variables import VARIABLE
from study.store.atomic import Record
from study.store.cost_records import ArmCost
from study.store.records import TrialConfig, TrialRecord
from study.store.store import Store
from study.tasks.arms import ResolvedArm, ResolvedArms, duplicates, wrong_together
from study.tasks.program import code, words
from study.tasks.program.baseline import ProgramBaseline, ProgramConfig, config_of
from study.tasks.program.metrics import USAGE
from study.tasks.program.model.arms import Models
from study.tasks.program.readers.expressions import not_matched

IDENTITY = 1
"""Part of every digest: raise it when results of the same name come to mean something else."""

TELLS = ("STUDY_METRICS", "tell(")
"""Texts of which a program that reports metrics itself has one."""
PACKAGES = {"tensorboard": "tensorboard"}
"""By reader, the package that it needs."""
LAST_ONLY = ("wandb",)
"""Readers of files that have only the last value of a metric."""


def resolved(
    file: ReadStudy, store: Store, *, audit_all: bool, tell: Callable[[str], None]
) -> ResolvedArms:
    """The arms of a study; no program runs, and a model is built where the file names one."""
    study, configurations = file.complete()
    # Nothing is run if the results are there, so nothing need give the metrics.
    readings = () if study.measured else metric_problems(study, file.places)
    models = Models(study, configurations, store, audit_all=audit_all)
    unfit = models.problems(tell)
    right = [
        _resolved(study, arm, models.costs.get(arm.choices, ArmCost()))
        for arm in study.arms
        if not arm.config.unresolved
    ]
    wrong = wrong_together(study, configurations)
    same = [*duplicates(right, file.places), *_same_commands(right, file.places)]
    problems = [*wrong, *readings, *unfit, *same]
    notes = [*models.notes(), *([] if study.measured else expression_notes(study))]
    return ResolvedArms(right, problems, notes=notes, cost=models.of)


def readings(catalogue: Catalogue) -> dict[str, Reading]:
    """By declared metric, where trials leave it."""
    return {
        name: metric.reading or Reading(TELL, "", name)
        for name, metric in catalogue.items()
        if metric.kind == "quality" and name not in USAGE
    }


def metric_problems(study: Study, places: Places) -> Iterator[Problem]:
    """Problems of metrics that no reader can yield."""
    own = readings(study.catalogue)
    if not own:
        yield Problem(
            "a study of programs declares a metric", places.key("baseline"), "add metrics"
        )
    reports = all(map(_tells, _distinct(study)))
    for name, reading in own.items():
        if reading.reader == TELL and not reports:
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


def expression_notes(study: Study) -> Iterator[str]:
    """Notes of expressions that take some numbers alone, as no trial says before its end."""
    for name, reading in readings(study.catalogue).items():
        # A number without digits is a count.
        counts = study.catalogue[name].digits == 0
        if reading.reader == "stdout" and not counts and (out := not_matched(reading.source)):
            message = f"{name}: its expression takes no {' or '.join(out)}"
            yield f"{message}, so a trial that ends with one fails; write (\\S+)"


def _distinct(study: Study) -> Iterable[ProgramConfig]:
    """The configurations of arms, one of those that have the same command and files."""
    configs = [config_of(arm.config) for arm in study.arms]
    return {(str(c.keys.run), c.keys.call, c.root, *c.code): c for c in configs}.values()


def _tells(config: ProgramConfig) -> bool:
    keys = config.keys
    names = [name for word in keys.run or () for name in words.names(word)]
    # A function may return what it has measured.
    if keys.call or "metrics" in names:
        return True
    return code.mentions(config.root, config.code, *TELLS)


def _unnumbered(reading: Reading) -> bool:
    return reading.reader == "stdout" and "(?P<step>" not in reading.source


def _same_commands(arms: Iterable[ResolvedArm], places: Places) -> Iterator[Problem]:
    """Problems of arms that differ in the file, and not in what the program is given."""
    first = dict[str, ResolvedArm]()
    for arm in arms:
        other = first.setdefault(_started(config_of(arm.arm.config)), arm)
        if other.digest != arm.digest:
            message = f"{arm.label} gives the program the same words as {other.label}"
            hint = 'a command is text: 1 and "1" are one word, as are true and "true"'
            yield Problem(message, places.last_level(arm.arm.choices), hint)


def _started(config: ProgramConfig) -> str:
    """The command, the variables and the files of a program, the same for the same."""
    keys = config.keys
    values = {**{name: f"{{{name}}}" for name in words.GIVEN}, **keys.args}
    # A function is given its arguments with their types.
    run = keys.args if keys.call else words.command(keys.run or (), values)
    env = {
        name: text if VARIABLE.fullmatch(text) else words.filled(text, values)
        for name, text in config.env.items()
    }
    return json.dumps([keys.call, run, env, dict(config.code)], sort_keys=True)


# ---- identity ----


def _resolved(study: Study, arm: Arm, cost: ArmCost) -> ResolvedArm:
    parts = _parts(config_of(arm.config), study.catalogue)
    # Sorted, as the order of keys in a study file changes nothing.
    text = json.dumps([IDENTITY, "program", parts], sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:10]
    return ResolvedArm(arm, study.arm_label(arm), digest, TrialConfig(**parts), cost)


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
    model: Record = {"model": keys.model, "input": keys.input} if keys.model else {}
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
        **model,
    )

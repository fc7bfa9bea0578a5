"""Digests of code change where code that computes changes, and nowhere else."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from study.analysis import measurements
from study.store import provenance
from study.tasks import OURS
from study.tasks.classification.plan import arm_cost, image_summaries
from tests.conftest import environment

EXTRA = "tasks/classification/train/extra.py"
PROGRAMS = Path(__file__).parent / "code_programs.py"
CODE = {  # what a digest covers: its entries, and the modules that it ignores
    "results": (provenance.computing("classification"), provenance.OUTSIDE_TRAINING),
    "costs": (("study.tasks.classification.plan.arm_cost",), arm_cost.OUTSIDE_COUNTING),
    "courses": (("study.tasks.classification.train",), provenance.CHANGE_NO_NUMBER),
    "folders": (("study.tasks.classification.data.listing",), image_summaries.OUTSIDE_LISTING),
    "reports": (measurements.shown("classification"), measurements.OUTSIDE_REPORTS),
}
PLANNING = {
    "study.tasks.classification.plan.schedules",
    "study.spec.plugins",
    "study.tasks.classification.schema.effective",
    "study.tasks.classification.recipes",
    "study.spec.study",
    "study.given_weights",
    "study.tasks.classification.config",
    "study.tasks.classification.records",
    "study.tasks.classification.data",
}
"""Call on the code of a digest, and are not called by it."""
PRINTING = {
    "study.cli",
    "study.api",
    "study.store.job_folder",
    "study.store.study_folders",
    "study.spec.labels",
    "study.launch",
    "study.trial",
    "study.store.ownership",
}
PRINTING |= {
    "study.spec.preview",
    "study.store.polling",
    "study.spec.factors",
    "study.spec.overrides",
    "study.spec.published_numbers",
    "study.spec.reader",
    "study.spec.variables",
    "study.spec.vocabulary",
    "study.plan.estimate",
    "study.plan.measuring",
    "study.plan.reading",
    "study.report.compare",
    "study.tasks.known",
    "study.tasks.training.seeding",
}
"""Loaded by the command line, which reads the study file and prints where the report is."""


def loaded(program, folder):
    """The modules of the package that a program has loaded when it ends."""
    done = subprocess.run(
        [sys.executable, PROGRAMS, program],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def _parents(module):
    parts = module.split(".")
    return {".".join(parts[:end]) for end in range(1, len(parts))}


def _below(module, names):
    return any(f"{module}.".startswith(f"{name}.") for name in names)


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("what", "besides"),
    [
        ("results", set()),
        (
            "costs",
            {"study.tasks.classification.data", "study.tasks.classification.recipes"},
        ),  # read by modules that are ignored
        ("courses", PLANNING),
        ("folders", set()),
        ("reports", PRINTING),
    ],
)
def test_every_module_that_is_loaded_is_covered_or_excluded(what, besides, tiny):
    entries, ignoring = CODE[what]
    modules = loaded(what, tiny.parent)
    assert {*entries} <= {*modules}
    covered = provenance.modules_behind(*entries, ignoring=ignoring)
    packages = {parent for name in besides for parent in _parents(name)}
    # The contract of tasks loads the reader of study files, and tasks call nothing of it.
    asking = provenance.modules_behind("study.tasks")
    rest = {name for name in modules if name not in covered} - packages - {*asking}
    assert not {name for name in rest if not _below(name, {*ignoring, *besides})}


@pytest.fixture
def package(tmp_path):
    skipped = shutil.ignore_patterns("__pycache__")
    return shutil.copytree(provenance.PACKAGE, tmp_path / "study", ignore=skipped)


def digests(package):
    provenance.code_behind.cache_clear()
    provenance._imports.cache_clear()
    return {
        what: provenance.code_behind(*entries, ignoring=ignoring, package=package)
        for what, (entries, ignoring) in CODE.items()
    }


def changed(package, file, text):
    before = digests(package)
    path = package / file
    path.write_text((path.read_text() if path.exists() else "") + text)
    return {what for what, value in digests(package).items() if value != before[what]}


def file_of(module):
    return provenance._file(module, provenance.PACKAGE).relative_to(provenance.PACKAGE)


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("module", "stale"),
    [
        ("study.tasks.classification.train.fit", {"results", "courses"}),
        ("study.models.rest", {"results", "costs", "reports"}),
        ("study.tasks.classification.data.dataset", {"results", "folders"}),
        ("study.metrics.cost", {"costs", "reports"}),
        ("study.report.text.notes", {"reports"}),
        ("study.store.store", {"reports"}),
        ("study.errors", {"reports"}),
        ("study.cli.report", set()),
        ("study.launch.worker", set()),
        ("study.tasks.detection.trial.run", set()),
        ("study.tasks.detection.task", set()),
        ("study.tasks.detection.models.backbone", set()),
    ],
)
def test_a_changed_module_makes_stale_what_it_computes(module, stale, package):
    assert changed(package, file_of(module), "\nCHANGED = True\n") == stale


@pytest.mark.heavy
def test_a_new_file_counts_once_the_trainer_imports_it(package):
    assert changed(package, EXTRA, "STEP = 1\n") == set()
    line = "\ndef _late() -> None:\n    from study.tasks.classification.train import extra\n"
    assert changed(package, file_of("study.tasks.classification.train.fit"), line) == {
        "results",
        "courses",
    }
    assert changed(package, EXTRA, "STEP = 2\n") == {
        "results",
        "courses",
    }


@pytest.mark.heavy
def test_an_import_for_type_checking_does_not_count(package):
    (package / EXTRA).write_text("STEP = 1\n")
    lines = "\nif TYPE_CHECKING:\n    from study.tasks.classification.train.extra import STEP\n"
    changed(package, file_of("study.tasks.classification.train.fit"), lines)
    assert changed(package, EXTRA, "STEP = 2\n") == set()


@pytest.mark.parametrize(
    ("entry", "ignoring"),
    [("study.trainer", ()), ("study.tasks.classification.train", ("study.no_such_room",))],
)
def test_a_name_of_no_module_is_refused(entry, ignoring):
    with pytest.raises(ModuleNotFoundError):
        provenance.code_behind(entry, ignoring=ignoring)


def test_a_result_names_the_code_of_its_own_task_alone():
    digests = {task: provenance.origin_of(task)["computing"] for task in (*OURS, "a plugin's")}
    assert len({*digests.values()}) == len(digests)
    for task in OURS:
        behind = provenance.modules_behind(*provenance.computing(task))
        others = [f"study.tasks.{other}" for other in OURS if other != task]
        assert not [module for module in behind if _below(module, others)]

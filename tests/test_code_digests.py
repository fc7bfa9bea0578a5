"""Digests of code change where code that computes changes, and nowhere else."""

import json
import shutil
import subprocess
import sys

import pytest
from conftest import environment

from study import cards, images, measurements, origin

CODE = {  # what a digest covers: its entry, and the modules that it ignores
    "results": ("study.run", origin.OUTSIDE_TRAINING),
    "costs": ("study.cards", cards.OUTSIDE_COUNTING),
    "courses": ("study.train", origin.CHANGE_NO_NUMBER),
    "folders": ("study.data.listing", images.OUTSIDE_LISTING),
    "reports": ("study.report", measurements.OUTSIDE_REPORTS),
}
LOADED = "import json, sys; print(json.dumps([m for m in sys.modules if m.startswith('study.')]))"
TRIAL = """
from pathlib import Path
from study import leases, run, store
shelf, record = store.Store(Path("results")), {record}
shelf.enter("0123456789-0", record)
with leases.claim(shelf.trial("0123456789-0")) as lease:
    run.trial(shelf, "0123456789-0", lease, record=record, device="cpu", stop=bool,
              report=lambda row: None)
assert shelf.state("0123456789-0") == "completed", shelf.result("0123456789-0")
"""
COST = """
from pathlib import Path
from study import cards
from study.schema import Data, Recipe
from study.spec import Config
from study.store import Store
cards.card(Config("test_rest", {}, Data(name="digits", img_size=64), Recipe()), Store(Path("s")))
"""
COURSE = """
from pathlib import Path
from study import courses
from study.schema import Recipe
from study.store import Store
courses.course(Recipe(epochs=2), Store(Path("s")))
"""
LISTING = """
from pathlib import Path
from study.data.listing import summary
from study.data.split import Rules
Path("train/a").mkdir(parents=True)
summary(Path("train"), Rules())
"""
REPORT = """
import sys
from study.cli import main
sys.argv = ["study", "report", "tiny.yaml", "--store", "results", "--reports", "reports"]
try:
    main()
except SystemExit as end:
    assert not end.code
"""
PLANNING = {"study.courses", "study.imports", "study.schema.acts", "study.shipped", "study.spec"}
"""Call on the code of a digest, and are not called by it."""
PRINTING = {"study.cli", "study.folders", "study.labels", "study.launch", "study.ownership"}
PRINTING |= {
    "study.outline",
    "study.parse",
    "study.price",
    "study.report.comparison",
    "study.seeding",
}
"""Loaded by the command line, which reads the study file and says where the report is."""


def record():
    from study.schema import Data, Recipe

    data = Data(name="digits", img_size=64, train_limit=64, val_limit=40)
    config = {
        "model": {"name": "test_rest", "arguments": {}},
        "data": data.model_dump(mode="json") | {"num_classes": 10},
        "recipe": Recipe(epochs=1, batch_size=32).model_dump(mode="json"),
    }
    shape = {"num_classes": 10, "in_chans": 3, "img_size": 64}
    return {"config": config, "shape": shape, "where": {}, "seed": 0}


def loaded(program, folder):
    """The modules of the package that a program has loaded when it ends."""
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\n{LOADED}"],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def _below(module, names):
    return any(f"{module}.".startswith(f"{name}.") for name in names)


@pytest.mark.parametrize(
    ("what", "program", "besides"),
    [
        ("results", TRIAL, set()),
        ("costs", COST, {"study.data", "study.shipped"}),  # read by modules that are ignored
        ("courses", COURSE, PLANNING),
        ("folders", LISTING, set()),
        ("reports", REPORT, PRINTING),
    ],
    ids=[*CODE],
)
def test_every_module_that_is_loaded_is_covered_or_excluded(what, program, besides, tiny):
    entry, ignoring = CODE[what]
    if "{record}" in program:
        program = program.replace("{record}", repr(record()))
    modules = loaded(program, tiny.parent)
    assert entry in modules
    covered = origin.modules_behind(entry, ignoring=ignoring)
    rest = [name for name in modules if name not in covered]
    assert not [name for name in rest if not _below(name, {*ignoring, *besides})]


@pytest.fixture
def package(tmp_path):
    skipped = shutil.ignore_patterns("__pycache__")
    return shutil.copytree(origin.PACKAGE, tmp_path / "study", ignore=skipped)


def digests(package):
    origin.code_behind.cache_clear()
    origin._imports.cache_clear()
    return {
        what: origin.code_behind(entry, ignoring=ignoring, package=package)
        for what, (entry, ignoring) in CODE.items()
    }


def changed(package, file, text):
    before = digests(package)
    path = package / file
    path.write_text((path.read_text() if path.exists() else "") + text)
    return {what for what, value in digests(package).items() if value != before[what]}


def file_of(module):
    return origin._file(module, origin.PACKAGE).relative_to(origin.PACKAGE)


@pytest.mark.parametrize(
    ("module", "stale"),
    [
        ("study.train.fit", {"results", "courses"}),
        ("study.models.rest", {"results", "costs", "reports"}),
        ("study.data.images", {"results", "folders"}),
        ("study.metrics.cost", {"costs", "reports"}),
        ("study.report.notes", {"reports"}),
        ("study.store", {"reports"}),
        ("study.errors", {"reports"}),
        ("study.cli.report", set()),
        ("study.launch.worker", set()),
    ],
)
def test_a_changed_module_makes_stale_what_it_computes(module, stale, package):
    assert changed(package, file_of(module), "\nCHANGED = True\n") == stale


def test_a_new_file_counts_once_the_trainer_imports_it(package):
    assert changed(package, "train/extra.py", "STEP = 1\n") == set()
    line = "\ndef _late() -> None:\n    from study.train import extra\n"
    assert changed(package, file_of("study.train.fit"), line) == {"results", "courses"}
    assert changed(package, "train/extra.py", "STEP = 2\n") == {"results", "courses"}


def test_an_import_for_type_checking_does_not_count(package):
    (package / "train/extra.py").write_text("STEP = 1\n")
    lines = "\nif TYPE_CHECKING:\n    from study.train.extra import STEP\n"
    changed(package, file_of("study.train.fit"), lines)
    assert changed(package, "train/extra.py", "STEP = 2\n") == set()


@pytest.mark.parametrize(
    ("entry", "ignoring"), [("study.trainer", ()), ("study.train", ("study.no_such_room",))]
)
def test_a_name_of_no_module_is_refused(entry, ignoring):
    with pytest.raises(ModuleNotFoundError):
        origin.code_behind(entry, ignoring=ignoring)

"""A researcher's own part: checked, planned and named without touching the package."""

import json
import sys

import pytest

from tests.conftest import ROOT
from tests.registries import restorer

BLOCKS, STUDY = (ROOT / "examples" / name for name in ("my_blocks.py", "my_blocks.yaml"))


@pytest.fixture(autouse=True)
def _registries():
    """What a command adds to this process is gone afterwards."""
    restore, modules = restorer(), set(sys.modules)
    yield
    restore()
    for name in sys.modules.keys() - modules:
        if name in ("my_blocks", "broken", "zigzag", "again"):
            del sys.modules[name]


@pytest.fixture
def broken(tmp_path):
    """The example, with an error in what it says of its cost."""
    path = tmp_path / "broken.py"
    path.write_text(BLOCKS.read_text("utf-8").replace("numel() * keys", "numel()"))
    return path


def test_the_example_holds_to_the_contract(inside):
    done = inside("plugins", "--check", BLOCKS)
    assert done.returncode == 0, done.stderr
    *lines, summary = done.stdout.splitlines()[1:]
    assert len(lines) >= 9
    assert all(line.split()[:2] == ["reduction", "blur"] and " ok" in line for line in lines)
    assert summary == f"1 entry, {len(lines)} checks; all results right"


def test_what_is_wrong_is_told_with_status_1(inside, broken):
    done = inside("plugins", "--check", broken)
    assert done.returncode == 1
    assert done.stdout.count("WRONG") == 1
    assert done.stdout.splitlines()[-1].endswith("wrong: blur")
    assert "says 144 of conv where 13,824 run" in done.stdout


def test_findings_are_one_document(inside, broken):
    done = inside("plugins", "--check", broken, "--json")
    assert done.returncode == 1
    rows = json.loads(done.stdout)
    assert {*rows[0]} == {"kind", "name", "check", "result", "why"}
    assert [row["check"] for row in rows if row["result"] == "wrong"] == [
        "declares its multiply-adds"
    ]


@pytest.mark.parametrize("option", ["--check", "--import"])
def test_what_cannot_be_imported_is_told_with_status_2(inside, broken, option):
    broken.write_text("import nosuch\n")
    done = inside("plugins", option, broken)
    assert done.returncode == 2
    assert "broken.py:1: ModuleNotFoundError" in done.stderr
    assert "Traceback" not in done.stderr


def test_own_parts_are_listed_with_where_they_come_from(inside):
    done = inside("plugins", "--import", BLOCKS)
    line = next(line for line in done.stdout.splitlines() if " blur " in line)
    assert "Binomial blur" in line
    assert line.endswith(str(BLOCKS))


def test_own_parts_are_in_the_document(inside):
    document = json.loads(inside("plugins", "--import", BLOCKS, "--json").stdout)
    assert document["reduction"]["blur"].startswith("Binomial blur")
    assert document["imports"][0]["reduction"] == ["blur"]


def test_the_kernel_is_a_binomial_of_sum_one():
    import torch

    from study.models import SLOTS
    from study.registries import register
    from study.spec.plugins import find_plugin

    register(find_plugin(str(BLOCKS)))
    blur = SLOTS["reduction"]["blur"](2, 2)
    expected = torch.tensor([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16
    torch.testing.assert_close(blur.kernel[1, 0], expected)


# ---- a study of it ----


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """What one test has counted and timed, the next need not."""
    return tmp_path_factory.mktemp("store")


@pytest.mark.heavy
def test_the_study_plans_with_the_import(inside, store):
    words = ("--import", BLOCKS, "--store", store, "--on", "slurm")  # which times no steps
    done = inside("plan", STUDY, *words, "--json")
    assert done.returncode == 0, done.stderr
    arms = {arm["label"]: arm["cost"] for arm in json.loads(done.stdout)["arms"]}
    dw, blur = arms["Depth-wise Conv2d"], arms["Binomial Blur"]
    assert dw["macs_conv_linear"] == blur["macs_conv_linear"]
    assert dw["params"] > blur["params"] == arms["Average Pooling"]["params"]


@pytest.mark.slow
def test_an_edit_makes_other_trials_of_that_arm_alone(study, store, tmp_path):
    edited = tmp_path / "my_blocks.py"
    edited.write_text(BLOCKS.read_text("utf-8") + "# edited\n", "utf-8")
    trials = []
    for blocks in (BLOCKS, edited):
        done = study("plan", STUDY, "--import", blocks, "--store", store, "--json")
        assert done.returncode == 0, done.stderr
        arms = json.loads(done.stdout)["arms"]
        trials.append({arm["label"]: [trial["name"] for trial in arm["trials"]] for arm in arms})
    before, after = trials
    assert {label for label in before if before[label] != after[label]} == {"Binomial Blur"}


@pytest.fixture
def entered(tiny):
    """What a worker is told of an arm whose source imports the one that is given before it."""
    from study.api.request import StudyRequest

    first, second = (tiny.with_name(name) for name in ("zigzag.py", "again.py"))
    first.write_text(BLOCKS.read_text("utf-8"), "utf-8")
    second.write_text("from zigzag import Blur, REDUCTIONS\nREDUCTIONS['own'] = Blur\n")
    tiny.write_text(tiny.read_text().replace("average", "own"))
    request = StudyRequest(tiny, None, (), tiny.with_name("results"), (str(first), str(second)))
    restore = restorer()
    plan, store = request.plan()
    restore()
    for module in ("zigzag", "again"):
        sys.modules.pop(module, None)
    name, record = next((n, r) for n, r in plan.records().items() if r.label == "Avg")
    store.enter(name, record)
    return store.entered(name)


@pytest.mark.heavy
def test_a_worker_registers_sources_in_the_order_they_were_given(entered):
    from study import registries
    from study.tasks.classification.trial.model import build_model, opened

    assert "Blur" in str(build_model(opened(entered)))
    assert list(registries.REGISTRATIONS)[-2:] == ["zigzag", "again"]
    assert list(entered.config.parts["model"]["code"]) == ["again", "zigzag"]


@pytest.mark.heavy
def test_the_study_without_the_import_says_what_is_unknown(inside):
    done = inside("plan", STUDY)
    assert done.returncode == 2
    assert 'unknown reduction "blur"' in done.stderr


@pytest.mark.slow
def test_a_plugin_of_many_kinds_is_checked_and_studied(study, tmp_path):
    choices = ROOT / "examples" / "my_choices.py"
    checked = study("plugins", "--check", choices)
    assert checked.returncode == 0, checked.stdout
    assert checked.stdout.splitlines()[-1].startswith("6 entries")
    done = study("run", choices.with_suffix(".yaml"), "--import", choices, "--set", "seeds=1")
    assert done.returncode == 0, done.stderr
    assert "Worst class" in done.stdout
    again = study("run", choices.with_suffix(".yaml"), "--import", choices, "--set", "seeds=1")
    assert "nothing to train" in again.stderr

"""The model of a program: counted in the plan, compared between levels, timed after the trials."""

import json
import os
from pathlib import Path

import pytest

from study.tasks.program import code
from study.tasks.program.model import packages
from study.tasks.program.model.factory import Factory
from study.tasks.program.model.importing import Modules

MODELS = """\
import layers
from torch import nn
print("imported")
def build(width=8, act="relu", unused=0):
    return nn.Sequential(nn.Conv2d(3, width, 3), nn.ReLU() if act == "relu" else nn.GELU(),
                         nn.AdaptiveAvgPool2d(1), nn.Flatten(), layers.linear(width, 10))
def net(**args):
    return build(args["width"])
class Net(nn.Linear):
    def __init__(self, width):
        super().__init__(width, 10)
"""
LAYERS = "from torch import nn\n\ndef linear(a, b):\n    return nn.Linear(a, b)\n"
PROGRAM = """\
import sys, study
width, rate, seed = int(sys.argv[1]), float(sys.argv[3]), int(sys.argv[5])
study.tell(loss=rate / width + 0.1 * seed)
"""
FILE = """\
task: program
question: Does width help?
baseline:
  run: [python, train.py, "{width}", "{act}", "{rate}", "{unused}", "{seed}"]
  code: [train.py, models.py, layers.py]
  args: {width: 8, act: relu, rate: 0.1, unused: 0}
  model: models:build
  input: [3, 16, 16]
factors:
  args.width: {narrow: 8, wide: 16}
metrics:
  loss: {better: lower}
seeds: 2
columns: [params, macs, loss]
"""


@pytest.fixture
def study_file(tmp_path):
    for name, text in (("models", MODELS), ("layers", LAYERS), ("train", PROGRAM)):
        (tmp_path / f"{name}.py").write_text(text)
    path = tmp_path / "widths.yaml"
    path.write_text(FILE)
    return path


@pytest.mark.heavy
def test_a_plan_counts_the_model_of_every_arm_and_prints_no_word_of_it(inside, study_file):
    done = inside("plan", study_file, "--json")
    narrow, wide = json.loads(done.stdout)["arms"]
    assert narrow["cost"]["params"] == 8 * 27 + 8 + 8 * 10 + 10
    assert narrow["cost"]["macs"] == 14 * 14 * 8 * 27 + 80
    assert wide["cost"]["params"] == 2 * (8 * 27 + 8 + 8 * 10) + 10
    assert "imported" in done.stderr
    assert "imported" not in inside("plan", study_file, "--json").stderr  # the store has it


def test_a_model_names_no_trial(inside, study_file):
    text = FILE.replace("params, macs, ", "")
    study_file.write_text(text)
    before = json.loads(inside("plan", study_file, "--json").stdout)["arms"]
    study_file.write_text(text.replace("  model: models:build\n  input: [3, 16, 16]\n", ""))
    after = json.loads(inside("plan", study_file, "--json").stdout)["arms"]
    assert [arm["arm"] for arm in before] == [arm["arm"] for arm in after]


@pytest.mark.slow
def test_a_model_is_timed_from_the_copy_of_its_files(inside, study_file, tmp_path):
    text = FILE.replace("macs, loss", "throughput, latency_p50, throughput@b2, inference_memory")
    study_file.write_text(text + "timing: {seconds: 0.1, batch_size: 4}\n")
    done = inside("run", study_file, "--on", "inline")
    assert done.returncode == 0, done.stderr
    (session,) = (tmp_path / "results" / "timings").glob("*.json")
    for measured in json.loads(session.read_text())["arms"].values():
        names = {"throughput", "latency_p50", "throughput@b2", "inference_memory"}
        assert measured.keys() >= names
    # Another shape is another session, though no trial has another name.
    study_file.write_text(study_file.read_text().replace("16, 16]", "8, 8]"))
    assert "nothing to train" in inside("run", study_file, "--on", "inline").stderr
    assert len([*(tmp_path / "results" / "timings").glob("*.json")]) == 2


BY_FILE = """\
import json, os, pathlib
from torch import nn
def build():
    width = json.loads(pathlib.Path("arch.json").read_text())["width"]
    return nn.Sequential(nn.Flatten(), nn.Linear(3 * 16 * 16, width * int(os.environ["TIMES"])))
"""


@pytest.fixture
def by_file(study_file, tmp_path):
    """A study whose model is built by a file of inputs and by a variable."""
    (tmp_path / "models.py").write_text(BY_FILE)
    (tmp_path / "arch.json").write_text('{"width": 1}')
    more = '  inputs: [arch.json]\n  env: {TIMES: "{width}", OTHER: "{seed}"}\n  model:'
    study_file.write_text(FILE.replace("  model:", more))
    return study_file


@pytest.mark.heavy
def test_a_model_is_built_with_the_inputs_and_variables_of_its_arm(
    inside, by_file, tmp_path, monkeypatch
):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert params(inside("plan", by_file, "--json")) == [8 * 769, 16 * 769]
    assert Path.cwd() == tmp_path / "elsewhere"
    assert "TIMES" not in os.environ


@pytest.mark.heavy
def test_an_edit_of_a_small_input_is_counted_anew(inside, by_file, tmp_path):
    inside("plan", by_file)
    (tmp_path / "arch.json").write_text('{"width": 2}')
    assert params(inside("plan", by_file, "--json")) == [16 * 769, 32 * 769]


def params(done):
    assert done.returncode == 0, done.stderr
    return [arm["cost"]["params"] for arm in json.loads(done.stdout)["arms"]]


def test_of_inputs_small_files_have_digests_and_others_sizes(tmp_path):
    (tmp_path / "data" / "deep").mkdir(parents=True)
    (tmp_path / "data" / "deep" / "a.txt").write_text("a")
    (tmp_path / "data" / "z.bin").write_bytes(bytes(code.SMALL + 1))
    (tmp_path / "data" / "dead").symlink_to("nosuch")
    digests = code.input_digests(tmp_path, ["data", "nosuch"])
    assert digests.keys() == {"data/z.bin", "data/deep/a.txt"}
    assert digests["data/z.bin"] == f"{code.SMALL + 1} bytes"


def test_of_a_folder_of_data_few_files_are_looked_at(tmp_path):
    (tmp_path / "a").mkdir()
    for number in range(code.MOST_FILES):
        (tmp_path / "a" / f"{number}.txt").touch()
    (tmp_path / "top.json").touch()
    digests = code.input_digests(tmp_path, ["."])
    assert len(digests) == code.MOST_FILES
    assert "top.json" in digests


def test_versions_are_those_of_the_packages_of_imported_modules():
    text = "import json, yaml\nfrom PIL import Image\nfrom . import nets\nimport nosuch\n"
    known = packages.versions((text, "def broken(:\n"))
    assert {name.lower() for name in known} - {"fvcore"} == {"torch", "pyyaml", "pillow"}


MISTAKES = {
    "no input": ("  input: [3, 16, 16]\n", "", "7:10", "needs the shape of its input"),
    "no model": ("  model: models:build\n", "", "7:10", "there is no model"),
    "shape": ("[3, 16, 16]", "[16, 16]", "8:10", "at least 3"),
    "side": ("[3, 16, 16]", "[3, 16, 0]", "8:18", "greater than or equal to 1"),
    "file": ("models:build", "modles:build", "7:10", "is in no file of code"),
    "no function": ("models:build", "models:biuld", "7:10", "has no attribute 'biuld'"),
    "no name of a function": ("models:build", "models.build", "7:10", "models.build"),
    "module that is not listed": (", layers.py", "", "7:10", "No module named 'layers'"),
    "no model returned": ("models:build", "layers:nn.Linear", "7:10", "layers:nn.Linear"),
    "input": ("[3, 16, 16]", "[1, 16, 16]", "8:10", "expected input[1, 1, 16, 16]"),
    "argument of a level": ("wide: 16", "wide: -1", "10:33", "negative dimension"),
    "shape of another kind": ("[3, 16, 16]", "16", "8:10", "list"),
    "missing argument": ("models:build", "models:Net", "8:10", "mat1 and mat2"),
}


@pytest.mark.heavy
@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_in_a_model_is_an_error_at_its_place(inside, study_file, mistake):
    right, wrong, place, message = mistake
    assert right in FILE
    study_file.write_text(FILE.replace(right, wrong))
    done = inside("plan", study_file)
    assert done.returncode == 2, done.stderr
    assert message in done.stderr
    assert f"widths.yaml:{place}" in done.stderr


SOURCES = {
    "error at import": ("import layers\n", "import layers\n1 / 0\n", "ZeroDivisionError", "line 2"),
    "syntax": ("def build(", "def build)(", "SyntaxError", "line 4"),
    "script": ("import layers\n", "import layers, sys\nsys.exit(2)\n", "SystemExit", "__main__"),
    "no module": ("return nn.Sequential(", "return (", "returns tuple", "torch.nn.Module"),
    "required": ("build(width=8", "build(depth, width=8", "the argument depth", "args has not"),
}


@pytest.mark.heavy
@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_an_error_of_the_users_code_names_its_line(inside, study_file, tmp_path, source):
    right, wrong, *messages = source
    (tmp_path / "models.py").write_text(MODELS.replace(right, wrong))
    done = inside("plan", study_file)
    assert done.returncode == 2, done.stderr
    assert "widths.yaml:7:10" in done.stderr
    assert all(message in done.stderr for message in messages)


@pytest.mark.heavy
def test_a_level_that_the_model_ignores_is_refused(inside, study_file):
    study_file.write_text(FILE.replace("args.width: {narrow: 8, wide: 16}", "args.unused: [0, 1]"))
    done = inside("plan", study_file)
    assert done.returncode == 2
    assert '"1" changes nothing in the model' in done.stderr
    assert "widths.yaml:10:20" in done.stderr


@pytest.mark.heavy
@pytest.mark.parametrize("model", ["models:build", "models:net"])
def test_a_level_of_the_training_alone_is_not(inside, study_file, model):
    text = FILE.replace("args.width: {narrow: 8, wide: 16}", "args.rate: [0.1, 0.2]")
    study_file.write_text(text.replace("models:build", model))
    done = inside("plan", study_file)
    assert done.returncode == 0, done.stderr


@pytest.mark.heavy
def test_a_level_that_changes_outputs_and_no_count_acts(inside, study_file):
    study_file.write_text(
        FILE.replace("args.width: {narrow: 8, wide: 16}", "args.act: [relu, gelu]")
    )
    assert inside("plan", study_file).returncode == 0


@pytest.mark.heavy
def test_parameters_without_a_gradient_are_noted(inside, study_file, tmp_path):
    idle = "\nclass Idle(nn.Conv2d):\n    def __init__(self, width):\n"
    idle += "        super().__init__(3, width, 3)\n        self.idle = nn.Linear(1, 1)\n"
    (tmp_path / "models.py").write_text(MODELS + idle)
    study_file.write_text(FILE.replace("models:build", "models:Idle"))
    done = inside("plan", study_file)
    assert "no gradient of its outputs reaches idle.weight, idle.bias" in done.stderr + done.stdout


def test_names_of_a_models_metrics_are_free_where_there_is_no_model(inside, study_file):
    text = FILE.replace("  model: models:build\n  input: [3, 16, 16]\n", "")
    text = text.replace("loss: {better: lower}", "params: {better: lower}").replace(
        "macs, loss", "seconds"
    )
    study_file.write_text(text)
    assert inside("plan", study_file).returncode == 0
    study_file.write_text(FILE.replace("  model: models:build\n  input: [3, 16, 16]\n", ""))
    assert "unknown column" in inside("plan", study_file).stderr


def test_a_study_without_a_model_imports_no_torch(inside, study_file, tmp_path, monkeypatch):
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text("raise ImportError('torch is imported')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=":")
    text = FILE.replace("  model: models:build\n  input: [3, 16, 16]\n", "")
    study_file.write_text(text.replace("params, macs, ", ""))
    done = inside("plan", study_file)
    assert done.returncode == 0, done.stderr


def test_modules_of_one_name_do_not_meet(tmp_path):
    places = [tmp_path / name for name in ("first", "second")]
    for number, place in enumerate(places):
        place.mkdir()
        (place / "same_name.py").write_text(f"NUMBER = {number}\n")
        (place / "build_it.py").write_text(
            "import torch\nclass Net(torch.nn.Module):\n"
            "    def __init__(self):\n        super().__init__()\n"
            "        import same_name\n        self.number = same_name.NUMBER\n"
        )
    first, second = (Factory(place, "build_it:Net", {}) for place in places)
    numbers = [factory.build().number for factory in (first, second, first)]
    assert numbers == [0, 1, 0]


def test_modules_are_hidden_again_after_use(tmp_path):
    import sys

    (tmp_path / "own_module.py").write_text("")
    modules, path = Modules(tmp_path), [*sys.path]
    with modules.used():
        import own_module  # noqa: F401
    assert "own_module" not in sys.modules
    assert sys.path == path
    assert not (tmp_path / "__pycache__").exists()

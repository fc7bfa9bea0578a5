"""Models side by side without a study file."""

import json
import subprocess
import sys

import pytest

from study.api import bench
from study.api.bench import BenchModel
from study.errors import SpecError
from study.launch import job as job_folder
from study.plan.reading import vocabulary
from study.spec.schema import Timing
from tests.conftest import environment
from tests.drills.conftest import until

MINE = """\
import os

from timm.models import register_model
from study.models.rest import test_rest

@register_model
def my_rest(pretrained=False, **given):
    return test_rest(pretrained, **given)

@register_model
def dies(pretrained=False, **given):
    model = test_rest(pretrained, **given)

    def die(module, images):
        if len(images[0]) > 7:
            os.abort()

    model.register_forward_pre_hook(die)
    return model
"""
SHORT = ("--seconds", "0.05", "--threads", "1", "--img-size", "64")
AVERAGE = "{name: test_rest, reduction: average}"


def read(*models, size=64, batch=2, precision="float32", columns=bench.COLUMNS, **timing):
    listed = [bench.model(text, {}) for text in models]
    (setting,) = bench.settings([size], [batch], [precision], Timing(**timing))
    return bench.read_study(bench.document(listed, setting, columns), setting, vocabulary())


# ---- the study ----


def test_a_model_is_a_name_or_what_a_study_file_has():
    assert bench.model("test_rest", {"a": 1}) == BenchModel("test_rest", {"a": 1})
    model = bench.model("{name: test_rest, ratios: [4, 2, 1, 1]}", {"a": 1})
    assert model == BenchModel("test_rest", {"a": 1, "ratios": [4, 2, 1, 1]})
    assert model.label == "test_rest (a=1, ratios=[4, 2, 1, 1])"
    assert BenchModel("x", {"bias": True, "pool": "no"}).label == "x (bias=true, pool=no)"


@pytest.mark.parametrize(
    "text", ["{reduction: average}", "{name: [x]}", "{name: a", "{a: 1, a: 2}"]
)
def test_what_is_no_model_is_refused(text):
    with pytest.raises(SpecError):
        bench.model(text, {})


def test_settings_are_each_with_each_and_once():
    settings = bench.settings([64], [1, 32, 1], ["float32", "bfloat16"], Timing(compile=True))
    assert len(settings) == len(set(settings)) == 4
    assert settings[0].description == "64 px, batch 1, float32, compiled"


def test_the_study_has_the_models_as_arms_and_no_seeds():
    file = read("resnet18", AVERAGE, "vgg11", batch=7, seconds=3, channels_last=True)
    assert not file.problems
    study = file.study
    labels = [study.label(arm.choices) for arm in study.arms]
    assert labels == ["resnet18", "test_rest (reduction=average)", "vgg11"]
    assert study.seeds == ()
    assert (study.timing.seconds, study.timing.batch_size) == (3, 7)
    assert all(arm.config.data.img_size == 64 for arm in study.arms)
    assert all(arm.config.recipe.batch_size == 7 for arm in study.arms)
    assert all(arm.config.recipe.channels_last for arm in study.arms)


def test_a_text_that_yaml_would_read_as_something_else_stays_a_text():
    file = read("resnet18", '{name: resnet18, global_pool: "no", x: "1e3"}')
    assert not file.problems
    assert file.study.arms[1].config.arguments == {"global_pool": "no", "x": "1e3"}


def test_bfloat16_is_that_of_inference_and_of_the_training_step():
    file = read("resnet18", precision="bfloat16")
    assert not file.problems
    recipe = file.study.arms[0].config.recipe
    assert (recipe.amp, recipe.amp_dtype) == (True, "bfloat16")
    assert file.study.timing.precision == "bfloat16"


def test_a_model_that_is_listed_twice_is_refused():
    with pytest.raises(SpecError, match="test_rest is listed twice"):
        read("test_rest", "resnet18", "test_rest")


# ---- the command ----


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "Missing argument"),
        (["resnet18", "--columns", "trian"], 'unknown column "trian"'),
        (["resnet18", "--batch-size", "1,x"], "'x' is not a valid integer"),
        (["resnet18", "--batch-size", ""], "has an empty item"),
        (["resnet18", "--batch-size", "100000"], "1<=x<=65536"),
        (["resnet18", "--columns", "params,"], "has an empty item"),
        (["resnet18", "--columns", "params,top1"], "it has no top1"),
        (["resnet18", "--seconds", "inf"], "--seconds"),
        (["resnet18", "--device", "mps"], "no such device"),
        (["resnet18", "--model-arg", "name=resnet34"], "MODEL names the models"),
        (["resnet18", "--model-arg", "a=1", "--model-arg", "a=2"], "given twice"),
        (["resnet18", "--precision", "int8"], "'int8' is not one of"),
        (["resnet18", "--model-arg", "x"], "key=value"),
        (["resnet18", "--device", "cuda"], "no such device"),
        (["{name: resnet18"], "not YAML"),
        (["resnet18", "--import", "nosuch.py"], "nosuch.py"),
        (["resnet18", "--seconds", "0"], "--seconds"),
        (["test_rest", "test_res"], 'did you mean "test_rest"?'),
        (["{name: test_rest, redction: average}"], 'did you mean "reduction"?'),
        (["test_rest", "{name: test_rest, reduction: averag}"], 'did you mean "average"?'),
        (["test_rest", "resnet18.nosuch"], "unknown tag of resnet18"),
        (["test_rest", "test_vit", "--img-size", "64,60"], "divisible by patch size"),
        (["test_rest", "{name: test_rest, reduction: depthwise}"], "computes the same as"),
    ],
)
def test_a_wrong_command_is_refused_before_anything_is_timed(inside, tmp_path, words, message):
    done = inside("bench", *words)
    assert done.returncode == 2
    assert message in done.stderr
    assert not (tmp_path / "results" / "jobs").exists()


def test_a_mistake_of_all_settings_is_told_once(inside):
    done = inside("bench", "test_rest", "test_res", "--img-size", "64,96")
    assert done.stderr.count('unknown model "test_res"') == 1


def test_the_study_files_are_printed_and_can_be_planned(inside, tmp_path):
    done = inside("bench", "test_rest", AVERAGE, "--img-size", "64,96", "--dry-run")
    first, second = done.stdout.split("---\n")
    assert "img_size: 96" in second
    (tmp_path / "mine.yaml").write_text(first)
    planned = inside("plan", "mine.yaml")
    assert planned.returncode == 0, planned.stderr
    assert "reduction=average" in planned.stdout


@pytest.mark.heavy
def test_costs_alone_time_nothing(inside, tmp_path):
    done = inside("bench", "test_vit", "--columns", "params,macs", "--img-size", "64", "--json")
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout)
    assert row["costs"]["test_vit"]["params"] > 0
    assert not (tmp_path / "results" / "jobs").exists()


@pytest.mark.slow
def test_models_are_timed_side_by_side_and_not_twice(study, tmp_path):
    (tmp_path / "mine.py").write_text(MINE)
    models = ("my_rest", "{name: my_rest, reduction: average}", "test_vit")
    words = ("bench", *models, *SHORT, "--import", "mine.py", "--store", "kept")
    done = study(*words)
    assert done.returncode == 0, done.stderr
    assert "1/1 64 px, batch 32, float32" in done.stderr
    assert "my_rest (reduction=average)" in done.stdout
    assert "Inference memory" in done.stdout
    (file,) = (tmp_path / "kept" / "timings").glob("*.json")
    before = file.read_bytes()
    again = study(*words)
    assert "from the session that the store has" in again.stderr
    assert again.stdout == done.stdout
    assert file.read_bytes() == before
    assert study(*words, "--again").returncode == 0
    assert file.read_bytes() != before
    more = study(*words[:-6], "--threads", "2", *words[-4:])
    assert "from the session" not in more.stderr


@pytest.mark.slow
def test_sessions_as_json_in_two_settings(study):
    columns = ("--columns", "throughput,train_throughput,memory")
    done = study(
        "bench", "test_rest", "test_vit", *SHORT, "--batch-size", "2,4", "--json", *columns
    )
    assert done.returncode == 0, done.stderr
    sessions = json.loads(done.stdout)
    assert [session["setting"]["batch_size"] for session in sessions] == [2, 4]
    for session in sessions:
        arm = session["arms"]["test_vit"]
        assert {"throughput", "train_throughput"} <= arm.keys()
        assert arm["throughput"]["ratio"]["value"] > 0
        assert session["costs"]["test_rest"]["params"] > 0
        assert session["environment"]["threads"] == 1
        assert "times" not in session


@pytest.mark.slow
def test_a_process_that_dies_takes_no_other_setting_with_it(study, tmp_path):
    (tmp_path / "mine.py").write_text(MINE)
    words = ("--batch-size", "8,2", "--import", "mine.py")
    done = study("bench", "test_rest", "dies", *SHORT, *words)
    assert done.returncode == 1, done.stderr
    assert "error: " in done.stderr
    assert "SIGABRT" in done.stderr
    assert "Traceback" not in done.stderr.partition("2/2")[2]
    assert "batch 2" in done.stdout
    assert "study run" not in done.stdout  # there is no file to run
    again = study("bench", "test_rest", "dies", *SHORT, *words, "--json")
    failed, timed = json.loads(again.stdout)
    assert "SIGABRT" in failed["error"]
    assert set(timed["arms"]) == {"test_rest", "dies"}


@pytest.mark.slow
def test_a_batch_that_does_not_fit_leaves_the_others(study):
    columns = ("--columns", "throughput@b60000,throughput@b1")
    done = study(
        "bench", "test_resnet", "--seconds", "0.05", "--img-size", "1024", "--json", *columns
    )
    (session,) = json.loads(done.stdout)
    assert list(session["arms"]["test_resnet"]) == ["throughput@b1"]
    assert "does not fit" in session["refused"]["test_resnet"]["throughput@b60000"]


@pytest.mark.slow
def test_a_model_may_print_and_the_document_is_one(study, tmp_path):
    loud = MINE.replace("    return test_rest", "    print('LOUD')\n    return test_rest", 1)
    (tmp_path / "loud.py").write_text(loud)
    done = study("bench", "my_rest", *SHORT, "--import", "loud.py", "--json")
    assert json.loads(done.stdout)
    assert "LOUD" in done.stderr


@pytest.mark.slow
def test_a_bench_that_is_terminated_ends_its_worker(tmp_path):
    words = [sys.executable, "-m", "study", "bench", "test_rest", *SHORT, "--seconds", "600"]
    process = subprocess.Popen(
        words, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    rounds = tmp_path / "results" / "timings"
    until(lambda: [*rounds.glob("*/rounds.json")], "a session")
    process.terminate()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    (job,) = (tmp_path / "results" / "jobs").iterdir()
    assert not job_folder.workers(job)


@pytest.mark.slow
@pytest.mark.parametrize("way", ["--compile", "--channels-last", "--precision=bfloat16"])
def test_every_way_of_running_can_be_timed(study, way):
    columns = ("--columns", "throughput,latency_p50,inference_memory,train_throughput")
    done = study(
        "bench", "test_rest", AVERAGE, *SHORT, "--batch-size", "2", "--json", way, *columns
    )
    assert done.returncode == 0, done.stderr
    (session,) = json.loads(done.stdout)
    assert not session.get("refused")
    assert len(session["arms"]) == 2
    word = {"--compile": "compiled", "--channels-last": "channels-last"}.get(way, "bfloat16")
    assert word in session["how"]["way"]


@pytest.mark.slow
def test_the_fast_path_is_timed_of_models_that_have_one(study):
    fast = ("--path", "fast", "--columns", "throughput,inference_memory")
    done = study("bench", "test_rest", "test_resnet", *fast, "--img-size", 64, "--seconds", 1)
    assert done.returncode == 1, done.stderr  # one of the models is not timed
    assert "test_resnet has no fast path" in done.stdout
    assert "fast path, batch" in done.stdout


def test_detectors_are_timed_by_their_own_task():
    models = [bench.model("{name: retinanet, backbone: test_rest}", {})]
    setting = bench.Setting(128, Timing(batch_size=2))
    text = bench.document(models, setting, ("params", "throughput"))
    assert "task: detection" in text
    file = bench.read_study(text, setting, vocabulary())
    assert file.problems == []


def test_a_classifier_and_a_detector_are_not_timed_together():
    models = [bench.model(text, {}) for text in ("{name: retinanet, backbone: x}", "resnet18")]
    with pytest.raises(SpecError, match="bench them apart"):
        bench.document(models, bench.Setting(128, Timing()), ("params",))

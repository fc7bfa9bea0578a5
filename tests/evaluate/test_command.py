"""The command `eval`."""

import json

import pytest
import torch

from study.tasks.classification import evaluate as evaluation
from tests.evaluate.conftest import NAMES
from tests.evaluate.subjects import folder, subject, tarred


@pytest.fixture
def evaluate(inside):
    def command(*words):
        return inside("eval", *words, "--device", "cpu", "--threads", "1")

    return command


@pytest.mark.heavy
def test_the_command_says_the_numbers_and_what_they_depend_on(evaluate, checkpoint, pictures):
    done = evaluate("test_rest", "--checkpoint", checkpoint, "--data", tarred(pictures / "val"))
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    expected = evaluation.evaluate(subject(checkpoint, folder(pictures / "val")))
    for message in (
        f"{100 * expected.metrics['top1']:.2f}",
        f"sha256 {expected.weights.sha256[:8]}, state_dict",
        "40 of 10 classes",
        "resize 64 → crop 64 (crop_pct 1), bicubic",
        "mean 0.485 0.456 0.406, std 0.229 0.224 0.225",
        "cpu, 1 thread, float32, batches of 128",
    ):
        assert message in done.stdout


@pytest.mark.heavy
def test_one_of_several_sets_of_weights_is_named(evaluate, checkpoint, tmp_path):
    state = torch.load(checkpoint, weights_only=True)["state_dict"]
    wrapped = {f"backbone.{name}": tensor for name, tensor in state.items()}
    torch.save({"teacher": wrapped, "student": wrapped}, tmp_path / "both.pth")
    words = ("test_rest", "--data", "digits", "--limit", 40, "--checkpoint", tmp_path / "both.pth")
    refused = evaluate(*words)
    assert refused.returncode == 2
    assert "teacher" in refused.stderr
    done = evaluate(*words, "--checkpoint-key", "teacher")
    assert 'teacher, names without "backbone."' in done.stdout


def test_folders_in_class_folders_are_evaluated_as_the_command_says(evaluate, checkpoint, pictures):
    words = ("test_rest", "--checkpoint", checkpoint, "--data", pictures / "val", "--json")
    flat = json.loads(evaluate(*words).stdout)
    for folder_ in list((pictures / "val").iterdir()):
        (folder_ / "deep").mkdir()
        for path in list(folder_.glob("*.png")):
            path.rename(folder_ / "deep" / path.name)
        (folder_ / "x.heic").touch()
    refused = evaluate(*words)
    assert refused.returncode == 2
    assert "class_folder: outer" in refused.stderr
    done = evaluate(*words, "--class-folder", "outer", "--ignore", "*.heic")
    assert json.loads(done.stdout)["metrics"] == flat["metrics"]


def test_json_is_one_document_in_base_units(evaluate, store):
    done = evaluate(NAMES["pa"], "--store", store.root, "--json")
    record = json.loads(done.stdout)
    assert record["metrics"] == store.result(NAMES["pa"]).metrics
    assert record["model"] == f"test_rest {NAMES['pa']}"


def test_a_trial_is_shown_other_images(evaluate, store, pictures):
    words = (NAMES["pa"], "--store", store.root, "--json", "--data", pictures, "--img-size", "96")
    record = json.loads(evaluate(*words).stdout)
    assert record["data"]["root"] == str(pictures)
    assert (record["images"], record["preprocessing"]["resize"]) == (40, 96)


def test_arguments_of_the_model_are_read_as_in_a_study_file(evaluate, store):
    path = store.trial(NAMES["learned"]) / "last.pth.tar"
    words = ("test_rest", "--data", "digits", "--limit", 40, "--checkpoint", path, "--json")
    done = evaluate(*words, "--model-arg", "position=learned", "--model-arg", "ratios=[8, 4, 2, 1]")
    expected = store.result(NAMES["learned"]).metrics
    assert json.loads(done.stdout)["metrics"] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["test_rest", "--data", "digits"], "random ones are not evaluated"),
        (["test_rest", "--pretrained", "--checkpoint", "x", "--data", "digits"], "give one"),
        (["test_rest", "--checkpoint", "x"], "which images"),
        (["test_rest", "--checkpoint", "x", "--data", "digits"], "there is no checkpoint x"),
        (["test_rest", "--pretrained", "--data", "digits"], "timm has no weights for test_rest"),
        (["test_rset", "--checkpoint", "x", "--data", "digits"], 'did you mean "test_r'),
        (["test_rest", "--checkpoint", "x", "--data", "/nowhere"], "/nowhere does not exist"),
        (["test_rest", "--pretrained", "--ema", "--data", "digits"], "--ema"),
        (["test_rest", "--checkpoint-key", "net", "--pretrained", "--data", "x"], "of which file"),
        (
            ["test_rest", "--checkpoint", "x", "--checkpoint-key", "net", "--ema", "--data", "x"],
            "--checkpoint-key and --ema",
        ),
        (["0123456789-0", "--checkpoint-key", "net"], "weights and a model of its own"),
        (["0123456789-0", "--checkpoint", "x"], "weights and a model of its own"),
        (["0123456789-0", "--store", "none"], 'unknown trial "0123456789-0"'),
        (["test_rest", "--checkpoint", "x", "--data", ".", "--root", "y"], "--root"),
        (["test_rest", "--checkpoint", "x", "--data", "digits", "--model-arg", "pa"], "key=value"),
        (
            ["test_rest", "--checkpoint", "x", "--data", "digits", "--model-arg", "hedas=[1]"],
            'did you mean "heads"',
        ),
    ],
)
def test_a_wrong_command_is_refused_in_words(words, message, evaluate):
    done = evaluate(*words)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr

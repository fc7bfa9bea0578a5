"""The part `weights` of a baseline: what it means, how trials are named, what is refused."""

import json

import pytest
import torch

from study.api.request import StudyRequest
from study.store.store import Store
from study.tasks.classification.config import config_of
from study.tasks.classification.facts import caption
from study.tasks.classification.records import ClassifierRecord
from study.tasks.classification.trial.model import starting_model
from tests.evaluate.conftest import NAMES, store  # noqa: F401 - fixtures
from tests.spec.test_given_weights import LEVELS, digests, first, offline, refusal, state  # noqa: F401

FACTORS = "model.reduction: {DW: depthwise, Avg: average}"


@pytest.fixture
def planned(tiny, monkeypatch):
    """planned(line): the plan of the tiny study with a line of its baseline, and other factors."""
    monkeypatch.chdir(tiny.parent)
    text = tiny.read_text()

    def plan(line, factors=LEVELS, model="test_rest", root=None):
        changed = text.replace("test_rest", model).replace(FACTORS, factors)
        if "recipe:" in line:
            changed = changed.replace("  recipe: {name: smoke, epochs: 2, batch_size: 32}\n", "")
        tiny.write_text(changed.replace("factors:", f"{line}factors:") if line else changed)
        return StudyRequest(tiny, None, (), root or tiny.parent / "results").plan()[0]

    return plan


@pytest.fixture
def files(tmp_path):
    torch.save(state(0), tmp_path / "w.pth")
    torch.save({"net": state(0), "ema": state(1)}, tmp_path / "sets.pth")
    torch.save(state(2, classes=1000), tmp_path / "many.pth")
    return tmp_path


GIVEN = "  weights: w.pth\n"


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("line", "model"),
    [
        (GIVEN, "{name: test_rest, checkpoint_path: w.pth}"),
        ("  weights: {file: w.pth}\n", "{name: test_rest, checkpoint_path: w.pth}"),
        (
            "  weights: {file: sets.pth, key: ema}\n",
            "{name: test_rest, checkpoint_path: sets.pth, checkpoint_key: ema}",
        ),
        ("  weights: none\n", "test_rest"),
    ],
)
def test_weights_are_what_the_arguments_of_the_model_are(line, model, planned, files):
    assert digests(planned(line)) == digests(planned("", model=model))


def test_timms_weights_are_those_of_pretrained(planned, offline):  # noqa: F811
    line = "  weights: timm\n"
    given = planned(line, model="test_resnet")
    assert digests(given) == digests(planned("", model="{name: test_resnet, pretrained: true}"))
    (note,) = [note for note in given.notes if "classifier" in note]
    assert note == (
        "the classifier (fc) starts at random: the weights have 1000 classes, the images 10"
    )


def test_weights_are_a_factor(planned, files):
    plan = planned("", "weights: {random: none, given: w.pth, other: {file: sets.pth, key: ema}}")
    assert [config_of(arm.arm).weights.label for arm in plan.arms] == [
        "",
        "w.pth",
        "sets.pth (ema)",
    ]
    assert len({*digests(plan)}) == 3
    assert plan.arms[0].digest == planned("").baseline.digest
    text = caption(plan.study, plan.arms[1].arm)
    assert "test_rest on digits" in text
    assert "weights w.pth, recipe smoke" in text


@pytest.mark.heavy
def test_a_level_with_a_file_replaces_a_name(planned, files):
    plan = planned(GIVEN, "weights: {given: w.pth, other: {file: sets.pth, key: ema}}")
    assert [config_of(arm.arm).weights.source for arm in plan.arms] == ["w.pth", "sets.pth"]


@pytest.mark.heavy
def test_a_classifier_of_other_classes_starts_at_random_and_this_is_noted(planned, files):
    plan = planned("  weights: many.pth\n")
    assert (
        "the classifier (head.weight, head.bias) starts at random: the weights have 1000 classes, "
        "the images 10" in plan.notes
    )
    record = first(plan)
    assert record.weights.new_head
    started, theirs = starting_model(record).state_dict(), state(2, classes=1000)
    assert started["head.weight"].shape == (10, 128)
    assert all(torch.equal(started[k], v) for k, v in theirs.items() if not k.startswith("head."))


@pytest.mark.heavy
def test_weights_of_the_same_classes_have_no_such_note(planned, files):
    plan = planned(GIVEN)
    assert not [note for note in plan.notes if "classifier" in note]
    assert "new_head" not in json.dumps(first(plan).plain)


@pytest.mark.heavy
def test_a_random_classifier_is_not_evaluated_untrained(planned, files):
    untrained = "  weights: many.pth\n  recipe: none\n"
    message = refusal(planned, untrained)
    assert "the images 10, and nothing is trained" in message
    assert "tiny.yaml:5:12" in message


MISTAKES = {
    "a slip": ("  weights: ww.pth\n", "tiny.yaml:6:12", 'is it "w.pth"?'),
    "a slip in a level": (
        "",
        "tiny.yaml:7:41",
        'is it "w.pth"?',
        "weights: {random: none, given: {file: ww.pth}}",
    ),
    "unknown key": ("  weights: {fil: w.pth}\n", "tiny.yaml:6:13", 'did you mean "file"?'),
    "nothing": ("  weights: {key: net}\n", "tiny.yaml:6:12", "give a file"),
    "two": ("  weights: {name: timm, file: w.pth}\n", "tiny.yaml:6:13", "not both"),
    "a key of timm's": ("  weights: {name: timm, key: ema}\n", "tiny.yaml:6:25", "have no key"),
    "wrong key": ("  weights: {file: sets.pth, key: nett}\n", "tiny.yaml:6:19", "checkpoint key"),
    "none of timm's": ("  weights: timm\n", "tiny.yaml:6:12", "no weights for test_rest"),
    "no trial": ("  weights: trial:0123456789-0\n", "tiny.yaml:6:12", "no such trial"),
    "null": ("  weights: null\n", "tiny.yaml:6:12", "weights"),
    "the same": (
        "",
        "tiny.yaml:7:44",
        "computes the same as given",
        "weights: {random: none, given: w.pth, x: ./w.pth}",
    ),
    "another model": (
        "",
        "tiny.yaml:7:34",
        "6 unexpected",
        "weights: {random: none, given: other.pth}",
    ),
}


@pytest.mark.parametrize("what", MISTAKES)
def test_a_mistake_about_weights_is_reported_at_its_place(what, planned, files):
    line, place, words, *factors = MISTAKES[what]
    other = {f"{k}.more": v for k, v in list(state(0).items())[:6]}
    torch.save(state(0) | other, files / "other.pth")
    message = refusal(planned, line, *factors)
    assert place in message
    assert words in message


@pytest.mark.parametrize("argument", ["pretrained: true", "checkpoint_path: w.pth"])
def test_weights_that_are_named_twice_are_refused(argument, planned, files):
    message = refusal(planned, GIVEN, LEVELS, f"{{name: test_rest, {argument}}}")
    assert "both name the weights" in message
    assert "tiny.yaml:6:12" in message


# ---- of a trial ----


@pytest.mark.heavy
def test_a_trial_starts_from_the_weights_of_another(planned, store):  # noqa: F811
    plan = planned(f"  weights: trial:{NAMES['pa']}\n", root=store.root)
    weights = plan.baseline.config.parts["model"]["weights"]
    assert weights["trial"] == NAMES["pa"]
    assert weights["sha256"].keys() == {"checkpoint_path"}
    assert {arm.starts_from for arm in plan.arms} == {NAMES["pa"]}
    record = ClassifierRecord.of(plan.task.record(plan.baseline, 0, plan.study))
    trained = torch.load(store.folder(NAMES["pa"]).checkpoint, weights_only=True)["state_dict"]
    assert all(torch.equal(v, trained[k]) for k, v in starting_model(record).state_dict().items())


UNFIT = {
    "as given": "trained nothing",
    "one size": "does not fit this ResT",
}


@pytest.mark.heavy
@pytest.mark.parametrize("what", UNFIT)
def test_a_trial_without_fitting_weights_is_refused(what, planned, store):  # noqa: F811
    message = refusal(lambda: planned(f"  weights: trial:{NAMES[what]}\n", root=store.root))
    assert UNFIT[what] in message
    assert "tiny.yaml:6:12" in message


@pytest.mark.heavy
def test_the_average_of_a_trial_that_has_one_is_taken(planned, store):  # noqa: F811
    plan = planned(f"  weights: trial:{NAMES['average']}\n", root=store.root)
    record = ClassifierRecord.of(plan.task.record(plan.baseline, 0, plan.study))
    trained = torch.load(store.folder(NAMES["average"]).checkpoint, weights_only=True)
    started = starting_model(record).state_dict()
    assert torch.equal(started["head.weight"], trained["state_dict_ema"]["head.weight"])


@pytest.mark.slow
def test_a_study_continues_from_the_trials_of_another(study, tiny):
    assert study("run", tiny, "--on", "inline", "--no-speed").returncode == 0
    trained = Store(tiny.parent / "results")
    name = next(n for n in trained.results() if n.endswith("-0"))
    text = tiny.read_text().replace(FACTORS, f"weights: {{random: none, more: 'trial:{name}'}}")
    reduction = trained.entered(name).config.parts["model"]["arguments"]["reduction"]
    text = text.replace("test_rest", f"{{name: test_rest, reduction: {reduction}}}")
    second = tiny.with_name("second.yaml")
    second.write_text(text)
    ran = study("run", second, "--on", "local", "--no-speed")
    assert ran.returncode == 0, ran.stderr
    third = tiny.with_name("third.yaml")
    recipe = "recipe: {name: none, crop_pct: 1.0, interpolation: nearest}"
    text = text.replace("recipe: {name: smoke, epochs: 2, batch_size: 32}", recipe)
    text = text.replace("factors:", f"  weights: trial:{name}\nfactors:").replace(
        "random: none, ", ""
    )
    text = text.replace(f"factors:\n  weights: {{more: 'trial:{name}'}}\n", "")
    third.write_text(text)
    assert study("run", third, "--on", "inline", "--no-speed").returncode == 0
    rows = json.loads(study("results", third, "--json").stdout)
    again = next(row["value"] for row in rows if row["metric"] == "top1")
    assert again == trained.result(name).metrics["top1"]
    table = study("report", third).stdout
    words = " ".join(table.split())
    assert f"weights trial:{name}, recipe none with crop_pct 1.0" in words
    assert ": nothing is trained" in words
    # The weights of the first study are still needed.
    listed = study("clean", "--dry-run").stdout
    assert "last.pth.tar" in listed
    assert f"{name}/last.pth.tar" not in listed

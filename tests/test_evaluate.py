"""Given weights on given images: the numbers, what they depend on, and what is refused."""

import json
import tarfile

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from sklearn.datasets import load_digits
from timm.data import create_transform
from torch.nn.functional import cross_entropy

from study import data, models, train, trial
from study import evaluate as evaluation
from study.errors import BuildError, DataError, StoreError, StudyError
from study.models.released_checkpoints import checkpoint_filter_fn
from study.spec.schema import Data, Recipe
from study.store import leases
from study.store.atomic import write
from study.store.records import TrialRecord
from study.store.store import Store

MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
DIGITS = {"name": "digits", "img_size": 64, "train_limit": 256, "val_limit": 40}
RECIPE = {
    "epochs": 1,
    "batch_size": 16,
    "opt": "adamw",
    "lr": 1e-3,
    "warmup_epochs": 0,
    "color_jitter": 0,
    "interpolation": "nearest",
    "crop_pct": 1.0,
}
AVERAGED = {"model_ema": True, "model_ema_decay": 0.5}
HALF = {"amp": True, "amp_dtype": "bfloat16", "channels_last": True, "crop_pct": 0.875}


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


TRIALS = {  # model, arguments, recipe
    "pa": ("test_rest", {"position": "pa"}, {"epochs": 6, "lr": 2e-3}),
    "learned": ("test_rest", {"position": "learned"}, {}),
    "average": ("test_rest", {}, AVERAGED),
    "as given": ("test_rest", {}, {"epochs": 0}),
    "half": ("test_resnet", {}, HALF),
    "one size": ("test_vit", {"dynamic_img_size": False}, {}),
}
NAMES = {what: f"{number:010x}-0" for number, what in enumerate(TRIALS)}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A trial of each kind, trained."""
    kept = Store(tmp_path_factory.mktemp("results"))
    for what, (model, arguments, recipe) in TRIALS.items():
        full = Recipe(**RECIPE | recipe).model_dump(mode="json")
        config = {
            "model": {"name": model, "arguments": arguments},
            "data": Data(**DIGITS).model_dump(mode="json") | {"num_classes": 10},
            "recipe": full,
        }
        shape = {"num_classes": 10, "in_chans": 3, "img_size": 64}
        kept.enter(NAMES[what], TrialRecord(config=config, shape=shape, where={}, seed=0))
        with leases.claim(kept.trial(NAMES[what])) as lease:
            how = {"device": "cpu", "stop": bool, "report": lambda row: None}
            trial.run_trial(kept, NAMES[what], lease, record=kept.entered(NAMES[what]), **how)
        assert kept.state(NAMES[what]) == "completed", kept.result(NAMES[what])
    return kept


@pytest.fixture(scope="module")
def checkpoint(store):
    return store.trial(NAMES["pa"]) / "last.pth.tar"


def logits(model, x):
    with torch.inference_mode():
        return model.eval()(x)


def metrics(logits, targets):
    """Computed once more, without the code under test."""
    ranks = np.argsort(-logits.numpy(), axis=1)
    hits = ranks == targets.numpy()[:, None]
    top1, top5 = float(hits[:, 0].mean()), float(hits[:, :5].any(1).mean())
    return {"top1": top1, "top5": top5, "loss": cross_entropy(logits, targets).item()}


def filled(path, *, size=64, key="state_dict", **arguments):
    """timm's way: built at the size that is asked for."""
    model = timm.create_model("test_rest", num_classes=10, img_size=size, **arguments)
    state = torch.load(path, weights_only=True)[key]
    model.load_state_dict(checkpoint_filter_fn(state, model))
    return model


# trials


@pytest.mark.parametrize("what", TRIALS)
def test_a_trial_at_its_own_size_is_its_result_to_the_last_digit(what, store):
    record = evaluation.trial(store, NAMES[what])
    assert record.metrics == store.result(NAMES[what]).metrics
    assert record.images == 40
    assert record.weights.average == (what == "average")


@pytest.mark.parametrize("what", ["pa", "learned"])
def test_a_trial_is_evaluated_at_another_size(what, store):
    record = evaluation.trial(store, NAMES[what], img_size=96)
    small = data.load(Data(**DIGITS)).val
    large = small.pixels.numpy()[:, 0, ::8, ::8].repeat(12, 1).repeat(12, 2)[:, None] / 255
    x = torch.from_numpy((large - MEAN[:, None, None]) / STD[:, None, None]).float()
    model = filled(store.trial(NAMES[what]) / "last.pth.tar", size=96, position=what)
    expected = metrics(logits(model, x), small.targets)
    assert record.metrics == pytest.approx(expected, rel=1e-4)
    assert record.preprocessing.img_size == 96
    assert record.metrics != store.result(NAMES[what]).metrics


def test_the_plain_weights_of_an_averaged_trial_can_be_asked_for(store):
    plain = evaluation.trained(store, NAMES["average"], ema=False)
    model = filled(store.trial(NAMES["average"]) / "last.pth.tar")
    assert torch.equal(plain.model.head.weight, model.head.weight)
    assert evaluation.evaluate(plain).metrics != store.result(NAMES["average"]).metrics


def test_a_record_can_be_kept_as_json(store):
    record = evaluation.trial(store, NAMES["pa"])
    assert json.loads(json.dumps(record.plain, allow_nan=False)) == record.plain


def test_a_model_of_one_size_takes_no_other(store):
    with pytest.raises(BuildError, match=r"test_vit .* takes no images of 96 px: .*96.*64"):
        evaluation.trial(store, NAMES["one size"], img_size=96)


def test_images_too_small_for_a_model_are_refused(store):
    with pytest.raises(BuildError):
        evaluation.trial(store, NAMES["pa"], img_size=8)


def test_an_unknown_trial_is_told_with_what_was_meant(store):
    with pytest.raises(StoreError, match=f'did you mean "{NAMES["learned"]}"'):
        evaluation.trial(store, "0000000001-00")


def test_weights_that_are_gone_are_told_with_their_path(store, tmp_path):
    other = copied(store, tmp_path, NAMES["pa"])
    (other.trial(NAMES["pa"]) / "last.pth.tar").unlink()
    with pytest.raises(StudyError, match=rf"gone: {tmp_path}.*last\.pth\.tar"):
        evaluation.trial(other, NAMES["pa"])


@pytest.mark.parametrize("state", ["diverged", "failed"])
def test_only_a_completed_trial_counts(state, store, tmp_path):
    other = copied(store, tmp_path, NAMES["pa"])
    result = other.result(NAMES["pa"]).plain | {"state": state}
    write(other.trial(NAMES["pa"]) / "result.json", result)
    with pytest.raises(StoreError, match=f"is {state}; only a completed trial"):
        evaluation.trial(other, NAMES["pa"])


def copied(store, root, name):
    """The trial in a store of its own."""
    other = Store(root)
    other.trial(name).mkdir(parents=True)
    for file in store.trial(name).iterdir():
        (other.trial(name) / file.name).write_bytes(file.read_bytes())
    return other


def test_other_images_must_have_the_classes_that_a_trial_knows(store, pictures):
    for path in (pictures / "val" / "3").iterdir():
        path.unlink()
    (pictures / "val" / "3").rmdir()
    images = {"name": "folder", "root": str(pictures)}
    with pytest.raises(DataError, match="has 10 classes, folder has 9"):
        evaluation.trained(store, NAMES["pa"], images=images)


# named models


@pytest.fixture
def pictures(tmp_path):
    """The digits that the trials were validated with, in a folder without a training half."""
    val = data.load(Data(**DIGITS)).val
    for index in range(len(val)):
        picture, target = val.picture(index)
        place = tmp_path / "digits" / "val" / str(target)
        place.mkdir(parents=True, exist_ok=True)
        picture.save(place / f"{index:03}.png")
    return tmp_path / "digits"


def tarred(folder):
    path = folder.with_suffix(".tar")
    with tarfile.open(path, "w") as tar:
        tar.add(folder, arcname=".")
    return path


def subject(checkpoint, images, **look):
    return evaluation.named("test_rest", checkpoint, images=images, look=look)


def folder(root, split="."):
    return {"name": "folder", "root": str(root), "val_split": split}


def predictions(subject):
    batches = subject.images.val_batches(subject.recipe)
    seen = train.evaluation(subject.model, batches, recipe=subject.recipe).predictions
    return np.column_stack([seen["target"], seen["top"]])


def test_a_folder_a_tar_and_the_digits_are_the_same_images(checkpoint, pictures):
    digits = {"name": "digits", "val_limit": 40}
    first = predictions(subject(checkpoint, digits))
    places = [folder(pictures, "validation"), folder(pictures / "val")]
    second, third = (predictions(subject(checkpoint, place)) for place in places)
    fourth = predictions(subject(checkpoint, folder(tarred(pictures / "val"))))
    assert np.array_equal(second, third)
    assert np.array_equal(second, fourth)
    assert np.array_equal(in_rows(first), in_rows(second))  # a folder goes class by class


def in_rows(array):
    return array[np.lexsort(array.T)]


def test_given_weights_do_as_well_as_in_their_trial(store, checkpoint, pictures):
    record = evaluation.evaluate(subject(checkpoint, folder(pictures, "validation")))
    expected = store.result(NAMES["pa"]).metrics
    assert record.metrics == pytest.approx(expected, rel=1e-6)
    assert record.metrics["top1"] > 0.2  # chance is a tenth


@pytest.fixture
def oblong(tmp_path):
    """Twenty digits in colours, 90 x 70, and their targets."""
    database = load_digits()
    for index in range(20):
        grey = Image.fromarray((database.images[index] * (255 / 16)).astype(np.uint8))
        grey = grey.resize((90, 70), Image.Resampling.BICUBIC)
        place = tmp_path / "oblong" / str(database.target[index])
        place.mkdir(parents=True, exist_ok=True)
        Image.merge("RGB", [grey, grey.rotate(20), grey.rotate(-20)]).save(place / f"{index}.png")
    return tmp_path / "oblong"


def shown(path, *, size, crop_pct):
    """Pillow and numpy: the shorter side resized, the middle cut out, normalised."""
    picture = Image.open(path)
    side = int(size / crop_pct)
    shorter = min(picture.size)
    lengths = [int(side * length / shorter) for length in picture.size]
    picture = picture.resize(lengths, Image.Resampling.BICUBIC)
    left, top = (round((length - size) / 2) for length in picture.size)
    pixels = np.asarray(picture.crop((left, top, left + size, top + size))) / 255
    return ((pixels - MEAN) / STD).transpose(2, 0, 1)


def test_images_are_resized_cropped_and_normalised_as_by_hand(checkpoint, oblong):
    paths = sorted(oblong.rglob("*.png"))
    x = np.stack([shown(path, size=64, crop_pct=0.875) for path in paths])
    targets = torch.tensor([int(path.parent.name) for path in paths])
    expected = metrics(logits(filled(checkpoint), torch.from_numpy(x).float()), targets)
    record = evaluation.evaluate(
        subject(checkpoint, folder(oblong), crop_pct=0.875, interpolation="bicubic")
    )
    assert record.metrics == pytest.approx(expected, rel=1e-4)
    assert (record.preprocessing.resize, record.preprocessing.img_size) == (73, 64)


@pytest.fixture
def whole(tmp_path):
    """timm's test_resnet of ten classes, with weights of its own."""
    torch.manual_seed(0)
    model = timm.create_model("test_resnet", num_classes=10)
    torch.save(model.state_dict(), tmp_path / "resnet.pth")
    return model, tmp_path / "resnet.pth"


def test_a_model_sees_images_as_its_weights_were_published(whole, oblong):
    model, path = whole
    record = evaluation.evaluate(evaluation.named("test_resnet", path, images=folder(oblong)))
    config = timm.data.resolve_model_data_config(model, use_test_size=True)
    transform = create_transform(**config)
    paths = sorted(oblong.rglob("*.png"))
    x = torch.stack([transform(Image.open(path)) for path in paths])
    targets = torch.tensor([int(path.parent.name) for path in paths])
    assert record.metrics == pytest.approx(metrics(logits(model, x), targets), rel=1e-4)
    seen = record.preprocessing
    assert seen.resize == transform.transforms[0].size
    assert {k: getattr(seen, k) for k in ("crop_pct", "interpolation")} == {
        k: config[k] for k in ("crop_pct", "interpolation")
    }


def test_keys_that_are_given_are_used_instead(whole, oblong):
    images = {**folder(oblong), "img_size": 48, "mean": [0.5] * 3, "std": [0.25] * 3}
    look = {"crop_pct": 0.75, "interpolation": "bilinear", "batch_size": 7}
    record = evaluation.evaluate(
        evaluation.named("test_resnet", whole[1], images=images, look=look)
    )
    seen = record.preprocessing
    assert (seen.resize, seen.img_size, seen.interpolation) == (64, 48, "bilinear")
    assert (seen.mean, seen.std, record.batch_size) == ([0.5] * 3, [0.25] * 3, 7)


def test_progress_is_told_batch_by_batch(checkpoint, oblong):
    told = []
    looked = subject(checkpoint, folder(oblong), batch_size=8)
    evaluation.evaluate(looked, tick=lambda *done: told.append(done))
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]


# classes


@pytest.fixture
def thousand(tmp_path):
    """A checkpoint of test_rest with 1000 classes."""
    torch.manual_seed(0)
    model = models.build("test_rest", {}, num_classes=1000, in_chans=3, img_size=64)
    torch.save(model.state_dict(), tmp_path / "thousand.pth")
    return tmp_path / "thousand.pth"


def test_a_class_map_places_ten_classes_among_a_thousand(thousand, oblong):
    (oblong / "map.txt").write_text("\n".join(str(999 - n) for n in range(1000)))
    images = {**folder(oblong), "class_map": "map.txt"}
    record = evaluation.evaluate(subject(thousand, images))
    targets = predictions(subject(thousand, images))[:, 0]
    assert record.classes == 1000
    assert sorted(set(targets.tolist())) == list(range(990, 1000))


def test_folders_that_are_not_all_classes_would_be_numbered_wrongly(thousand, oblong):
    with pytest.raises(DataError, match="numbered from 0; give class_map"):
        subject(thousand, {**folder(oblong), "num_classes": 1000})


def test_fewer_classes_than_the_weights_know_are_refused(thousand, oblong):
    with pytest.raises(BuildError, match="another number of classes"):
        subject(thousand, folder(oblong))


@pytest.mark.parametrize(
    ("images", "said"),
    [
        ({"name": "digitz"}, 'did you mean "digits"'),
        ({"name": "folder", "root": "/nowhere"}, "does not exist"),
        ({"name": "digits", "root": "here"}, "does not use root"),
        ({"name": "digits", "img_size": 2}, "img_size: .*8"),
    ],
)
def test_images_that_are_not_there_are_told(images, said, checkpoint):
    with pytest.raises(DataError, match=said):
        subject(checkpoint, images)


def test_what_is_published_uncropped_is_cropped_only_if_asked(whole, oblong):
    arguments = {"pretrained_cfg_overlay": {"crop_mode": "squash"}}
    asked = {"arguments": arguments, "images": folder(oblong)}
    with pytest.raises(BuildError, match=r"squash.*give crop_pct"):
        evaluation.named("test_resnet", whole[1], **asked)
    assert evaluation.named("test_resnet", whole[1], **asked, look={"crop_pct": 0.95})


# the command


@pytest.fixture
def evaluate(inside):
    def command(*words):
        return inside("eval", *words, "--device", "cpu", "--threads", "1")

    return command


def test_the_command_says_the_numbers_and_what_they_depend_on(evaluate, checkpoint, pictures):
    done = evaluate("test_rest", "--checkpoint", checkpoint, "--data", tarred(pictures / "val"))
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    expected = evaluation.evaluate(subject(checkpoint, folder(pictures / "val")))
    for said in (
        f"{100 * expected.metrics['top1']:.2f}",
        f"sha256 {expected.weights.sha256[:8]}, state_dict",
        "40 of 10 classes",
        "resize 64 → crop 64 (crop_pct 1), bicubic",
        "mean 0.485 0.456 0.406, std 0.229 0.224 0.225",
        "cpu, 1 thread, float32, batches of 128",
    ):
        assert said in done.stdout


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
    ("words", "said"),
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
def test_a_wrong_command_is_refused_in_words(words, said, evaluate):
    done = evaluate(*words)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr

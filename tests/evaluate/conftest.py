"""Trained trials, and images to evaluate them on."""

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from sklearn.datasets import load_digits

from study.store import leases
from study.store.records import TrialRecord
from study.store.store import Store
from study.tasks.classification import data, train
from study.tasks.classification.schema import Data, Recipe
from study.tasks.classification.task import TASK
from study.trial.run import run_trial

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


@pytest.fixture(scope="session")
def store(tmp_path_factory):
    """A trial of each kind, trained."""
    trained = Store(tmp_path_factory.mktemp("results"))
    for what, (model, arguments, recipe) in TRIALS.items():
        full = Recipe(**RECIPE | recipe).model_dump(mode="json")
        config = {
            "model": {"name": model, "arguments": arguments},
            "data": Data(**DIGITS).model_dump(mode="json") | {"num_classes": 10},
            "recipe": full,
        }
        shape = {"num_classes": 10, "in_chans": 3, "img_size": 64}
        trained.enter(NAMES[what], TrialRecord(config=config, shape=shape, where={}, seed=0))
        with leases.claim(trained.trial(NAMES[what])) as lease:
            how = {"device": "cpu", "stop": bool, "report": lambda row: None}
            run_trial(
                TASK.run,
                trained,
                NAMES[what],
                lease=lease,
                record=trained.entered(NAMES[what]),
                group=train.ALONE,
                **how,
            )
        assert trained.state(NAMES[what]) == "completed", trained.result(NAMES[what])
    return trained


@pytest.fixture(scope="session")
def checkpoint(store):
    return store.trial(NAMES["pa"]) / "last.pth.tar"


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


@pytest.fixture
def whole(tmp_path):
    """timm's test_resnet of ten classes, with weights of its own."""
    torch.manual_seed(0)
    model = timm.create_model("test_resnet", num_classes=10)
    torch.save(model.state_dict(), tmp_path / "resnet.pth")
    return model, tmp_path / "resnet.pth"

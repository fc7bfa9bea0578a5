"""Names of trials: they change where what is computed changes, and nowhere else."""

import pytest

from study.tasks.classification.schema import Data, Recipe, versions

DIGITS = Data(name="digits", img_size=64)
MNIST = Data(name="torch/mnist", img_size=28)
LARGE = Data(name="torch/mnist", img_size=224)
FOLDER = Data(name="folder", num_classes=10)
PLAIN = {"scale": [1, 1], "ratio": [1, 1], "hflip": 0, "color_jitter": 0}


@pytest.mark.parametrize(
    ("data", "keys", "draws"),
    [
        (DIGITS, {}, {"crops"}),
        (MNIST, {}, {"crops"}),
        (LARGE, {}, set()),  # too large to be held
        (FOLDER, {}, set()),
        (FOLDER, {"reprob": 0.1}, {"erasing"}),
        (DIGITS, {"reprob": 0.1}, {"crops", "erasing"}),
        (DIGITS, {"reprob": 0.1, "no_aug": True}, set()),
        (DIGITS, {"epochs": 0}, set()),
        (DIGITS, PLAIN, set()),
        (DIGITS, PLAIN | {"hflip": 0.5}, {"crops"}),
        (DIGITS, PLAIN | {"hflip": 1}, set()),
        (DIGITS, PLAIN | {"color_jitter": 0.4}, set()),
        (DIGITS, PLAIN | {"color_jitter": 0.4, "hflip": 1}, {"crops"}),
        (DIGITS, PLAIN | {"aa": "rand-m9"}, {"crops"}),
        (DIGITS, PLAIN | {"reprob": 0.1}, {"erasing"}),
    ],
)
def test_a_trial_is_named_anew_where_its_draws_changed(data, keys, draws):
    assert versions(data, Recipe(**keys)).keys() == draws

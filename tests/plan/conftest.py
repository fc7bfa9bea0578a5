"""A study of few pictures in a folder."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from study.tasks.classification.data.dataset import _load, _validation
from tests.conftest import TINY

STUDY = TINY.replace("{name: digits, img_size: 64, train_limit: 64, val_limit: 40}", "DATA")


@pytest.fixture(autouse=True)
def _nothing_cached():
    yield
    _load.cache_clear()
    _validation.cache_clear()


@pytest.fixture
def pool(tmp_path):
    """Eight pictures of two classes to train on, and eight to evaluate."""
    draw = np.random.default_rng(0)
    for half in ("train", "val"):
        for number in range(8):
            place = tmp_path / "pool" / half / ("dark", "light")[number % 2]
            place.mkdir(parents=True, exist_ok=True)
            values = draw.integers(0, 100, (16, 16, 3)) + 155 * (number % 2)
            Image.fromarray(values.astype(np.uint8)).save(place / f"{number}.png")
    return tmp_path / "pool"


@pytest.fixture
def of_pool(tiny, pool):
    """The tiny study on these pictures."""

    def written(more: str = "", root: object = pool) -> Path:
        data = f"{{name: folder, root: {root}, img_size: 64{more}}}"
        tiny.write_text(STUDY.replace("DATA", data).replace("epochs: 2", "epochs: 1"))
        return tiny

    return written

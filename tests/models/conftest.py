import json
import re
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch

HERE = Path(__file__).parent
DEPTHS = {
    "rest_lite": (2, 2, 2, 2),
    "rest_small": (2, 2, 6, 2),
    "rest_base": (2, 2, 6, 2),
    "rest_large": (2, 2, 18, 2),
    "pvt_tiny": (2, 2, 2, 2),
    "pvt_small": (3, 4, 6, 3),
    "pvt_medium": (3, 4, 18, 3),
    "pvt_large": (3, 8, 27, 3),
}
WIDE = ("rest_base", "rest_large")  # 96 channels where Lite has 64


@pytest.fixture(scope="session")
def golden():
    return json.loads((HERE / "golden.json").read_text())


@pytest.fixture(scope="session")
def released_logits():
    """What the released code answers to `picture`, with `values` for weights, in float64."""
    return json.loads((HERE / "released_logits.json").read_text())


@pytest.fixture(scope="session")
def released():
    """name -> a released checkpoint, with values that follow from each tensor's name."""
    names = {"rest": "released_names.json", "pvt": "released_pvt_names.json"}
    first = {family: json.loads((HERE / file).read_text()) for family, file in names.items()}

    def checkpoint(name):
        shapes = repeated(first[name.partition("_")[0]], DEPTHS[name])
        shapes = {key: grown(shape) if name in WIDE else shape for key, shape in shapes.items()}
        return {key: torch.from_numpy(values(key, shape)) for key, shape in shapes.items()}

    return checkpoint


def repeated(shapes, depths):
    """As many blocks in each stage as `depths` says, all like the first."""
    keys = {}
    for key, shape in shapes.items():
        block = re.match(r"((?:stage|block)(\d)\.)0(\..*)", key)
        depth = depths[int(block[2]) - 1] if block else 1
        keys |= {f"{block[1]}{i}{block[3]}" if block else key: shape for i in range(depth)}
    return keys


def grown(shape):
    """Widths times 3/2; kernels, heads and the 1000 classes stay."""
    return [n * 3 // 2 if n >= 32 and n != 1000 else n for n in shape]


def values(name, shape):
    """Kernels: normal, variance 1/fan-in. Norm weights around 1, biases and means around 0."""
    draw = np.random.Generator(np.random.PCG64(zlib.crc32(name.encode())))
    match name.rsplit(".", 1)[-1]:
        case "num_batches_tracked":
            return np.zeros(shape)
        case "running_var":
            return draw.uniform(0.5, 1.5, shape)
        case "bias" | "running_mean":
            return 0.1 * draw.standard_normal(shape)
    if len(shape) == 1:
        return 1 + 0.1 * draw.standard_normal(shape)
    return draw.standard_normal(shape) / np.sqrt(np.prod(shape[1:]))


@pytest.fixture(scope="session")
def picture():
    """(batch, height, width) -> standard normal images, float64."""

    def images(batch, height, width):
        seed = batch * 1_000_003 + height * 1_009 + width
        draw = np.random.Generator(np.random.PCG64(seed))
        return torch.from_numpy(draw.standard_normal((batch, 3, height, width)))

    return images


@pytest.fixture
def saved(tmp_path):
    def file(content, name="weights.pth"):
        torch.save(content, tmp_path / name)
        return tmp_path / name

    return file

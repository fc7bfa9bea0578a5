import json
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch

HERE = Path(__file__).parent
SHAPES = {  # blocks in stage 3, and whether the width is 96 where Lite has 64
    "rest_lite": (2, False),
    "rest_small": (6, False),
    "rest_base": (6, True),
    "rest_large": (18, True),
}


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
    lite = json.loads((HERE / "released_names.json").read_text())

    def checkpoint(name):
        blocks, wide = SHAPES[name]
        shapes = {key: grown(shape) if wide else shape for key, shape in lite.items()}
        head = {k: s for k, s in shapes.items() if not k.startswith("stage3.1.")}
        body = {k: s for k, s in shapes.items() if k.startswith("stage3.0.")}
        for block in range(1, blocks):
            head |= {k.replace("stage3.0.", f"stage3.{block}."): s for k, s in body.items()}
        return {key: torch.from_numpy(values(key, shape)) for key, shape in head.items()}

    return checkpoint


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

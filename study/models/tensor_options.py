"""Device and dtype of a layer's parameters, which timm's and torch's constructors take last."""

from typing import TypedDict

import torch


class TensorOptions(TypedDict, total=False):
    """Device and dtype of new parameters; torch's defaults where they are absent or None."""

    device: torch.device | str | None
    dtype: torch.dtype | None

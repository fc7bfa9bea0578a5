"""Mixed precision: the dtype of autocast, and the scaling of losses in float16."""

from typing import Protocol

import torch


class Precision(Protocol):
    """The keys of a recipe that say in which precision a network computes."""

    @property
    def amp(self) -> bool: ...
    @property
    def amp_dtype(self) -> str: ...


def autocast(recipe: Precision, device: str) -> torch.autocast:
    """A recipe's mixed precision on a device, as a context."""
    dtype = getattr(torch, recipe.amp_dtype)
    return torch.autocast(torch.device(device).type, dtype, enabled=recipe.amp)


def grad_scaler(recipe: Precision, device: str) -> torch.amp.GradScaler:
    """torch's scaler of the loss, so that small gradients do not become 0 in half precision."""
    # Only float16 underflows; bfloat16 has the exponents of float32.
    scaled = recipe.amp and recipe.amp_dtype == "float16" and device.startswith("cuda")
    return torch.amp.GradScaler(torch.device(device).type, enabled=scaled)

"""The tensors of the released ResT checkpoints, under our names."""

import re
from collections.abc import Mapping
from typing import Any

from torch import nn

from study.models.parts.positions import resized

NAMES = (
    (r"^stem\.pos\.pa_conv", "stage1.position.conv"),
    (r"^patch_embed_(\d)\.pos\.pa_conv", r"stage\1.position.conv"),
    (r"^patch_embed_(\d)", r"stage\1.embed"),
    (r"^stage(\d)\.(\d+)\.", r"stage\1.blocks.\2."),
    (r"\.attn\.sr\.", ".attn.reduce.shrink."),
    (r"\.attn\.sr_norm\.", ".attn.reduce.norm."),
    (r"\.attn\.transform_conv\.", ".attn.weights.mix."),
)


def renamed(name: str) -> str:
    """Our name for a released tensor; our own names stay as they are."""
    for pattern, ours in NAMES:
        name = re.sub(pattern, ours, name)
    return re.sub(r"^stage(\d)\.", lambda found: f"stages.{int(found[1]) - 1}.", name)


def checkpoint_filter_fn(state_dict: Mapping[str, Any], model: nn.Module) -> dict[str, Any]:
    """What `model` can load strictly; learned positions are brought to its size."""
    tensors = {renamed(k): v for k, v in state_dict.get("model", state_dict).items()}
    for name, own in model.named_parameters():
        if name.endswith("position.theta") and name in tensors:
            tensors[name] = resized(tensors[name], own.shape[-2], own.shape[-1])
    return tensors

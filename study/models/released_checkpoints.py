"""Renames the tensors of released ResT and PVT checkpoints to the names of this package."""

import re
from collections.abc import Mapping
from math import isqrt
from typing import Any

from torch import Tensor, nn

from study.models.parts.positions import resized

# Applied in this order, each to the result of the one before: a more special pattern comes first.
NAMES = (
    # ResT
    (r"^stem\.pos\.pa_conv", "stage1.position.conv"),
    (r"^patch_embed_(\d)\.pos\.pa_conv", r"stage\1.position.conv"),
    (r"^patch_embed_(\d)", r"stage\1.embed"),
    (r"^stage(\d)\.(\d+)\.", r"stage\1.blocks.\2."),
    (r"\.attn\.sr_norm\.", ".attn.reduce.norm."),
    (r"\.attn\.transform_conv\.", ".attn.weights.mix."),
    # PVT
    (r"^patch_embed1\.proj", "stem.conv1"),
    (r"^patch_embed1\.norm", "stem.norm1"),
    (r"^patch_embed(\d)\.proj", r"stage\1.embed.conv"),
    (r"^patch_embed(\d)\.norm", r"stage\1.embed.norm"),
    (r"^pos_embed(\d)", r"stage\1.position.theta"),
    (r"^cls_token", "stage4.token.theta"),
    (r"^(block\d.*\.attn)\.sr\.", r"\1.reduce.shrink.conv."),
    (r"^(block\d.*\.attn)\.norm\.", r"\1.reduce.norm."),
    (r"^block(\d)\.(\d+)\.", r"stage\1.blocks.\2."),
    # both
    (r"\.attn\.sr\.", ".attn.reduce.shrink."),
)


def renamed(name: str) -> str:
    """The name of a released tensor in this package; names of this package stay unchanged."""
    # A name goes through all patterns, since several parts of it may be renamed.
    for pattern, ours in NAMES:
        name = re.sub(pattern, ours, name)
    # Released names count stages from 1.
    return re.sub(r"^stage(\d)\.", lambda match: f"stages.{int(match[1]) - 1}.", name)


def unfolded(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Position tables as maps, (1, N, C) -> (1, C, H, W); the class token's entry apart.

    PVT's tables were learned on square images, so an entry beyond a square is the class token's.
    """
    unfolded_tensors = dict(tensors)
    for name, theta in tensors.items():
        if name.endswith("position.theta") and theta.ndim == 3:
            side = isqrt(theta.shape[1])  # pixels
            extra = theta.shape[1] - side**2
            # The class token's entry comes first in the table.
            unfolded_tensors[name] = theta[:, extra:].mT.reshape(1, -1, side, side)
            if extra:
                token_name = name.replace("position.theta", "token.place")
                unfolded_tensors[token_name] = theta[:, :extra]
    return unfolded_tensors


def checkpoint_filter_fn(state_dict: Mapping[str, Any], model: nn.Module) -> dict[str, Tensor]:
    """A state that `model` can load strictly; learned positions are resized to its image size."""
    released = state_dict.get("model", state_dict)
    tensors = unfolded({renamed(name): tensor for name, tensor in released.items()})
    for name, own in model.named_parameters():
        if name.endswith("position.theta") and name in tensors:
            tensors[name] = resized(tensors[name], own.shape[-2], own.shape[-1])
    return tensors

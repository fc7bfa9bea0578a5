"""PVT, the Pyramid Vision Transformer (version 1), arXiv 2102.12122.

ResT's pyramid with PVT's parts: windows do not overlap, a class token joins in the last stage, and
the classifier reads that token alone. Attention is EMSA with strided reduction, without the
convolution over heads and without the instance norm.
"""

from collections.abc import Sequence
from typing import Unpack

import torch
from timm.layers import get_device_dtype
from timm.models import generate_default_cfgs, register_model
from torch import Tensor, nn

from study.errors import BuildError
from study.models import arguments
from study.models.backbone import Backbone, create, pretrained_cfg
from study.models.initialisation import init_linear
from study.models.tensor_options import TensorOptions


class ClassToken(nn.Module):
    """A learned class token in front of all others, (B, N, C) -> (B, 1 + N, C)."""

    def __init__(self, dim: int, **dd: Unpack[TensorOptions]) -> None:
        super().__init__()
        self.theta = nn.Parameter(torch.empty(1, 1, dim, **dd))
        nn.init.trunc_normal_(self.theta, std=0.02)

    def forward(self, x: Tensor) -> Tensor:
        # One token for all images.
        return torch.cat([self.token().expand(x.shape[0], -1, -1), x], dim=1)

    def token(self) -> Tensor:
        return self.theta

    def others(self, x: Tensor) -> Tensor:
        """All tokens but the class token, (B, 1 + N, C) -> (B, N, C)."""
        return x[:, 1:]

    def size(self, height: int, width: int) -> tuple[int, int]:
        """All tokens as one column: with a class token they form no rectangle."""
        return 1 + height * width, 1


class PlacedToken(ClassToken):
    """A class token with a learned position, since PVT's position table has an entry for it."""

    def __init__(self, dim: int, **dd: Unpack[TensorOptions]) -> None:
        super().__init__(dim, **dd)
        self.place = nn.Parameter(torch.empty(1, 1, dim, **dd))
        nn.init.trunc_normal_(self.place, std=0.02)

    def token(self) -> Tensor:
        return self.theta + self.place  # (1, 1, C)


class TokenPool(nn.Module):
    """Pooling by taking the class token, (B, 1 + N, C) -> (B, C)."""

    def __init__(self, extra: int) -> None:
        super().__init__()
        if not extra:
            raise BuildError("there is no class token to pool", argument="global_pool")

    def forward(self, x: Tensor) -> Tensor:
        return x[:, 0]  # (B, C)


class MeanPool(nn.Module):
    """Mean over the tokens of the map, without the class token; (B, extra + N, C) -> (B, C)."""

    def __init__(self, extra: int) -> None:
        super().__init__()
        self.extra = extra

    def forward(self, x: Tensor) -> Tensor:
        return x[:, self.extra :].mean(1)  # (B, C)


POOLS = {"token": TokenPool, "avg": MeanPool, "": nn.Identity}


class PVT(Backbone):
    """PVT classifier, (B, in_chans, H, W) -> (B, num_classes), for any H and W.

    The arguments are ResT's. The last of `ratios` is 1, since a class token cannot be reduced with
    a map. `img_size` is the size of the learned positions; other images get them interpolated. The
    features are tokens, (B, 1 + N, C). As released, convolutions keep PyTorch's initialisation.
    Unlike the released code, a side that is no multiple of 32 is padded with zeros.
    """

    def __init__(
        self,
        *,
        stem: str = "pvt",
        embedding: str = "pvt",
        reduction: str = "strided",
        position: str = "learned",
        head_mix: bool = False,
        attn_norm: bool = False,
        dims: Sequence[int] = (64, 128, 320, 512),
        depths: Sequence[int] = (2, 2, 2, 2),
        heads: Sequence[int] = (1, 2, 5, 8),  # of 64 channels each
        ratios: Sequence[int] = (8, 4, 2, 1),
        mlp_ratios: Sequence[float] = (8.0, 8.0, 4.0, 4.0),
        qkv_bias: bool = True,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        proj_drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        img_size: int | Sequence[int] = 224,
        in_chans: int = 3,
        num_classes: int = 1000,
        global_pool: str = "token",
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        # locals() holds the arguments by name, as long as no variable is assigned before.
        # 1e-6 is the eps of PVT's blocks; its stem, embeddings and reductions have PyTorch's 1e-5.
        super().__init__(locals(), norm=nn.LayerNorm, eps=1e-6)
        if ratios[-1] != 1:
            message = f"the last stage has a class token, so its ratio is 1, not {ratios[-1]}"
            raise BuildError(message, argument="ratios")
        token = PlacedToken if position == "learned" else ClassToken
        self.stages[-1].token = token(self.num_features, device=device, dtype=dtype)
        self.set_classifier(num_classes, arguments.pool(global_pool, POOLS, num_classes))
        self.apply(init_linear)  # after the classifier exists

    def final(self, x: Tensor, norm: bool) -> tuple[Tensor, Tensor]:
        x, H, W = self.stages[-1].tokens(x)  # (B, 1 + N, C)
        features = self.norm(x)  # (B, 1 + N, C)
        return features, self.stages[-1].as_map(features if norm else x, H, W)

    def classifier(self, num_classes: int, pool: str) -> tuple[nn.Module, nn.Module]:
        extra = int(
            isinstance(self.stages[-1].token, ClassToken)
        )  # 0 once the last stage is pruned
        pooling = POOLS[arguments.entry("global_pool", pool, POOLS)](extra)
        if num_classes == 0:
            return pooling, nn.Identity()
        return pooling, nn.Linear(self.num_features, num_classes, **get_device_dtype(self))


# Widths, heads and ratios are the constructor's defaults; the released sizes differ in depth alone.
PRESETS: dict[str, dict[str, object]] = {
    "pvt_tiny": {"depths": (2, 2, 2, 2)},
    "pvt_small": {"depths": (3, 4, 6, 3)},
    "pvt_medium": {"depths": (3, 4, 18, 3)},
    "pvt_large": {"depths": (3, 8, 27, 3)},
    "test_pvt": {"depths": (1, 1, 1, 1), "dims": (16, 32, 80, 128)},
}
PAPER = {
    "origin_url": "https://github.com/whai362/PVT",
    "paper_ids": "arXiv:2102.12122",
    "paper_name": "Pyramid Vision Transformer: A Versatile Backbone for Dense Prediction "
    "without Convolutions",
}
# The tag says that timm fetches no weights; released ones are given as a checkpoint file.
default_cfgs = generate_default_cfgs(
    {
        "pvt_tiny.untrained": pretrained_cfg(PAPER),
        "pvt_small.untrained": pretrained_cfg(PAPER),
        "pvt_medium.untrained": pretrained_cfg(PAPER),
        "pvt_large.untrained": pretrained_cfg(PAPER),
        "test_pvt.untrained": pretrained_cfg(PAPER, side=64, crop_pct=1.0),
    }
)


def pvt(name: str, pretrained: bool, arguments: dict[str, object]) -> PVT:
    return create(PVT, name, pretrained, **{**PRESETS[name], **arguments})


@register_model
def pvt_tiny(pretrained: bool = False, **kwargs: object) -> PVT:
    return pvt("pvt_tiny", pretrained, kwargs)


@register_model
def pvt_small(pretrained: bool = False, **kwargs: object) -> PVT:
    return pvt("pvt_small", pretrained, kwargs)


@register_model
def pvt_medium(pretrained: bool = False, **kwargs: object) -> PVT:
    return pvt("pvt_medium", pretrained, kwargs)


@register_model
def pvt_large(pretrained: bool = False, **kwargs: object) -> PVT:
    return pvt("pvt_large", pretrained, kwargs)


@register_model
def test_pvt(pretrained: bool = False, **kwargs: object) -> PVT:  # noqa: PT028
    """A narrow and shallow PVT for tests on a CPU."""
    return pvt("test_pvt", pretrained, kwargs)

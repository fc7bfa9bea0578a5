"""ResT, an efficient transformer for visual recognition, arXiv 2105.13677.

A stem, four stages at 1/4, 1/8, 1/16 and 1/32 of the image's side, a LayerNorm, the mean over all
pixels, a linear classifier. The constructor's arguments are the switches of the ablations.
"""

from collections.abc import Sequence

import torch
from timm.layers import create_classifier, get_device_dtype
from timm.models import generate_default_cfgs, register_model
from torch import Tensor, nn

from study.models import arguments
from study.models.backbone import Backbone, create, pretrained_cfg
from study.models.channel_norm import ChannelNorm
from study.models.initialisation import init_weights

POOLS = ("avg", "max", "avgmax", "")


class ResT(Backbone):
    """ResT classifier, (B, in_chans, H, W) -> (B, num_classes), if more than one key is left.

    `stem`, `embedding`, `reduction` and `position` name entries of the slots in `parts/`. `ratios`
    of 1 give plain multi-head attention. `head_mix` is the 1x1 convolution over heads, `attn_norm`
    the instance norm behind the softmax; a stage with one head has neither. `img_size` is used by
    learned positions only. The features are a map, (B, C, H/32, W/32).
    """

    def __init__(
        self,
        *,
        stem: str = "rest",
        embedding: str = "overlapping",
        reduction: str = "depthwise",
        position: str = "pa",
        head_mix: bool = True,
        attn_norm: bool = True,
        dims: Sequence[int] = (64, 128, 256, 512),
        depths: Sequence[int] = (2, 2, 2, 2),
        heads: Sequence[int] = (1, 2, 4, 8),  # of 64 channels each
        ratios: Sequence[int] = (8, 4, 2, 1),  # 49 keys in every stage at 224 px
        mlp_ratios: Sequence[float] = (4.0, 4.0, 4.0, 4.0),
        qkv_bias: bool = True,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        proj_drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        img_size: int | Sequence[int] = 224,
        in_chans: int = 3,
        num_classes: int = 1000,
        global_pool: str = "avg",
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        # locals() holds the arguments by name, as long as no variable is assigned before.
        super().__init__(locals(), norm=ChannelNorm, eps=1e-5)
        self.set_classifier(num_classes, arguments.pool(global_pool, POOLS, num_classes))
        self.apply(init_weights)  # after the classifier exists

    def final(self, x: Tensor, norm: bool) -> tuple[Tensor, Tensor]:
        x = self.stages[-1](x)  # (B, C, H/32, W/32)
        features = self.norm(x)  # (B, C, H/32, W/32)
        return features, features if norm else x

    def classifier(self, num_classes: int, pool: str) -> tuple[nn.Module, nn.Module]:
        dd = get_device_dtype(self)
        return create_classifier(self.num_features, num_classes, pool_type=pool, **dd)


WIDE = (96, 192, 384, 768)  # heads of 96 channels, where Lite and Small have 64
PRESETS: dict[str, dict[str, object]] = {
    "rest_lite": {"depths": (2, 2, 2, 2)},
    "rest_small": {"depths": (2, 2, 6, 2)},
    "rest_base": {"depths": (2, 2, 6, 2), "dims": WIDE},
    "rest_large": {"depths": (2, 2, 18, 2), "dims": WIDE},
    "test_rest": {"depths": (1, 1, 1, 1), "dims": (16, 32, 64, 128)},
}
PAPER = {
    "origin_url": "https://github.com/wofmanaf/ResT",
    "paper_ids": "arXiv:2105.13677",
    "paper_name": "ResT: An Efficient Transformer for Visual Recognition",
}
# The tag says that timm fetches no weights; released ones are given as a checkpoint file.
default_cfgs = generate_default_cfgs(
    {
        "rest_lite.untrained": pretrained_cfg(PAPER),
        "rest_small.untrained": pretrained_cfg(PAPER),
        "rest_base.untrained": pretrained_cfg(PAPER),
        "rest_large.untrained": pretrained_cfg(PAPER),
        # At 32 px the last map is one pixel, of which the instance norm has no variance.
        "test_rest.untrained": pretrained_cfg(PAPER, side=64, crop_pct=1.0),
    }
)


def rest(name: str, pretrained: bool, arguments: dict[str, object]) -> ResT:
    return create(ResT, name, pretrained, **{**PRESETS[name], **arguments})


@register_model
def rest_lite(pretrained: bool = False, **kwargs: object) -> ResT:
    return rest("rest_lite", pretrained, kwargs)


@register_model
def rest_small(pretrained: bool = False, **kwargs: object) -> ResT:
    return rest("rest_small", pretrained, kwargs)


@register_model
def rest_base(pretrained: bool = False, **kwargs: object) -> ResT:
    return rest("rest_base", pretrained, kwargs)


@register_model
def rest_large(pretrained: bool = False, **kwargs: object) -> ResT:
    return rest("rest_large", pretrained, kwargs)


@register_model
def test_rest(pretrained: bool = False, **kwargs: object) -> ResT:  # noqa: PT028
    """A narrow and shallow ResT for tests on a CPU."""
    return rest("test_rest", pretrained, kwargs)

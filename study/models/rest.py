"""ResT, an efficient transformer for visual recognition, arXiv 2105.13677.

A stem, then four stages at a 4th, 8th, 16th and 32nd of the image, a LayerNorm, the mean over all
pixels, a linear classifier. The constructor's arguments are the switches of the ablations.
"""

from collections.abc import Sequence
from typing import Any

import torch
from timm.data import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD
from timm.layers import create_classifier, get_device_dtype
from timm.models import (
    build_model_with_cfg,
    generate_default_cfgs,
    register_model,
)
from timm.models._features import feature_take_indices
from torch import Tensor, nn

from study.models import check, cost
from study.models.blocks import init_weights, pyramid, rising
from study.models.cost import KINDS, halved
from study.models.norms import ChannelNorm
from study.models.parts.positions import POSITIONS
from study.models.parts.reductions import REDUCTIONS
from study.models.parts.stems import STEMS
from study.models.released import checkpoint_filter_fn

POOLS = ("avg", "max", "avgmax", "")


class ResT(nn.Module):
    """(B, in_chans, H, W) -> (B, num_classes), for any H and W that leave more than one key.

    `stem`, `reduction` and `position` name entries of the slots in `parts/`. `ratios` of 1 make
    plain multi-head attention. `head_mix` is the 1x1 convolution over heads, `attn_norm` the
    instance norm behind the softmax; a stage with one head has neither. `img_size` matters to
    learned positions only.
    """

    def __init__(
        self,
        *,
        stem: str = "rest",
        reduction: str = "depthwise",
        position: str = "pa",
        head_mix: bool = True,
        attn_norm: bool = True,
        dims: Sequence[int] = (64, 128, 256, 512),
        depths: Sequence[int] = (2, 2, 2, 2),
        heads: Sequence[int] = (1, 2, 4, 8),
        ratios: Sequence[int] = (8, 4, 2, 1),
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
        super().__init__()
        dd: dict[str, Any] = {"device": device, "dtype": dtype}
        dims, depths = check.counts("dims", dims), check.counts("depths", depths)
        heads, ratios = check.counts("heads", heads), check.counts("ratios", ratios)
        mlp_ratios = check.ratios("mlp_ratios", mlp_ratios)
        check.divide(heads, dims)
        drop_paths = rising(check.rate("drop_path_rate", drop_path_rate), depths)
        self.in_chans, self.num_classes, self.drop_rate = in_chans, num_classes, drop_rate
        self.num_features = self.head_hidden_size = dims[-1]
        self.feature_info = [
            {"num_chs": dim, "reduction": 4 << i, "module": f"stages.{i}"}
            for i, dim in enumerate(dims)
        ]
        self.stem = STEMS[check.entry("stem", stem, STEMS)](in_chans, dims[0], **dd)
        self.stages = pyramid(
            zip(dims, heads, ratios, mlp_ratios, drop_paths, strict=True),
            check.sides(img_size),
            position=check.entry("position", position, POSITIONS),
            reduction=check.entry("reduction", reduction, REDUCTIONS),
            head_mix=check.switch("head_mix", head_mix),
            attn_norm=check.switch("attn_norm", attn_norm),
            qkv_bias=check.switch("qkv_bias", qkv_bias),
            attn_drop=check.rate("attn_drop_rate", attn_drop_rate),
            proj_drop=check.rate("proj_drop_rate", proj_drop_rate),
            dd=dd,
        )
        self.norm: nn.Module = ChannelNorm(dims[-1], **dd)
        self.head_drop = nn.Dropout(check.rate("drop_rate", drop_rate))
        self.global_pool, self.head = create_classifier(
            dims[-1], num_classes, pool_type=check.pool(global_pool, POOLS, num_classes), **dd
        )
        self.apply(init_weights)

    def forward_features(self, x: Tensor) -> Tensor:
        """(B, in_chans, H, W) -> (B, C, H/32, W/32)."""
        return self.norm(self.stages(self.stem(x)))

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor:
        """(B, C, H, W) -> (B, num_classes), or (B, C) with `pre_logits`."""
        x = self.head_drop(self.global_pool(x))
        return x if pre_logits else self.head(x)

    def forward(self, x: Tensor) -> Tensor:
        return self.forward_head(self.forward_features(x))

    def forward_intermediates(
        self,
        x: Tensor,
        indices: int | list[int] | None = None,
        norm: bool = False,
        stop_early: bool = False,
        output_fmt: str = "NCHW",
        intermediates_only: bool = False,
    ) -> list[Tensor] | tuple[Tensor, list[Tensor]]:
        """Features, then the maps of the stages in `indices`; `intermediates_only`: those maps.

        `norm` puts the final norm on the last stage's map too.
        """
        if output_fmt != "NCHW":
            raise ValueError(f"ResT gives maps as NCHW, not {output_fmt}")
        taken, deepest = feature_take_indices(len(self.stages), indices)
        last = len(self.stages) - 1
        stages = self.stages
        if stop_early and not torch.jit.is_scripting():  # type: ignore[attr-defined]
            stages = self.stages[: deepest + 1]
        maps: list[Tensor] = []
        reached = 0
        x = self.stem(x)
        for i, stage in enumerate(stages):
            x, reached = stage(x), i
            if i in taken:
                maps.append(self.norm(x) if norm and i == last else x)
        if intermediates_only:
            return maps
        return (self.norm(x) if reached == last else x), maps

    def prune_intermediate_layers(
        self, indices: int | list[int] = 1, prune_norm: bool = False, prune_head: bool = True
    ) -> list[int]:
        """Drop what is not needed for the maps in `indices`."""
        taken, deepest = feature_take_indices(len(self.stages), indices)
        shortened = deepest < len(self.stages) - 1
        self.stages = self.stages[: deepest + 1]
        if shortened:
            self.num_features = self.head_hidden_size = self.feature_info[deepest]["num_chs"]
        if prune_norm or shortened:
            self.norm = nn.Identity()
        if prune_head or shortened:
            self.reset_classifier(0, "")
        return taken

    @torch.jit.ignore
    def get_classifier(self) -> nn.Module:
        return self.head

    def reset_classifier(self, num_classes: int, global_pool: str | None = None) -> None:
        """A new classifier, in the place and precision of the model; None keeps the pooling."""
        pool = self.global_pool.pool_type if global_pool is None else global_pool
        dd = get_device_dtype(self)
        self.num_classes = num_classes
        self.global_pool, self.head = create_classifier(
            self.num_features, num_classes, pool_type=pool, **dd
        )
        init_weights(self.head)
        self.global_pool.train(self.training)
        self.head.train(self.training)

    @torch.jit.ignore
    def no_weight_decay(self) -> set[str]:
        return {name for name, _ in self.named_parameters() if name.endswith("position.theta")}

    @torch.jit.ignore
    def group_matcher(self, coarse: bool = False) -> dict[str, Any]:
        blocks = [
            (r"^stages\.(\d+)\.(?:embed|position)", (0,)),
            (r"^stages\.(\d+)\.blocks\.(\d+)", None),
            (r"^norm", (99999,)),
        ]
        return {"stem": r"^stem", "blocks": r"^stages\.(\d+)" if coarse else blocks}

    @torch.jit.ignore
    def set_grad_checkpointing(self, enable: bool = True) -> None:
        stages: Any = self.stages
        for stage in stages:
            stage.grad_checkpointing = enable

    @torch.jit.ignore
    def check_input(self, height: int, width: int) -> None:
        """Raises BuildError for an image too small for the ratios or for the instance norm."""
        H, W = halved(halved(height)), halved(halved(width))
        stages: Any = self.stages
        for stage in stages:
            H, W = stage.embed.size(H, W)
            for block in stage.blocks:
                block.attn.check_input(H, W)

    @torch.jit.ignore
    def multiply_adds(self, height: int, width: int) -> dict[str, int]:
        """Of one image, by kind of layer; `norm` counts operations, as fvcore does in eval mode."""
        stem: Any = self.stem
        stages: Any = self.stages
        total = stem.multiply_adds(height, width)
        H, W = halved(halved(height)), halved(halved(width))
        for stage in stages:
            total += stage.multiply_adds(H, W)
            H, W = stage.embed.size(H, W)
        if isinstance(self.norm, ChannelNorm):
            total += cost.layer_norm(self.norm, H * W)
        if isinstance(self.head, nn.Linear):
            total += cost.linear(self.head, 1)
        return {kind: total[kind] for kind in KINDS}


WIDE = (96, 192, 384, 768)  # heads of 96 channels, where Lite and Small have 64
PRESETS: dict[str, dict[str, Any]] = {
    "rest_lite": {"depths": (2, 2, 2, 2)},
    "rest_small": {"depths": (2, 2, 6, 2)},
    "rest_base": {"depths": (2, 2, 6, 2), "dims": WIDE},
    "rest_large": {"depths": (2, 2, 18, 2), "dims": WIDE},
    "test_rest": {"depths": (1, 1, 1, 1), "dims": (16, 32, 64, 128)},
}


def pretrained_cfg(side: int = 224, crop_pct: float = 0.875) -> dict[str, Any]:
    """`crop_pct` is the 224 of 256 pixels that the released training code evaluates."""
    return {
        "num_classes": 1000,
        "input_size": (3, side, side),
        "pool_size": (side // 32, side // 32),
        "fixed_input_size": False,
        "crop_pct": crop_pct,
        "interpolation": "bicubic",
        "mean": IMAGENET_DEFAULT_MEAN,
        "std": IMAGENET_DEFAULT_STD,
        "first_conv": "stem.conv1",
        "classifier": "head",
        "license": "apache-2.0",
        "origin_url": "https://github.com/wofmanaf/ResT",
        "paper_ids": "arXiv:2105.13677",
        "paper_name": "ResT: An Efficient Transformer for Visual Recognition",
    }


default_cfgs = generate_default_cfgs(
    {
        "rest_lite.untrained": pretrained_cfg(),
        "rest_small.untrained": pretrained_cfg(),
        "rest_base.untrained": pretrained_cfg(),
        "rest_large.untrained": pretrained_cfg(),
        "test_rest.untrained": pretrained_cfg(side=64, crop_pct=1.0),
    }
)


def create(name: str, pretrained: bool, arguments: dict[str, Any]) -> ResT:
    return build_model_with_cfg(
        ResT,
        name,
        pretrained,
        pretrained_filter_fn=checkpoint_filter_fn,
        feature_cfg={"out_indices": (0, 1, 2, 3), "flatten_sequential": True},
        **{**PRESETS[name], **arguments},
    )


@register_model
def rest_lite(pretrained: bool = False, **kwargs: Any) -> ResT:
    return create("rest_lite", pretrained, kwargs)


@register_model
def rest_small(pretrained: bool = False, **kwargs: Any) -> ResT:
    return create("rest_small", pretrained, kwargs)


@register_model
def rest_base(pretrained: bool = False, **kwargs: Any) -> ResT:
    return create("rest_base", pretrained, kwargs)


@register_model
def rest_large(pretrained: bool = False, **kwargs: Any) -> ResT:
    return create("rest_large", pretrained, kwargs)


@register_model
def test_rest(pretrained: bool = False, **kwargs: Any) -> ResT:  # noqa: PT028
    """Narrow and shallow, for tests on a laptop."""
    return create("test_rest", pretrained, kwargs)

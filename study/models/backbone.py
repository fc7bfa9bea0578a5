"""The backbone that ResT and PVT share: stem, four stages, norm, head, and timm's interface.

A model adds its constructor's arguments, its last stage (`final`) and its pooling (`classifier`).
"""

from collections.abc import Mapping
from typing import Any, TypeVar

import torch
from timm.data import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD
from timm.models import build_model_with_cfg
from timm.models._features import feature_take_indices
from torch import Tensor, nn

from study.models import arguments as check
from study.models import multiply_adds
from study.models.arguments import Arguments
from study.models.blocks import pyramid
from study.models.drop_path import rising
from study.models.initialisation import init_linear
from study.models.multiply_adds import KINDS, Cost, halved
from study.models.parts.embeddings import EMBEDDINGS
from study.models.parts.positions import POSITIONS
from study.models.parts.reductions import REDUCTIONS
from study.models.parts.stems import STEMS
from study.models.released_checkpoints import checkpoint_filter_fn
from study.models.tensor_options import TensorOptions

Model = TypeVar("Model", bound="Backbone")

# Parameters without weight decay; timm recognises biases and norms by their shape by itself.
UNDECAYED = ("position.theta", "token.theta", "token.place")


class Backbone(nn.Module):
    """Pyramid of transformer stages, (B, in_chans, H, W) -> (B, num_classes).

    `arguments` are the constructor's arguments by name, not yet checked. `norm` is the class of the
    norm on the features; `eps` belongs to it and to the norms of the blocks.
    """

    def __init__(self, arguments: Arguments, *, norm: type[nn.LayerNorm], eps: float) -> None:
        super().__init__()
        dd: TensorOptions = {"device": arguments["device"], "dtype": arguments["dtype"]}
        dims, depths, heads, ratios = (
            check.counts(name, arguments[name]) for name in ("dims", "depths", "heads", "ratios")
        )
        mlp_ratios = check.ratios("mlp_ratios", arguments["mlp_ratios"])
        check.divide(heads, dims)
        drop_paths = rising(check.rate("drop_path_rate", arguments["drop_path_rate"]), depths)
        self.in_chans, self.drop_rate = arguments["in_chans"], arguments["drop_rate"]
        self.num_features = self.head_hidden_size = dims[-1]
        # timm reads this to extract features: the first map has a quarter of the image's side.
        self.feature_info = [
            {"num_chs": dim, "reduction": 4 << i, "module": f"stages.{i}"}
            for i, dim in enumerate(dims)
        ]
        stem = STEMS[check.entry("stem", arguments["stem"], STEMS)]
        # Any, since mypy takes a submodule for an nn.Module without methods of its own.
        self.stem: Any = stem(self.in_chans, dims[0], **dd)
        self.stages: Any = pyramid(
            zip(dims, heads, ratios, mlp_ratios, drop_paths, strict=True),
            check.sides(arguments["img_size"]),
            embedding=check.entry("embedding", arguments["embedding"], EMBEDDINGS),
            position=check.entry("position", arguments["position"], POSITIONS),
            reduction=check.entry("reduction", arguments["reduction"], REDUCTIONS),
            head_mix=check.switch("head_mix", arguments["head_mix"]),
            attn_norm=check.switch("attn_norm", arguments["attn_norm"]),
            qkv_bias=check.switch("qkv_bias", arguments["qkv_bias"]),
            attn_drop=check.rate("attn_drop_rate", arguments["attn_drop_rate"]),
            proj_drop=check.rate("proj_drop_rate", arguments["proj_drop_rate"]),
            eps=eps,
            dd=dd,
        )
        self.norm: nn.Module = norm(dims[-1], eps=eps, **dd)
        self.head_drop = nn.Dropout(check.rate("drop_rate", arguments["drop_rate"]))

    def final(self, x: Tensor, norm: bool) -> tuple[Tensor, Tensor]:
        """Run the last stage: its normalised features, and its map, normalised if `norm`.

        Features include the class token of a model that has one; maps do not.
        """
        raise NotImplementedError

    def classifier(self, num_classes: int, pool: str) -> tuple[nn.Module, nn.Module]:
        """The pooling of the features, and the linear layer behind it."""
        raise NotImplementedError

    def forward_features(self, x: Tensor) -> Tensor:
        """(B, in_chans, H, W) -> normalised features, as `forward_head` takes them."""
        x = self.stem(x)
        last = len(self.stages) - 1
        for i, stage in enumerate(self.stages):  # TorchScript cannot slice a Sequential here
            if i < last:
                x = stage(x)
        return self.final(x, False)[0]

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor:
        """The features -> (B, num_classes), or (B, C) with `pre_logits`."""
        x = self.head_drop(self.global_pool(x))  # (B, C)
        return x if pre_logits else self.head(x)  # (B, num_classes)

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
            raise ValueError(f"maps are given as NCHW, not {output_fmt}")
        wanted, deepest = feature_take_indices(len(self.stages), indices)
        last = len(self.stages) - 1
        stages = self.stages
        # A scripted model runs all stages, since TorchScript cannot slice a Sequential here.
        if stop_early and not torch.jit.is_scripting():  # type: ignore[attr-defined]
            stages = self.stages[: deepest + 1]
        maps: list[Tensor] = []
        features = x = self.stem(x)
        for i, stage in enumerate(stages):
            if i == last:
                features, x = self.final(x, norm)
            else:
                # If the last stage does not run, the features are the last map, without a norm.
                features = x = stage(x)
            if i in wanted:
                maps.append(x)
        if intermediates_only:
            return maps
        return features, maps

    def prune_intermediate_layers(
        self, indices: int | list[int] = 1, prune_norm: bool = False, prune_head: bool = True
    ) -> list[int]:
        """Drop the layers that the maps in `indices` do not need; return the stages of the maps."""
        wanted, deepest = feature_take_indices(len(self.stages), indices)
        shortened = deepest < len(self.stages) - 1
        self.stages = self.stages[: deepest + 1]
        if shortened:
            self.num_features = self.head_hidden_size = self.feature_info[deepest]["num_chs"]
        # The norm has as many channels as the last stage, which is gone.
        if prune_norm or shortened:
            self.norm = nn.Identity()
        if prune_head or shortened:
            self.reset_classifier(0, "")
        return wanted

    @torch.jit.ignore
    def get_classifier(self) -> nn.Module:
        return self.head

    def set_classifier(self, num_classes: int, pool: str) -> None:
        self.num_classes, self.pool = num_classes, pool
        self.global_pool, self.head = self.classifier(num_classes, pool)

    def reset_classifier(self, num_classes: int, global_pool: str | None = None) -> None:
        """A new classifier on the device and in the dtype of the model; None keeps the pooling."""
        self.set_classifier(num_classes, self.pool if global_pool is None else global_pool)
        init_linear(self.head)
        # New modules start in training mode, whatever the mode of the model.
        self.global_pool.train(self.training)
        self.head.train(self.training)

    @torch.jit.ignore
    def no_weight_decay(self) -> set[str]:
        return {name for name, _ in self.named_parameters() if name.endswith(UNDECAYED)}

    @torch.jit.ignore
    def group_matcher(self, coarse: bool = False) -> dict[str, object]:
        blocks = [
            (r"^stages\.(\d+)\.(?:embed|position|token)", (0,)),  # with the stage's first block
            (r"^stages\.(\d+)\.blocks\.(\d+)", None),
            (r"^norm", (99999,)),  # timm sorts by this number: the norm comes after all blocks
        ]
        return {"stem": r"^stem", "blocks": r"^stages\.(\d+)" if coarse else blocks}

    @torch.jit.ignore
    def set_grad_checkpointing(self, enable: bool = True) -> None:
        for stage in self.stages:
            stage.grad_checkpointing = enable

    @torch.jit.ignore
    def check_input(self, height: int, width: int) -> None:
        """Raises BuildError for an image that is too small for the ratios or the instance norm."""
        H, W = halved(halved(height)), halved(halved(width))  # of the stem's map
        for stage in self.stages:
            stage.check_input(H, W)
            H, W = stage.size(H, W)

    @torch.jit.ignore
    def multiply_adds(self, height: int, width: int) -> dict[str, int]:
        """Multiply-adds for one image, by kind; `norm` counts operations as fvcore does in eval."""
        stages = self.cost_by_stage(height, width).values()
        return {kind: sum(cost[kind] for cost in stages) for kind in KINDS}

    @torch.jit.ignore
    def cost_by_stage(self, height: int, width: int) -> dict[str, Cost]:
        """Cost of one image by stage, in the order of execution; norm and head come last.

        A stage is named by its reduction: image pixels per feature, along a side.
        """
        costs = dict[str, Cost]()
        before = self.stem.multiply_adds(height, width)  # counts with the first stage
        H, W = halved(halved(height)), halved(halved(width))
        for row, stage in zip(self.feature_info, self.stages, strict=False):
            costs[str(row["reduction"])] = before + stage.multiply_adds(H, W)
            before, (H, W) = Cost(), stage.size(H, W)
        costs["head"] = Cost()
        if isinstance(self.norm, nn.LayerNorm):
            # PVT normalises its class token, too.
            rows, columns = self.stages[-1].token.size(H, W)  # the tokens as a grid
            costs["head"] += multiply_adds.layer_norm(self.norm, rows * columns)
        if isinstance(self.head, nn.Linear):
            costs["head"] += multiply_adds.linear(self.head, 1)
        return costs


def pretrained_cfg(
    paper: Mapping[str, str], side: int = 224, crop_pct: float = 0.875
) -> dict[str, object]:
    """timm's configuration of a model; `crop_pct` is the 224 of 256 px of the released codes."""
    return {
        "num_classes": 1000,
        "input_size": (3, side, side),
        "pool_size": (side // 32, side // 32),
        "fixed_input_size": False,
        "crop_pct": crop_pct,
        "interpolation": "bicubic",
        "mean": IMAGENET_DEFAULT_MEAN,
        "std": IMAGENET_DEFAULT_STD,
        # timm adapts these two layers to another number of channels or classes.
        "first_conv": "stem.conv1",
        "classifier": "head",
        "license": "apache-2.0",
        **paper,
    }


def create(model: type[Model], name: str, pretrained: bool, **arguments: object) -> Model:
    """The model `name`, built by timm with its handling of weights and feature extraction."""
    return build_model_with_cfg(
        model,
        name,
        pretrained,
        pretrained_filter_fn=checkpoint_filter_fn,
        # Flattened, because timm looks for the stages at the top level of the model.
        feature_cfg={"out_indices": (0, 1, 2, 3), "flatten_sequential": True},
        **arguments,
    )

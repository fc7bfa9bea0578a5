"""A stage of ResT or PVT: patch embedding, position, transformer blocks.

A map is (B, C, H, W) everywhere; tokens (B, N, C) exist inside a stage, and as PVT's features.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Unpack

import torch
from timm.layers import DropPath
from timm.models import checkpoint
from torch import Tensor, nn

from study.models import multiply_adds
from study.models.attention import EMSA, AttentionArguments
from study.models.multiply_adds import Cost, halved
from study.models.parts.embeddings import EMBEDDINGS
from study.models.parts.positions import POSITIONS
from study.models.tensor_options import TensorOptions


class Embedded(nn.Identity):
    """The patch embedding of the first stage, which the stem has already done."""

    def multiply_adds(self, height: int, width: int) -> Cost:
        return Cost()


class Untokened(nn.Identity):
    """A stage without a class token, (B, N, C) -> same."""

    def others(self, x: Tensor) -> Tensor:
        """The tokens of the map, (B, N, C) -> same."""
        return x  # not x[:, 0:], whose gradient would be a copy

    def size(self, height: int, width: int) -> tuple[int, int]:
        return height, width


class Mlp(nn.Module):
    """Two linear layers with a GELU between, (B, N, C) -> same."""

    def __init__(self, dim: int, hidden: int, *, drop: float, **dd: Unpack[TensorOptions]) -> None:
        super().__init__()
        self.fc1 = nn.Linear(dim, hidden, **dd)
        self.act = nn.GELU()
        self.fc2 = nn.Linear(hidden, dim, **dd)
        self.drop = nn.Dropout(drop)

    def forward(self, x: Tensor) -> Tensor:
        x = self.drop(self.act(self.fc1(x)))  # (B, N, r*C)
        return self.drop(self.fc2(x))  # (B, N, C)

    def multiply_adds(self, tokens: int) -> Cost:
        return multiply_adds.linear(self.fc1, tokens) + multiply_adds.linear(self.fc2, tokens)


class BlockArguments(AttentionArguments):
    """Arguments that all blocks of a stage share."""

    heads: int
    ratio: int
    mlp_ratio: float
    eps: float
    proj_drop: float


class TransformerBlock(nn.Module):
    """x + EMSA(LN(x)), then x + MLP(LN(x)); (B, N, C) -> same."""

    def __init__(
        self,
        dim: int,
        heads: int,
        ratio: int,
        *,
        mlp_ratio: float,
        eps: float,
        drop_path: float,
        proj_drop: float,
        dd: TensorOptions,
        **attention: Unpack[AttentionArguments],
    ) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=eps, **dd)
        self.attn = EMSA(dim, heads, ratio, proj_drop=proj_drop, **attention, **dd)
        self.norm2 = nn.LayerNorm(dim, eps=eps, **dd)
        self.mlp = Mlp(dim, int(dim * mlp_ratio), drop=proj_drop, **dd)
        self.drop_path = DropPath(drop_path) if drop_path > 0 else nn.Identity()

    def forward(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        x = x + self.drop_path(self.attn(self.norm1(x), size))  # (B, N, C)
        return x + self.drop_path(self.mlp(self.norm2(x)))  # (B, N, C)

    def multiply_adds(self, height: int, width: int) -> Cost:
        tokens = height * width
        norms = multiply_adds.layer_norm(self.norm1, tokens) + multiply_adds.layer_norm(
            self.norm2, tokens
        )
        return norms + self.attn.multiply_adds(height, width) + self.mlp.multiply_adds(tokens)


class Stage(nn.Module):
    """Patch embedding, position, blocks; (B, C', H', W') -> (B, C, H, W).

    The first stage has `channels` None and takes the stem's map as it is. `token` is where a class
    token joins: it precedes all other tokens, and maps leave it out.
    """

    def __init__(
        self,
        channels: int | None,
        dim: int,
        *,
        embedding: str,
        position: str,
        size: tuple[int, int],
        drop_paths: Sequence[float],
        dd: TensorOptions,
        **block: Unpack[BlockArguments],
    ) -> None:
        super().__init__()
        self.dim, self.first, self.grad_checkpointing = dim, channels is None, False
        # Any, since mypy takes a submodule for an nn.Module without methods of its own.
        self.embed: Any = (
            Embedded() if channels is None else EMBEDDINGS[embedding](channels, dim, **dd)
        )
        self.position: Any = POSITIONS[position](dim, size, **dd)
        self.token: Any = Untokened()  # PVT puts a class token here in its last stage
        self.blocks = nn.ModuleList(
            TransformerBlock(dim, drop_path=p, dd=dd, **block) for p in drop_paths
        )

    def forward(self, x: Tensor) -> Tensor:
        x, H, W = self.tokens(x)
        return self.as_map(x, H, W)

    def tokens(self, x: Tensor) -> tuple[Tensor, int, int]:
        """(B, C', H', W') -> (B, N, C), H, W; N = H*W, plus 1 with a class token."""
        x = self.position(self.embed(x))  # (B, C, H, W)
        H, W = x.shape[-2], x.shape[-1]
        x = self.token(x.flatten(2).transpose(1, 2))  # (B, N, C)
        for block in self.blocks:
            if self.grad_checkpointing and not torch.jit.is_scripting():  # type: ignore[attr-defined]
                x = checkpoint(block, x, (H, W))  # runs the block again in the backward pass
            else:
                x = block(x, (H, W))
        return x, H, W

    def as_map(self, x: Tensor, height: int, width: int) -> Tensor:
        """Tokens into a map, without the class token; (B, N, C) -> (B, C, H, W)."""
        B, _, C = x.shape
        return self.token.others(x).transpose(1, 2).reshape(B, C, height, width)  # (B, C, H, W)

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Height and width of the stage's map for an input of (C', height, width)."""
        return (height, width) if self.first else (halved(height), halved(width))

    def check_input(self, height: int, width: int) -> None:
        """Raises BuildError for an input that is too small for the attention of a block."""
        blocks: Any = self.blocks
        for block in blocks:
            block.attn.check_input(*self.token.size(*self.size(height, width)))

    def multiply_adds(self, height: int, width: int) -> Cost:
        """Multiply-adds for an input of (C', height, width)."""
        size = self.size(height, width)  # of the stage's own map
        blocks: Any = self.blocks
        total = self.embed.multiply_adds(height, width) + self.position.multiply_adds(*size)
        return sum((block.multiply_adds(*self.token.size(*size)) for block in blocks), total)


StageShape = tuple[int, int, int, float, Sequence[float]]
"""Channels, heads, ratio, MLP ratio, and the drop path rate of every block."""


def pyramid(shapes: Iterable[StageShape], size: tuple[int, int], **shared: Any) -> nn.Sequential:
    """The stages for an image of `size`; each halves the map of the stage before."""
    stages: list[Stage] = []
    height, width = map(halved, size)  # the stem halves twice: here, and in the first turn below
    for i, (dim, heads, ratio, mlp_ratio, drop_paths) in enumerate(shapes):
        height, width = halved(height), halved(width)
        before = stages[-1].dim if stages else None  # None: the stem has embedded the image
        stage = Stage(
            before,
            dim,
            size=(height, width),
            drop_paths=drop_paths,
            heads=heads,
            ratio=ratio,
            mlp_ratio=mlp_ratio,
            stride=4 << i,  # pixels of the image per pixel of the map: 4, 8, 16, 32
            **shared,
        )
        stages.append(stage)
    return nn.Sequential(*stages)

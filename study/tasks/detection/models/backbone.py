"""Backbones of detectors: any timm model that gives maps at several reductions of an image.

A reduction is image pixels per pixel of a map, along a side. The model is built as a classifier is,
so that plugins, presets and `replace` mean the same; its classifier and final norm are dropped.
"""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import NamedTuple

import timm
import torch
from torch import Tensor, nn

from study import given_weights
from study.errors import BuildError, SizeError
from study.models import factory
from study.models.blocks import Untokened
from study.models.channel_norm import ChannelNorm
from study.models.pvt import ClassToken

IMG_SIZE = 224
"""Pixels a side that learned positions are made for, ImageNet's: other maps get them interpolated,
as in PVT's detectors."""

EPS = 1e-5  # of the norms on the maps, as of all norms in ResT's released code
USUAL = ("rest_small", "pvt_tiny", "resnet50", "swin_tiny_patch4_window7_224", "convnext_tiny")
SHAPE_ERRORS = (RuntimeError, AssertionError, ValueError, IndexError, TypeError)
"""Raised by models of timm for an image of a size that they do not take."""
OBLONG = 224, 352  # px; no square, as images of detectors
NEAR = 12  # names that are tried for a message; building one takes up to 0.1 s


class MapRow(NamedTuple):
    """A map as timm lists it in `feature_info`."""

    reduction: int
    channels: int
    module: str
    """The module whose output is the map."""


class MapBackbone(nn.Module):
    """The maps of a timm model, (B, 3, H, W) -> [(B, C, H/r, W/r) for each reduction r].

    `norm` puts a LayerNorm on each map, as ResT's authors did. The first `frozen_stages` stages,
    with the stem, are not trained and run in eval mode; 0 freezes nothing. `frozen_batch_norm`
    does so with every batch norm, whose statistics then never change.
    """

    def __init__(
        self,
        body: nn.Module,
        reductions: Sequence[int],
        *,
        norm: bool,
        frozen_stages: int = 0,
        frozen_batch_norm: bool = False,
    ) -> None:
        super().__init__()
        rows = rows_of(body)
        # The last row of a reduction: the end of its stage.
        last = {row.reduction: index for index, row in enumerate(rows)}
        self.indices = [last[reduction] for reduction in reductions]
        self.rows = [rows[index] for index in sorted(last.values())]
        self.channels = [rows[index].channels for index in self.indices]
        body.prune_intermediate_layers(self.indices, prune_norm=True, prune_head=True)  # type: ignore[operator]
        # Of any module, since other families of timm mean other things by `stages`.
        for module in [*body.modules()]:
            # A class token serves the classifier alone; PVT's detectors have none.
            if isinstance(getattr(module, "token", None), ClassToken):
                module.token = Untokened()
        self.body = body
        kind = (lambda channels: ChannelNorm(channels, eps=EPS)) if norm else nn.Identity
        self.norms = nn.ModuleList(kind(channels) for channels in self.channels)
        self.frozen = [*_leading(body, self._ends(frozen_stages))]
        if frozen_batch_norm:
            self.frozen += [m for m in body.modules() if isinstance(m, nn.BatchNorm2d)]
        for module in self.frozen:
            module.requires_grad_(False)

    def _ends(self, stages: int) -> list[str]:
        """The names of the modules whose outputs are the maps of the first stages."""
        from_quarter = [row for row in self.rows if row.reduction >= 4]  # before it is the stem
        if stages > len(from_quarter):
            message = f"frozen_stages is {stages}, and the backbone has {len(from_quarter)} stages"
            raise BuildError(message, argument="frozen_stages")
        return [row.module for row in from_quarter[:stages]]

    def train(self, mode: bool = True) -> "MapBackbone":
        super().train(mode)
        for module in self.frozen:
            module.eval()
        return self

    def forward(self, x: Tensor) -> list[Tensor]:
        maps = self.body.forward_intermediates(  # type: ignore[operator]
            x, indices=self.indices, output_fmt="NCHW", intermediates_only=True
        )
        return [norm(x) for norm, x in zip(self.norms, maps, strict=True)]  # (B, C, H/r, W/r)


def _leading(body: nn.Module, ends: Sequence[str]) -> list[nn.Module]:
    """The modules that run before the last of `ends` has, in the order of registration."""
    if not ends:
        return []
    names = [name for name, _ in body.named_modules()]
    inside = [i for i, n in enumerate(names) if n == ends[-1] or n.startswith(f"{ends[-1]}.")]
    # A container that is not finished by then would freeze what follows.
    begun = {ends[-1].rpartition(".")[0], ""}
    modules = dict(body.named_modules())
    return [modules[name] for name in names[: inside[-1] + 1] if name not in begun]


def rows_of(model: nn.Module) -> list[MapRow]:
    """The maps of a model in the order in which timm numbers them; none of an unknown model."""
    info = [row for row in getattr(model, "feature_info", None) or [] if isinstance(row, dict)]
    keys = ("reduction", "num_chs", "module")
    # Models of a plugin may have rows that lack a key.
    complete = [[row[key] for key in keys] for row in info if {*keys} <= row.keys()]
    return [MapRow(int(r), int(channels), str(module)) for r, channels, module in complete]


def classifier(
    name: str, arguments: Mapping[str, object], *, device: torch.device | str | None = None
) -> nn.Module:
    """The model of a backbone before it is pruned, without a linear classifier.

    Raises:
        BuildError: there is no such model, or an argument does not fit or names weights.
    """
    if wrong := [key for key in given_weights.ARGUMENTS if arguments.get(key)]:
        message = f"{wrong[0]}: write weights: FILE in the baseline instead"
        raise BuildError(message, argument=wrong[0])
    arguments = dict(arguments)
    # timm's windowed models refuse other sizes than theirs, unless they are asked not to.
    own = factory.bare(name) in factory.PRESETS
    if not own and factory.fixed(name) and "strict_img_size" in factory.accepted_by(name):
        arguments = {"strict_img_size": False} | arguments
    return factory.build(
        name, arguments, num_classes=0, in_chans=3, img_size=IMG_SIZE, device=device
    )


def refuse_idle(name: str, given: Mapping[str, object]) -> None:
    """Raises BuildError for an argument of the classifier, which a detector has not.

    Two trials of one computation would have two names.
    """
    # In other families the rate of dropout is that of layers inside, too.
    ours = factory.bare(name) in factory.PRESETS
    for key in ("global_pool", "drop_rate") if ours else ("global_pool",):
        if given.get(key):
            message = f"{key} is of the classifier, which a detector has not: leave it out"
            raise BuildError(message, argument=key)


def has_maps(model: nn.Module, reductions: Sequence[int]) -> bool:
    """True for a model that gives a map at each of these reductions."""
    there = {row.reduction for row in rows_of(model)}
    return {*reductions} <= there and hasattr(model, "forward_intermediates")


def refuse_mapless(name: str, model: nn.Module, reductions: Sequence[int]) -> None:
    """Raises BuildError for a model without maps at these reductions; names some that have them."""
    if has_maps(model, reductions):
        return
    wanted = ", ".join(f"1/{reduction}" for reduction in reductions)
    there = sorted({row.reduction for row in rows_of(model)})
    own = f"only at {', '.join(f'1/{r}' for r in there)}" if there else "at no reduction"
    near = ", ".join(_near(name, reductions))
    raise BuildError(
        f"{name} gives maps {own} of the image's side; a detector takes them at {wanted}: "
        f"such as {near}",
        argument="backbone",
    )


def _near(name: str, reductions: Sequence[int], count: int = 5) -> list[str]:
    """Names of models with maps, those spelt most like `name` first."""
    # A low cutoff: the family of a name says more than its spelling.
    names = get_close_matches(name, timm.list_models(), n=NEAR, cutoff=0.3)
    near = [other for other in names if _fits(other, reductions)]
    return [*dict.fromkeys([*near[:2], *USUAL])][:count]


def _fits(name: str, reductions: Sequence[int]) -> bool:
    model = classifier(name, {}, device="meta")
    return has_maps(model, reductions) and not refusal(model, OBLONG)


def refusal(model: nn.Module, size: tuple[int, int]) -> str:
    """The reason why a model with maps takes no image of (height, width), or "".

    Many classifiers take images of one size alone, by learned positions or windows.
    """
    device = next(model.parameters()).device
    try:
        with torch.no_grad():
            model.forward_intermediates(  # type: ignore[operator]
                torch.zeros(1, 3, *size, device=device), intermediates_only=True
            )
    except SHAPE_ERRORS as error:
        return str(error).partition("\n")[0] or type(error).__name__
    return ""


def refuse_shape(name: str, arguments: Mapping[str, object], size: tuple[int, int]) -> None:
    """Raises BuildError if a backbone with maps takes no image of (height, width)."""
    if not refusal(classifier(name, arguments, device="meta"), size):
        return
    # With values, since some operations of a plugin cannot run without.
    if reason := refusal(classifier(name, arguments), size):
        raise BuildError(
            f"{name} takes no image of {size[0]}x{size[1]} px, and images of a detector have many "
            f"shapes: {reason}",
            argument="backbone",
        )


def refuse_small(model: nn.Module, name: str, sides: tuple[int, int]) -> None:
    """Raises SizeError if a model of this package takes no image of (height, width)."""
    check = getattr(model, "check_input", None)
    try:
        if check is not None:
            check(*sides)
    except BuildError as error:
        raise SizeError(f"{name} takes no image of {sides[0]}x{sides[1]} px: {error}") from error

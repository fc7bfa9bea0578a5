"""Optimizers, and the recipes that they would refuse or ignore a key of."""

from collections.abc import Callable

import torch
from timm.optim import create_optimizer_v2, get_optimizer_info, list_optimizers
from torch import nn

from study.errors import SpecError, unknown
from study.tasks.classification.schema import MULTI_LABEL_LOSSES, Recipe
from study.tasks.classification.train.losses import LOSSES


def check(recipe: Recipe, *, world: int = 1) -> None:
    """Refuse a recipe that timm or `world` processes cannot follow, before anything is built.

    Raises:
        SpecError: names the key at fault.
    """
    name = recipe.optimizer_name
    if name not in OPTIMIZERS:
        raise SpecError(unknown("recipe.opt", recipe.opt, OPTIMIZERS), key="opt")
    losses = [*dict.fromkeys([*LOSSES, *MULTI_LABEL_LOSSES])]
    if recipe.loss_name not in losses:
        raise SpecError(unknown("recipe.loss", recipe.loss_name, losses), key="loss")
    if OPTIMIZERS[name] is timm_optimizer:
        _check_timm(recipe, name)
    elif name != recipe.opt.lower():  # only timm's own function wraps
        raise SpecError(
            f"recipe.opt {recipe.opt}: a plugin's optimizer has no Lookahead", key="opt"
        )
    # timm mixes pairs: every odd batch would be trained on without its last image.
    if recipe.mixes and recipe.batch_size % 2:
        raise SpecError(
            f"recipe.batch_size {recipe.batch_size}: mixup and CutMix pair images; make it even",
            key="batch_size",
        )
    if world > 1 and recipe.torchcompile:
        raise SpecError(
            f"recipe.torchcompile: a compiled model trains in 1 process, not {world}; "
            "set it to false"
        )
    if world > 1 and recipe.fast_path:
        # There the bias of the head mix has no gradient, and processes wait for each other's.
        raise SpecError(f"recipe.fast_path trains in 1 process, not {world}; set it to false")
    if world > 1 and recipe.mixes and recipe.mixup_mode != "batch":
        raise SpecError(
            f"recipe.mixup_mode {recipe.mixup_mode} draws for each image of a batch, which "
            f"{world} processes cannot share; set it to batch, or train with 1 process",
            key="mixup_mode",
        )


def _check_timm(recipe: Recipe, name: str) -> None:
    """Refuse what timm's optimizer of this name would ignore."""
    info = get_optimizer_info(name)
    if info.second_order:
        message = f"recipe.opt {recipe.opt} needs second derivatives, which are not computed"
        raise SpecError(message, key="opt")
    for key, exists in (("opt_eps", info.has_eps), ("opt_betas", info.has_betas)):
        if getattr(recipe, key) is not None and not exists:  # timm would ignore it silently
            raise SpecError(f"recipe.opt {recipe.opt} has no {key}; remove it", key="opt")


def _fuses(name: str) -> bool:
    return get_optimizer_info(name).opt_class in (
        torch.optim.Adam,
        torch.optim.AdamW,
        torch.optim.SGD,
    )


def optimizer_of(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """The optimizer of the model's weights; raises as `timm_optimizer` does."""
    return OPTIMIZERS[recipe.optimizer_name](model, recipe)


def timm_optimizer(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """timm's optimizer of the model's weights.

    Raises:
        SpecError: timm refuses a key of the recipe for this optimizer.
    """
    # Not every optimizer takes these, so they are passed only where the recipe has them.
    extra = {
        "eps": recipe.opt_eps,
        "betas": recipe.opt_betas and tuple(recipe.opt_betas),
        # One operator for all weights, whose last digits differ as those of the fast path do.
        "fused": (recipe.fast_path and _fuses(recipe.optimizer_name)) or None,
    }
    try:
        # timm decays neither biases and norms nor the weights that no_weight_decay names.
        optimizer: torch.optim.Optimizer = create_optimizer_v2(
            model,
            opt=recipe.opt,
            lr=recipe.learning_rate,
            weight_decay=recipe.weight_decay,
            momentum=recipe.momentum,
            layer_decay=recipe.layer_decay,
            **{name: value for name, value in extra.items() if value is not None},
        )
    except (TypeError, ValueError) as error:
        raise SpecError(f"recipe.opt {recipe.opt}: {error}", key="opt") from error
    return optimizer


OPTIMIZERS: dict[str, Callable[[nn.Module, Recipe], torch.optim.Optimizer]] = {
    **dict.fromkeys(list_optimizers(), timm_optimizer)
}
"""Optimizers by the name that `recipe.opt` gives."""

"""What a recipe asks for, made of timm's parts."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from timm.data import Mixup
from timm.layers import convert_sync_batchnorm
from timm.optim import create_optimizer_v2, get_optimizer_info, list_optimizers
from timm.scheduler import create_scheduler_v2
from timm.task import ClassificationTask
from torch import Tensor, nn

from study.errors import SpecError, unknown
from study.schema import Recipe
from study.train.group import ALONE, Group

Batch = tuple[Tensor, Tensor]


class Batches(Protocol):
    """Counted whole; where several processes share them, of each these `slots` of `size`."""

    @property
    def size(self) -> int: ...
    @property
    def slots(self) -> Sequence[int]: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Batch]: ...


class Images(Protocol):
    """What training wants of images."""

    @property
    def classes(self) -> int: ...
    def train_batches(
        self,
        recipe: Recipe,
        *,
        seed: int,
        epoch: int,
        device: str,
        first: int = 0,
        rank: int = 0,
        world: int = 1,
    ) -> Batches: ...
    def val_batches(
        self, recipe: Recipe, *, device: str, rank: int = 0, world: int = 1
    ) -> Iterable[Batch]: ...


@dataclass(frozen=True)
class Parts:
    """Everything that one trial trains with. A plain loop over them is the training."""

    recipe: Recipe
    device: str
    task: Any  # timm's: the model, its loss and its moving average
    optimizer: torch.optim.Optimizer
    scheduler: Any
    scaler: torch.amp.GradScaler
    mixup: Any  # timm's, or none
    group: Group = ALONE

    def autocast(self) -> torch.autocast:
        return autocast(self.recipe, self.device)


def autocast(recipe: Recipe, device: str) -> torch.autocast:
    dtype = getattr(torch, recipe.amp_dtype)
    return torch.autocast(torch.device(device).type, dtype, enabled=recipe.amp)


def placed(model: nn.Module, recipe: Recipe, device: str) -> nn.Module:
    """The model itself, now on the device and in the recipe's layout."""
    model.to(device=device)
    return model.to(memory_format=torch.channels_last) if recipe.channels_last else model


def parts(
    model: nn.Module, recipe: Recipe, *, classes: int, device: str, group: Group = ALONE
) -> Parts:
    """Raises SpecError where timm has no such part, or the model cannot do what is asked."""
    check(recipe, world=group.world)
    kind = torch.device(device).type
    placed(model, recipe, device)
    if recipe.grad_checkpointing:
        _checkpoint_gradients(model)
    loss = {
        "loss_type": "bce" if recipe.bce_loss else "ce",
        "smoothing": recipe.smoothing,
        "soft_targets": recipe.mixes,  # Mixup smooths them
    }
    task = ClassificationTask(
        model, criterion_kwargs=loss, device=torch.device(device), verbose=False
    )
    optimizer = optimizer_of(model, recipe)
    if recipe.model_ema:  # before compiling: the average is of the plain model
        task.setup_ema(decay=recipe.model_ema_decay, use_warmup=recipe.model_ema_warmup)
    if recipe.torchcompile:
        task.compile()
    if group.world > 1:
        _share(task, model)
    scaled = recipe.amp and recipe.amp_dtype == "float16" and kind == "cuda"
    return Parts(
        recipe=recipe,
        device=device,
        task=task,
        optimizer=optimizer,
        scheduler=schedule_of(optimizer, recipe),
        scaler=torch.amp.GradScaler(kind, enabled=scaled),
        mixup=_mixup(recipe, classes) if recipe.mixes else None,
        group=group,
    )


def check(recipe: Recipe, *, world: int = 1) -> None:
    """Raises SpecError for what only timm could say is wrong, before anything is built.

    And for what `world` processes cannot share.
    """
    names = list_optimizers()
    if recipe.opt.lower().removeprefix("lookahead_") not in names:
        raise SpecError(unknown("recipe.opt", recipe.opt, names), key="opt")
    info = get_optimizer_info(recipe.opt.lower().removeprefix("lookahead_"))
    if info.second_order:
        message = f"recipe.opt {recipe.opt} needs second derivatives, which are not taken"
        raise SpecError(message, key="opt")
    for key, has in (("opt_eps", info.has_eps), ("opt_betas", info.has_betas)):
        if getattr(recipe, key) is not None and not has:  # timm would leave it out in silence
            raise SpecError(f"recipe.opt {recipe.opt} has no {key}; drop it", key="opt")
    if recipe.mixes and recipe.batch_size % 2:
        raise SpecError(
            f"recipe.batch_size {recipe.batch_size}: mixup and cutmix pair images; make it even",
            key="batch_size",
        )
    if world > 1 and recipe.torchcompile:
        raise SpecError(
            f"recipe.torchcompile: a compiled model is trained by one process, not {world}; "
            "set it false"
        )
    if world > 1 and recipe.mixes and recipe.mixup_mode != "batch":
        raise SpecError(
            f"recipe.mixup_mode {recipe.mixup_mode} draws for each image of a batch, which "
            f"{world} processes cannot share; set it to batch, or train with one process",
            key="mixup_mode",
        )


def optimizer_of(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """timm's optimizer of the model's weights. Raises SpecError where timm takes no such keys."""
    given = {"eps": recipe.opt_eps, "betas": recipe.opt_betas and tuple(recipe.opt_betas)}
    try:
        optimizer: torch.optim.Optimizer = create_optimizer_v2(
            model,
            opt=recipe.opt,
            lr=recipe.learning_rate,
            weight_decay=recipe.weight_decay,
            momentum=recipe.momentum,
            layer_decay=recipe.layer_decay,
            **{name: value for name, value in given.items() if value is not None},
        )
    except (TypeError, ValueError) as error:
        raise SpecError(f"recipe.opt {recipe.opt}: {error}", key="opt") from error
    return optimizer


def schedule_of(optimizer: torch.optim.Optimizer, recipe: Recipe) -> Any:
    """timm's schedule, stepped by epoch, over the recipe's `total_epochs`."""
    scheduler, _ = create_scheduler_v2(
        optimizer,
        sched=recipe.sched,
        num_epochs=max(1, recipe.epochs),  # a schedule of none is refused by timm
        decay_epochs=recipe.decay_epochs,
        decay_milestones=recipe.decay_milestones,
        decay_rate=recipe.decay_rate,
        cooldown_epochs=recipe.cooldown_epochs,
        warmup_epochs=recipe.warmup_epochs,
        warmup_lr=recipe.warmup_lr,
        min_lr=recipe.min_lr,
    )
    return scheduler


def _mixup(recipe: Recipe, classes: int) -> Any:
    return Mixup(
        mixup_alpha=recipe.mixup,
        cutmix_alpha=recipe.cutmix,
        prob=recipe.mixup_prob,
        switch_prob=recipe.mixup_switch_prob,
        mode=recipe.mixup_mode,
        label_smoothing=recipe.smoothing,
        num_classes=classes,
    )


def _share(task: Any, model: nn.Module) -> None:
    """Train the model together with the other processes; it is evaluated and kept as it is."""
    cuda = task.device.type == "cuda"
    if cuda:
        convert_sync_batchnorm(model)
    task.eval_model = model
    devices = [task.device.index] if cuda else None
    task.prepare_distributed(device_ids=devices)


def _checkpoint_gradients(model: nn.Module) -> None:
    try:
        model.set_grad_checkpointing(True)  # type: ignore[operator]
    except (AttributeError, AssertionError) as error:
        name = type(model).__name__
        raise SpecError(f"recipe.grad_checkpointing: {name} cannot do it; set it false") from error

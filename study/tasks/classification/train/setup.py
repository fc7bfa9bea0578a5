"""Everything that one trial trains with, built from a recipe by timm."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from timm.data import Mixup
from timm.layers import convert_sync_batchnorm
from timm.scheduler.scheduler import Scheduler
from timm.task import ClassificationTask, MultiLabelClassificationTask
from timm.utils import unwrap_model
from torch import Tensor, nn

from study.errors import SpecError
from study.tasks.classification.schema import Recipe
from study.tasks.classification.train.ema import start_average
from study.tasks.classification.train.losses import loss
from study.tasks.classification.train.optimizers import check, optimizer_of
from study.tasks.classification.train.schedules import schedule_of
from study.tasks.training.checkpoint import AVERAGE, WEIGHTS, State
from study.tasks.training.distributed import ALONE, ProcessGroup
from study.tasks.training.precision import autocast, grad_scaler

Batch = tuple[Tensor, Tensor]


class TrainingBatches(Protocol):
    """Batches of an epoch. `len` counts whole ones, of which a process holds `slots` of `size`."""

    @property
    def size(self) -> int: ...
    @property
    def slots(self) -> Sequence[int]: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Batch]: ...


class TrainingData(Protocol):
    """A data set as training needs it."""

    @property
    def classes(self) -> int: ...
    @property
    def multi_label(self) -> bool: ...
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
    ) -> TrainingBatches: ...
    def val_batches(
        self, recipe: Recipe, *, device: str, rank: int = 0, world: int = 1
    ) -> Iterable[Batch]: ...


@dataclass(frozen=True)
class Setup:
    """Everything that one trial trains with: a plain loop over it is the training."""

    recipe: Recipe
    device: str
    task: ClassificationTask  # the model, its loss and its moving average
    optimizer: torch.optim.Optimizer
    scheduler: Scheduler
    scaler: torch.amp.GradScaler
    mixup: Mixup | None
    group: ProcessGroup = ALONE

    def autocast(self) -> torch.autocast:
        """The recipe's mixed precision, as a context."""
        return autocast(self.recipe, self.device)

    @property
    def model(self) -> nn.Module:
        """The model itself, however it is wrapped."""
        model: nn.Module = unwrap_model(self.task.get_trainable_module())
        return model

    @property
    def weights(self) -> State:
        """The weights, and their moving average if there is one."""
        return {
            **self.task.get_checkpoint_state(),
            **self.task.get_checkpoint_state(ema=True),
        }

    def load_weights(self, state: State) -> None:
        self.task.load_checkpoint_state(state[WEIGHTS])
        if self.recipe.model_ema:
            self.task.load_checkpoint_state(state[AVERAGE], ema=True)


def placed(model: nn.Module, recipe: Recipe, device: str) -> nn.Module:
    """The same model, moved to the device and to the recipe's memory layout."""
    # In place: the caller's model is the one that is trained.
    model.to(device=device)
    return model.to(memory_format=torch.channels_last) if recipe.channels_last else model


def set_up(
    model: nn.Module,
    recipe: Recipe,
    *,
    classes: int,
    device: str,
    group: ProcessGroup = ALONE,
    multi_label: bool = False,
) -> Setup:
    """Build what a trial trains with; the model is moved in place.

    Targets are classes (B,), or with `multi_label` 0 or 1 for each class (B, C).

    Raises:
        SpecError: timm, the model or the group cannot follow the recipe.
    """
    check(recipe, world=group.world)
    placed(model, recipe, device)
    if recipe.grad_checkpointing:
        _checkpoint_gradients(model)
    kind = MultiLabelClassificationTask if multi_label else ClassificationTask
    criterion = loss(recipe, multi_label=multi_label)
    task = kind(model, criterion, device=torch.device(device), verbose=False)
    # After `placed`, so that the optimizer's state is on the same device.
    optimizer = optimizer_of(model, recipe)
    start_average(task, recipe)  # before compiling, so that the average is of the plain model
    if recipe.torchcompile:
        task.compile()
    if group.world > 1:
        _share(task, model)
    return Setup(
        recipe=recipe,
        device=device,
        task=task,
        optimizer=optimizer,
        scheduler=schedule_of(optimizer, recipe),
        scaler=grad_scaler(recipe, device),
        mixup=_mixup(recipe, classes, multi_label) if recipe.mixes else None,
        group=group,
    )


def _mixup(recipe: Recipe, classes: int, multi_label: bool) -> Mixup:
    return Mixup(
        mixup_alpha=recipe.mixup,
        cutmix_alpha=recipe.cutmix,
        prob=recipe.mixup_prob,
        switch_prob=recipe.mixup_switch_prob,
        mode=recipe.mixup_mode,
        label_smoothing=recipe.smoothing,
        num_classes=classes,
        multi_label=multi_label,
    )


def _share(task: ClassificationTask, model: nn.Module) -> None:
    """Train with the other processes; evaluation and checkpoints use the plain model."""
    cuda = task.device.type == "cuda"
    if cuda:
        # torch has no synchronised batch norm for the CPU; `synchronised_layers` does it there.
        convert_sync_batchnorm(model)
    task.eval_model = model
    devices = [task.device.index] if cuda else None
    task.prepare_distributed(device_ids=devices)


def _checkpoint_gradients(model: nn.Module) -> None:
    try:
        model.set_grad_checkpointing(True)  # type: ignore[operator]
    except (AttributeError, AssertionError) as error:
        name = type(model).__name__
        message = f"recipe.grad_checkpointing: {name} does not support it; set it to false"
        raise SpecError(message) from error

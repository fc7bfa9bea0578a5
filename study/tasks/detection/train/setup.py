"""Everything that a detector trains with: optimizer, precision, processes."""

from dataclasses import dataclass
from typing import cast

import torch
from timm.layers import convert_sync_batchnorm
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from study.tasks.detection.models.detector import Detector
from study.tasks.detection.schema import DetectionRecipe
from study.tasks.training.checkpoint import WEIGHTS, State
from study.tasks.training.distributed import ALONE, ProcessGroup
from study.tasks.training.precision import autocast, grad_scaler

NORMS = (nn.LayerNorm, nn.GroupNorm, nn.modules.batchnorm._NormBase)
"""Classes of norms, timm's among their subclasses, whose parameters have a decay of their own."""


@dataclass(frozen=True)
class DetectorSetup:
    """Everything that one trial trains with: a plain loop over it is the training."""

    recipe: DetectionRecipe
    device: str
    model: nn.Module
    trained: nn.Module
    """The model, wrapped where processes share its batches."""
    optimizer: torch.optim.Optimizer
    scaler: torch.amp.GradScaler
    group: ProcessGroup = ALONE

    @property
    def detector(self) -> Detector:
        return cast(Detector, self.model)

    def training(self) -> "DetectorSetup":
        """The same, with the model in training mode."""
        self.model.train()
        return self

    def autocast(self) -> torch.autocast:
        """The recipe's mixed precision, as a context."""
        return autocast(self.recipe, self.device)

    @property
    def weights(self) -> State:
        return {WEIGHTS: self.model.state_dict()}

    def load_weights(self, state: State) -> None:
        self.model.load_state_dict(state[WEIGHTS])


def set_up(
    model: nn.Module, recipe: DetectionRecipe, *, device: str, group: ProcessGroup = ALONE
) -> DetectorSetup:
    """Build what a trial trains with; the model is moved in place."""
    model.to(device=torch.device(device))
    cuda = torch.device(device).type == "cuda"
    if group.world > 1 and cuda:
        # torch has no synchronised batch norm for the CPU; `synchronised_layers` does it there.
        convert_sync_batchnorm(model)
    # Evaluation and checkpoints use the plain model.
    trained = model
    if group.world > 1:
        devices = [torch.device(device).index] if cuda else None
        trained = DistributedDataParallel(model, device_ids=devices)
    return DetectorSetup(
        recipe=recipe,
        device=device,
        model=model,
        trained=trained,
        optimizer=optimizer_of(model, recipe),
        scaler=grad_scaler(recipe, device),
        group=group,
    )


def optimizer_of(model: nn.Module, recipe: DetectionRecipe) -> torch.optim.Optimizer:
    """The recipe's optimizer; parameters of norms have a weight decay of their own.

    As in Detectron2, biases of other layers decay as their weights do.
    """
    norms = {id(p) for m in model.modules() if isinstance(m, NORMS) for p in m.parameters()}
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    groups = [
        {"params": weights, "weight_decay": decay}
        for decay, weights in (
            (recipe.weight_decay, [w for w in trained if id(w) not in norms]),
            (recipe.weight_decay_norm, [w for w in trained if id(w) in norms]),
        )
        if weights  # of frozen norms there may be none
    ]
    if recipe.opt == "sgd":
        return torch.optim.SGD(groups, lr=recipe.lr, momentum=recipe.momentum)
    return torch.optim.AdamW(groups, lr=recipe.lr, betas=(recipe.betas[0], recipe.betas[1]))

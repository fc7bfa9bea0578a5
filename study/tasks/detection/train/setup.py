"""Everything that a detector trains with: optimizer, precision, processes."""

from dataclasses import dataclass
from typing import cast

import torch
from timm.layers import convert_sync_batchnorm
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from study.tasks.detection.models.detector import Detector
from study.tasks.detection.schema import DetectionRecipe
from study.tasks.training.checkpoint import OPTIMIZER, RECIPE, SCALER, WEIGHTS, State
from study.tasks.training.distributed import ALONE, ProcessGroup

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
        dtype = getattr(torch, self.recipe.amp_dtype)
        return torch.autocast(torch.device(self.device).type, dtype, enabled=self.recipe.amp)

    def state(self) -> State:
        """The state of the training, by the keys of timm's checkpoints."""
        return {
            "version": 2,  # of timm's format
            "arch": type(self.model).__name__.lower(),
            WEIGHTS: self.model.state_dict(),
            OPTIMIZER: self.optimizer.state_dict(),
            SCALER: self.scaler.state_dict(),
            RECIPE: self.recipe.model_dump(),
        }

    def load(self, state: State) -> None:
        self.model.load_state_dict(state[WEIGHTS])
        self.optimizer.load_state_dict(state[OPTIMIZER])
        if self.scaler.is_enabled():
            self.scaler.load_state_dict(state[SCALER])

    def mismatch(self, state: State) -> str:
        """The reason why a state is of another trial, or "". Compares before anything loads."""
        if state[RECIPE] != self.recipe.model_dump():
            return "it is of another recipe"
        ours, theirs = self.model.state_dict(), state[WEIGHTS]
        shapes = [{name: x.shape for name, x in weights.items()} for weights in (ours, theirs)]
        return "it is of a model with other weights" if shapes[0] != shapes[1] else ""


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
    # Only float16 underflows; bfloat16 has the exponents of float32.
    scaled = recipe.amp and recipe.amp_dtype == "float16" and cuda
    return DetectorSetup(
        recipe=recipe,
        device=device,
        model=model,
        trained=trained,
        optimizer=optimizer_of(model, recipe),
        scaler=torch.amp.GradScaler(torch.device(device).type, enabled=scaled),
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

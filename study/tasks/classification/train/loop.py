"""The training loop of one epoch: an update of the weights after each batch, or after several."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import islice
from typing import TypedDict

import torch
from torch import Tensor

from study.tasks.classification.train.ema import update_average
from study.tasks.classification.train.gradients import update
from study.tasks.classification.train.mixup import mixed
from study.tasks.classification.train.setup import Setup, TrainingBatches
from study.tasks.training.determinism import generators, set_generators
from study.tasks.training.distributed import ProcessGroup
from study.tasks.training.seeding import fold
from study.tasks.training.synchronised_layers import WholeBatch
from study.trial.callbacks import nothing


class Within(TypedDict):
    """The state within an unfinished epoch, over all processes."""

    updates: int
    """Number of finished updates."""
    loss: float
    """Sum of their losses over `images`."""
    images: int
    seconds: float
    """Time that the updates took, from the start of the epoch."""
    random: dict[str, Tensor]
    """State of the random generators, by kind of device."""


@dataclass(frozen=True)
class Progress:
    """The progress of this process within an epoch."""

    updates: int
    loss: Tensor
    """Sum over `images`, in float64; not finite where training diverged."""
    images: int

    def within(self, setup: Setup, seconds: float) -> Within:
        """The state within the epoch over all processes, for a checkpoint; all call it together."""
        loss, images = self.whole(setup.group)
        return {
            "updates": self.updates,
            "loss": loss,
            "images": images,
            "seconds": seconds,
            "random": generators(setup.device),
        }

    def whole(self, group: ProcessGroup) -> tuple[float, int]:
        """The sum of losses and the number of images, over all processes."""
        loss, images = 0.0, 0
        for process_loss, process_images in group.gathered((float(self.loss), self.images)):
            # In order of rank, since another order rounds differently.
            loss, images = loss + process_loss, images + process_images
        return loss, images


def begun(setup: Setup, within: Within | None) -> Progress:
    """The progress from which an epoch starts or resumes.

    The sums of a checkpoint are over all processes, so the leader alone continues them.
    """
    continued = within if setup.group.leads else None
    total, images = (continued["loss"], continued["images"]) if continued else (0.0, 0)
    loss = torch.tensor(total, dtype=torch.float64, device=setup.device)
    return Progress(within["updates"] if within else 0, loss, images)


def training(
    setup: Setup,
    batches: TrainingBatches,
    *,
    seed: int,
    epoch: int,
    within: Within | None = None,
    pulse: Callable[[], None] = nothing,
) -> Iterator[Progress]:
    """Train for an epoch or the rest of it; yield the progress after every update."""
    # By epoch, so that a training that resumes between epochs draws the same dropout.
    torch.manual_seed(fold(seed, epoch))
    if within:
        set_generators(within["random"], setup.device)
    setup.task.train()
    size, group = setup.recipe.grad_accum_steps, setup.group
    updates = -(-len(batches) // size)  # the last may have fewer batches
    progress = begun(setup, within)
    wide = WholeBatch(group, batches.slots, batches.size) if group.world > 1 else None
    share = wide.weight if wide else 1.0  # of the mean of gradients over processes
    stream = mixed(setup, batches, seed=seed, epoch=epoch, first=progress.updates * size)
    with wide.reentered(setup.task) if wide else nullcontext():
        for number in range(progress.updates, updates):
            count = min(size, len(batches) - number * size)  # batches of this update
            chunk = islice(stream, count)
            loss, images = update(setup, chunk, count=count, share=share, pulse=pulse)
            progress = Progress(number + 1, progress.loss + loss, progress.images + images)
            update_average(setup.task, epoch * updates + number + 1)
            yield progress

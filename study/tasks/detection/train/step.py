"""One iteration: the losses of a batch, over all processes that share it, and an update."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor
from torch.nn.utils import clip_grad_norm_

from study.tasks.detection.data import Batch
from study.tasks.detection.models.transform import padded
from study.tasks.detection.train.setup import DetectorSetup
from study.tasks.training.seeding import fold
from study.tasks.training.synchronised_layers import WholeBatch


def update(setup: DetectorSetup, batch: Batch, *, seed: int, iteration: int) -> dict[str, Tensor]:
    """Update the weights from a batch; return this process's parts of the losses of all.

    Every random draw follows from seed, iteration and image, so that a training that resumes at
    any iteration goes on with the same bits, and processes draw what one would.
    """
    torch.manual_seed(fold(seed, iteration))
    # The schedule has no state of its own, so that nothing of it needs to be restored.
    for group in setup.optimizer.param_groups:
        group["lr"] = setup.recipe.rate(iteration)
    losses = losses_of(setup, batch, seeds=seeds_of(batch, seed, iteration))
    # DistributedDataParallel averages the gradients of processes, so each counts world times.
    total = sum(losses.values(), torch.zeros((), device=setup.device)) * setup.group.world
    setup.scaler.scale(total).backward()  # type: ignore[no-untyped-call]
    if setup.recipe.clip_grad is not None:
        # The threshold is for true gradients.
        setup.scaler.unscale_(setup.optimizer)
        clip_grad_norm_(setup.model.parameters(), setup.recipe.clip_grad)
    setup.scaler.step(setup.optimizer)
    setup.scaler.update()
    setup.optimizer.zero_grad()
    return {name: loss.detach() for name, loss in losses.items()}


def seeds_of(batch: Batch, seed: int, iteration: int) -> list[int]:
    """A seed for each image, by which anchors and regions are sampled."""
    return [fold(seed, iteration, number) for number in batch.ids]


def losses_of(setup: DetectorSetup, batch: Batch, *, seeds: list[int]) -> dict[str, Tensor]:
    """The losses of a batch by name, which all processes' parts add up to."""
    detector, group = setup.detector, setup.group
    # Norms and attention see the padding, so all processes need that of the whole batch.
    own = padded([(x.shape[-2], x.shape[-1]) for x in batch.images])
    sizes = group.gathered(own)
    detector.prepare((max(h for h, _ in sizes), max(w for _, w in sizes)), seeds)
    images = [x.to(setup.device) for x in batch.images]
    targets = [{k: x.to(setup.device) for k, x in target.items()} for target in batch.targets]
    with setup.autocast():
        losses: dict[str, Tensor] = setup.trained(images, targets)
    shares = _shares(group.gathered(dict(detector.counts(len(images)))), group.rank)
    return {name: loss.float() * shares[name] for name, loss in losses.items()}


def _shares(counts: list[dict[str, int]], rank: int) -> Mapping[str, float]:
    """This process's share of the elements that each loss is the mean of."""
    totals = {name: sum(own[name] for own in counts) for name in counts[0]}
    return {name: counts[rank][name] / total if total else 0 for name, total in totals.items()}


def shared_batch(setup: DetectorSetup) -> AbstractContextManager[object]:
    """A context in which the backbone computes what it would of the whole batch."""
    rank, world, size = setup.group.rank, setup.group.world, setup.recipe.batch_size
    if world == 1:
        return nullcontext()
    slots = range(size * rank // world, size * (rank + 1) // world)  # as the data are shared
    # The backbone alone: samples of the heads have seeds of their own.
    return WholeBatch(setup.group, slots, size).reentered(setup.detector.backbone.maps)

"""The updates between two evaluations."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor

from study.tasks.detection.data import Batch
from study.tasks.detection.train.setup import DetectorSetup
from study.tasks.detection.train.step import shared_batch, update
from study.tasks.training.distributed import ProcessGroup

LOOKED = 50  # updates between two looks at the losses, for which a device has to be waited for


@dataclass(frozen=True)
class Since:
    """The training since the last evaluation, over all processes, as a checkpoint holds it."""

    iteration: int
    """Number of finished updates of the whole training."""
    losses: dict[str, float]
    """Sums over the updates, by name."""
    seconds: float

    @property
    def finite(self) -> bool:
        """True where all losses are finite."""
        return all(math.isfinite(loss) for loss in self.losses.values())


@dataclass
class SinceEvaluation:
    """The training of this process since the last evaluation."""

    iteration: int
    losses: dict[str, Tensor] = field(default_factory=dict)
    """This process's parts of the sums over the updates, in float64."""
    before: float = 0.0
    """Seconds that were trained before the trial resumed."""
    began: float = field(default_factory=time.perf_counter)

    @classmethod
    def resumed(cls, since: Since, setup: DetectorSetup) -> "SinceEvaluation":
        # The sums of a checkpoint are over all processes, so the leader alone continues them.
        share = float(setup.group.leads)
        losses = {
            name: torch.tensor(loss * share, dtype=torch.float64, device=setup.device)
            for name, loss in since.losses.items()
        }
        return cls(since.iteration, losses, since.seconds)

    def add(self, losses: dict[str, Tensor]) -> None:
        for name, loss in losses.items():
            # On the device: reading a loss would wait for every update.
            self.losses[name] = self.losses.get(name, 0) + loss.double()
        self.iteration += 1

    @property
    def seconds(self) -> float:
        return self.before + time.perf_counter() - self.began

    def whole(self, group: ProcessGroup) -> Since:
        """The same over all processes; all call it together."""
        losses = dict[str, float]()
        for own in group.gathered({name: float(loss) for name, loss in self.losses.items()}):
            # In order of rank, since another order rounds differently.
            losses = {name: losses.get(name, 0.0) + loss for name, loss in own.items()}
        return Since(self.iteration, losses, self.seconds)


def updates(
    setup: DetectorSetup,
    batches: Iterator[Batch],
    since: SinceEvaluation,
    *,
    seed: int,
    until: int,
) -> Iterator[SinceEvaluation]:
    """Train up to an iteration; yields after every update, and ends early where losses diverge."""
    # Evaluation has left it in eval mode.
    setup.model.train()
    with shared_batch(setup):
        while since.iteration < until:
            batch = next(batches)
            since.add(update(setup, batch, seed=seed, iteration=since.iteration))
            yield since
            if since.iteration % LOOKED == 0 and not since.whole(setup.group).finite:
                return

"""Training of one detector by one process or several, iteration by iteration."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from study.store.atomic import Record
from study.store.records import EpochRow
from study.tasks.detection.data import Batch, DetectionData, train_batches, val_batches
from study.tasks.detection.evaluation.detections import Detections
from study.tasks.detection.schema import DetectionRecipe
from study.tasks.detection.train.evaluation import EvaluatedDetector, evaluated
from study.tasks.detection.train.loop import Since, SinceEvaluation, updates
from study.tasks.detection.train.setup import DetectorSetup, set_up
from study.tasks.training.checkpoint import Checkpoint
from study.tasks.training.determinism import forked_rng, repeatable
from study.tasks.training.distributed import ALONE, ProcessGroup
from study.trial.callbacks import NOBODY, Callbacks, Stopped

SavedDetector = Checkpoint[DetectorSetup, Record]
"""With the fields of a `Since` between two evaluations."""


@dataclass(frozen=True)
class FittedDetector:
    """The outcome of a training, with the weights after its last iteration.

    Metrics are fractions, None where nothing is counted; AP is NaN once diverged, and then there
    are no detections. A row of history has epoch (the number of the evaluation), iteration, lr,
    train_loss, each loss, all metrics, seconds and images_per_second trained.
    """

    metrics: Mapping[str, float | None]
    detections: Detections | None
    history: list[EpochRow]
    diverged: bool = False


@dataclass(frozen=True)
class Training:
    """A detector, and all that it is trained and evaluated with."""

    checkpoint: SavedDetector
    data: DetectionData
    masks: bool
    workers: int = 0

    @property
    def setup(self) -> DetectorSetup:
        return self.checkpoint.setup

    @property
    def recipe(self) -> DetectionRecipe:
        return self.setup.recipe

    def batches(self, first: int) -> Iterator[Batch]:
        """The share of this process of each batch, from an iteration on."""
        group = self.setup.group
        return train_batches(
            self.data.train,
            self.recipe,
            seed=self.checkpoint.seed,
            first=first,
            masks=self.masks,
            rank=group.rank,
            world=group.world,
            workers=self.workers,
        )

    def evaluated(self) -> EvaluatedDetector:
        group, images = self.setup.group, self.data.val
        # Every image once over all processes: a repeated one would count twice in AP.
        batches = val_batches(
            images, self.recipe, rank=group.rank, world=group.world, workers=self.workers
        )
        pulse = self.checkpoint.caller.pulse
        return evaluated(self.setup, batches, images, masks=self.masks, pulse=pulse)


def fit(
    model: nn.Module,
    data: DetectionData,
    recipe: DetectionRecipe,
    *,
    masks: bool,
    seed: int,
    folder: Path,
    device: str = "cpu",
    workers: int = 0,
    caller: Callbacks = NOBODY,
    group: ProcessGroup = ALONE,
) -> FittedDetector:
    """Train the model in place, resuming from the checkpoint in `folder` if there is one.

    A trial that was killed or stopped at any iteration ends with the same bits as an uninterrupted
    one: on the CPU always, on a GPU unless torch warns of an operator without a deterministic form.
    Several processes give the numbers of one up to the order of their sums. A recipe of 0
    iterations only evaluates.

    Raises:
        Stopped: the caller requested it; Superseded if another process owns the folder.
        StoreError: the folder cannot be written.
    """
    # The others report nothing; their pulse shows their own watchdog that they live.
    caller = caller if group.leads else Callbacks(pulse=caller.pulse)
    with forked_rng(device), repeatable(device):
        setup = set_up(model, recipe, device=device, group=group)
        training = Training(SavedDetector(folder, setup, caller, seed), data, masks, workers)
        return _fitted(training, *training.checkpoint.restore())


def _fitted(training: Training, history: list[EpochRow], within: Record | None) -> FittedDetector:
    checkpoint, ends = training.checkpoint, training.recipe.evaluations
    done = ends[len(history) - 1] if history else 0
    since = (
        SinceEvaluation.resumed(Since(**within), training.setup)
        if within
        else SinceEvaluation(done)
    )
    # One stream for all parts, so that worker processes start once.
    batches = training.batches(since.iteration)
    last: EvaluatedDetector | None = None
    for number in range(len(history), len(ends)):
        whole = _trained(training, history, batches, since)
        last = training.evaluated() if whole.finite else None
        history.append(_row(training, history, whole, last))
        if last is None:
            checkpoint.caller.report(history[-1])
            # Not saved: the checkpoint keeps the last weights that were finite.
            return FittedDetector({"ap": math.nan}, None, history, True)
        checkpoint.save(history)
        checkpoint.caller.report(history[-1])
        since = SinceEvaluation(ends[number])
        # Not after the last evaluation: to finish is quicker than to resume.
        more = number + 1 < len(ends)
        if more and training.setup.group.agreed(checkpoint.caller.stop()):
            raise Stopped(f"after iteration {ends[number]}")
    last = last or training.evaluated()  # the checkpoint had all evaluations
    return FittedDetector(last.metrics, last.detections, history)


def _trained(
    training: Training, history: list[EpochRow], batches: Iterator[Batch], since: SinceEvaluation
) -> Since:
    """Train up to the next evaluation; the losses over all processes."""
    checkpoint, group = training.checkpoint, training.setup.group
    until = training.recipe.evaluations[len(history)]
    for _ in updates(training.setup, batches, since, seed=checkpoint.seed, until=until):
        checkpoint.caller.pulse()
        checkpoint.save_or_stop(
            history, lambda: vars(since.whole(group)), f"after iteration {since.iteration}"
        )
    return since.whole(group)


def _row(
    training: Training, history: list[EpochRow], whole: Since, last: EvaluatedDetector | None
) -> EpochRow:
    """The row of an evaluation; `whole` is the training since the one before."""
    before = training.recipe.evaluations[len(history) - 1] if history else 0
    # Fewer than planned where training ended early, as its losses diverged.
    count = whole.iteration - before
    losses = {name: loss / count for name, loss in whole.losses.items()}
    seconds = whole.seconds
    values: Record = {
        "epoch": len(history),
        "iteration": whole.iteration,
        "lr": training.recipe.rate(max(0, whole.iteration - 1)),
        **({"train_loss": sum(losses.values())} if losses else {}),
        **losses,
        **(last.metrics if last else {}),
        "seconds": seconds + (last.seconds if last else 0.0),
        **({"images_per_second": count * training.recipe.batch_size / seconds} if count else {}),
    }
    # Unchecked: losses may be NaN until they are stored.
    return EpochRow.model_construct(**values)

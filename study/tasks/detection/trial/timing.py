"""The calls that a timing session times of a detector, and the steps behind an estimate."""

import time
from collections.abc import Callable
from functools import partial
from itertools import islice
from statistics import median

import torch

from study.metrics import workloads as calls
from study.store.job_records import Job
from study.store.records import TrialRecord
from study.store.timing_records import StepTimes
from study.tasks.detection.data import Batch, load, train_batches, val_batches
from study.tasks.detection.plan.arm_cost import counted_size
from study.tasks.detection.records import DetectionRecord
from study.tasks.detection.train.evaluation import collected
from study.tasks.detection.train.setup import set_up
from study.tasks.detection.train.step import update
from study.tasks.detection.trial.model import build_detector, opened
from study.tasks.training.determinism import forked_rng
from study.trial.timing import inference_steps, inference_workloads, without_fast_path

NO_FAST_PATH = without_fast_path("a detector")
STEPS = 2  # timed, after one that is not


def step_seconds(trial: TrialRecord, device: str) -> StepTimes:
    """Seconds per training and per evaluated image, from a few batches of at most 4 images."""
    record = opened(trial)
    masks, data = record.keys.masks, load(record.data, masks=record.keys.masks)
    recipe = record.recipe.model_copy(update={"batch_size": min(4, record.recipe.batch_size)})
    with forked_rng(device):
        setup = set_up(build_detector(record), recipe, device=device)
        batches = train_batches(data.train, recipe, seed=record.seed, masks=masks)
        trained = [
            _seconds(partial(update, setup.training(), batch, seed=0, iteration=number))
            / len(batch)
            for number, batch in enumerate(islice(batches, 1 + STEPS))
        ]
        evaluated = [
            _seconds(partial(collected, setup, [batch], masks=masks)) / len(batch)
            for batch in islice(val_batches(data.val, recipe), 1 + STEPS)
        ]
    # A step of the progress is the training up to an evaluation.
    per_epoch = record.recipe.iterations * record.recipe.batch_size
    per_epoch //= len(record.recipe.evaluations)
    return StepTimes(
        train_image_seconds=median(trained[1:] or trained),
        image_seconds=median(evaluated[1:] or evaluated),
        steps=STEPS,
        train=per_epoch,
        val=len(data.val),
    )


def _seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - began


def workloads(trial: TrialRecord, job: Job) -> dict[str, calls.Workload]:
    """The workloads of an arm that its metrics need, on images of the size of its costs.

    Weights are random, so that few boxes pass the thresholds of a trained detector.
    """
    record = opened(trial)
    needed = inference_workloads(partial(build_detector, record), _size(record), job, NO_FAST_PATH)
    if "train_throughput" in job.metrics:
        update = repeated(record, job.device)
        needed["train"] = calls.Workload(update, record.recipe.batch_size)
    return needed


def _size(record: DetectionRecord) -> tuple[int, int, int]:
    """The size of an image, (C, H, W)."""
    return 3, *counted_size(record.recipe)


def steps(trial: TrialRecord, job: Job) -> dict[str, Callable[[], None]]:
    """The calls whose peak memory is measured: one update of the recipe, one inference."""
    record = opened(trial)
    every = inference_steps(partial(build_detector, record), _size(record), job, NO_FAST_PATH)
    if "memory" in job.metrics:
        every["memory"] = partial(_update, record, job.device)
    return every


def _update(record: DetectionRecord, device: str) -> None:
    step = repeated(record, device)
    # The first update allocates the optimizer's state, which exists beside later activations.
    step()
    step()


def repeated(record: DetectionRecord, device: str) -> Callable[[], None]:
    """A function that repeats one update on random images with eight objects each."""
    recipe, size = record.recipe, counted_size(record.recipe)
    with forked_rng(device):
        setup = set_up(build_detector(record), recipe, device=device).training()
        batch = _noise(recipe.batch_size, size, masks=record.keys.masks)

    def step() -> None:
        with forked_rng(device):
            update(setup, batch, seed=0, iteration=recipe.warmup_iterations)

    return step


def _noise(count: int, size: tuple[int, int], *, masks: bool) -> Batch:
    height, width = size
    images = calls.random_images(count, (3, height, width), "cpu").sigmoid()
    # Eight objects, about as many as an image of COCO has.
    across = torch.arange(8.0) * width / 8
    boxes = torch.stack([across, across / 4, across + width / 8, across / 4 + height / 4], 1)
    target = {"boxes": boxes, "labels": torch.ones(8, dtype=torch.long)}
    # Whole images as masks: the losses crop them to the boxes.
    target |= {"masks": torch.ones(8, height, width, dtype=torch.uint8)} if masks else {}
    targets = [{**target, "image_id": torch.tensor(number)} for number in range(count)]
    return Batch(list(images), targets, [size] * count)

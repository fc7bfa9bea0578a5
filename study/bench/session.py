"""One session over models of timm, in one setting."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from study import models
from study.bench.settings import BenchModel, BenchRequest, Setting
from study.errors import MetricError
from study.metrics import memory, workloads
from study.metrics.session import timing_session
from study.metrics.workloads import Workload
from study.models import plugin_registry
from study.store.timing_records import TimingSession
from study.trial.environment import environment

# ImageNet's, for which timm's models are published.
CLASSES, CHANNELS = 1000, 3


def bench_session(
    request: BenchRequest,
    setting: Setting,
    *,
    tick: Callable[[int, int], object] = lambda *now: None,
) -> TimingSession:
    """A timing session with its environment.

    Raises:
        StudyError: a plugin, a model or an argument does not exist.
    """
    for source in request.sources:
        plugin_registry.register(source)
    for model in request.models.values():
        models.check(model.name, model.arguments)
    torch.set_num_threads(request.threads)
    if request.device == "cpu" and sys.platform == "linux":
        # The model that does not fit is refused, before the kernel ends other processes.
        memory.bound()
    session = timing_session(
        {
            label: partial(_workloads, model, setting, request.device)
            for label, model in request.models.items()
        },
        # What a compiler holds is not the model's.
        {}
        if setting.way.compiled
        else {
            label: {"memory": partial(_once, model, setting, request.device)}
            for label, model in request.models.items()
        },
        device=request.device,
        seconds=request.seconds,
        tick=tick,
        energy="batch" if setting.mode == "infer" else "train",
    )
    return session.model_copy(update={"environment": environment(request.device)})


def _workloads(model: BenchModel, setting: Setting, device: str) -> dict[str, Workload]:
    """Those of the mode, each called once, which shows whether the model can do it at all."""
    workloads.refuse_emulated(setting.way, device)
    with _metric_errors(model, setting):
        built, images = _prepared(model, setting, device)
        calls = WORKLOADS[setting.mode](built, images, setting)
        for workload in calls.values():
            workload.run()
    return calls


def _once(model: BenchModel, setting: Setting, device: str) -> None:
    """Build the model and call it once, whose peak of memory is measured."""
    built, images = _prepared(model, setting, device)
    next(iter(WORKLOADS[setting.mode](built, images, setting).values())).run()


def _prepared(model: BenchModel, setting: Setting, device: str) -> tuple[nn.Module, torch.Tensor]:
    built = models.build(
        model.name,
        model.arguments,
        num_classes=CLASSES,
        in_chans=CHANNELS,
        img_size=setting.img_size,
    ).to(device)
    size = (CHANNELS, setting.img_size, setting.img_size)
    return built, workloads.random_images(setting.batch_size, size, device)


def _infer(model: nn.Module, images: torch.Tensor, setting: Setting) -> dict[str, Workload]:
    """The same batch, one after another for throughput, and waited for for latency."""
    return {
        "batch": workloads.inference(model, images, setting.way),
        "single": workloads.inference(model, images, setting.way, apart=True),
    }


def _train(model: nn.Module, images: torch.Tensor, setting: Setting) -> dict[str, Workload]:
    """Cross-entropy and AdamW, at a learning rate that leaves weights finite."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-6)
    step = workloads.training(model, images, setting.way, loss=cross_entropy, optimizer=optimizer)
    return {"train": step}


WORKLOADS = {"infer": _infer, "train": _train}


@contextmanager
def _metric_errors(model: BenchModel, setting: Setting) -> Iterator[None]:
    """Errors that models raise for images that they do not accept, as metric errors."""
    try:
        yield
    except (AssertionError, ValueError, TypeError) as error:
        # An assertion may have no text, so its type stands for it.
        message = (str(error).splitlines() or [type(error).__name__])[0]
        raise MetricError(f"{model.name} cannot do {setting.said}: {message}") from error

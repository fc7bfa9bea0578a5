"""Images, recipes and models that train in a moment, and what two trials are compared by."""

import os
import socket
from dataclasses import replace
from multiprocessing import get_context

import numpy as np
import timm
import torch

from study.tasks.classification.data import load
from study.tasks.classification.schema import Data, Recipe
from study.tasks.classification.train import fit, joined
from study.trial.callbacks import Callbacks, Stopped

IMAGES = load(Data(name="digits", img_size=32, train_limit=64, val_limit=32))
PLAIN = Recipe(
    epochs=3,
    batch_size=16,
    lr=0.05,
    warmup_epochs=0,
    color_jitter=0,
    hflip=0,
    interpolation="nearest",
    crop_pct=1,
)
RICH = PLAIN.model_copy(
    update={
        "opt": "adamw",
        "lr": 2e-3,
        "warmup_epochs": 1,
        "mixup": 0.8,
        "cutmix": 1.0,
        "model_ema": True,
        "model_ema_decay": 0.9,
        "clip_grad": 1.0,
        "layer_decay": 0.8,
        "grad_accum_steps": 2,
        "reprob": 0.5,
    }
)


def recipe(**keys):
    return PLAIN.model_copy(update=keys)


def vit(drop_path_rate=0.2):
    torch.manual_seed(0)
    return timm.create_model(
        "test_vit",
        img_size=32,
        num_classes=10,
        drop_path_rate=drop_path_rate,
        proj_drop_rate=drop_path_rate,
    )


def rest():
    torch.manual_seed(0)
    # At 32 px the last map is one pixel, of which the instance norm has no variance.
    return timm.create_model("test_rest", num_classes=10, attn_norm=False)


def resnet():
    torch.manual_seed(0)
    return timm.create_model("test_resnet", num_classes=10)


def same(ours, theirs):
    """Whether two state dicts, or dicts of arrays, hold the same bits."""
    return ours.keys() == theirs.keys() and all(
        np.array_equal(np.asarray(ours[k]), np.asarray(theirs[k])) for k in ours
    )


def timeless(history):
    return [
        {k: v for k, v in row.plain.items() if k not in ("seconds", "images_per_second")}
        for row in history
    ]


# several processes


def together(world, work, *arguments):
    """What `work(group, *arguments)` returns in each of `world` processes, or their errors."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    context = get_context("forkserver")
    context.set_forkserver_preload(["tests.train.trials"])
    pipes = [context.Pipe(duplex=False) for _ in range(world)]
    members = [
        context.Process(target=_member, args=(rank, world, port, pipes[rank][1], work, arguments))
        for rank in range(world)
    ]
    for member in members:
        member.start()
    for _, end in pipes:
        end.close()
    results = [_result(pipe) for pipe, _ in pipes]
    for member in members:
        member.join()
    return results


def _result(pipe):
    try:
        return pipe.recv()
    except EOFError:
        return "died"


def _member(rank, world, port, pipe, work, arguments):
    place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": world}
    os.environ.update({k: str(v) for k, v in (place | {"RANK": rank, "LOCAL_RANK": rank}).items()})
    torch.set_num_threads(1)
    with joined("cpu") as group:
        try:
            pipe.send(work(group, *arguments))
        except Exception as error:
            pipe.send(group.failed(error))


class Doubled:
    """The images in float64, in which rounding hides nothing."""

    classes = 10
    multi_label = False

    def train_batches(self, *what, **part):
        return _doubled(IMAGES.train_batches(*what, **part))

    def val_batches(self, *what, **part):
        return _doubled(IMAGES.val_batches(*what, **part))


def _doubled(batches):
    return replace(batches, start=lambda: ((x.double(), target) for x, target in batches))


def curve(group, build, given, folder, stop=None):
    """The losses and predictions of a trial in float64; None where it was stopped."""
    calls = iter(range(1, 1000))
    how = {"folder": folder, "caller": Callbacks(stop=lambda: next(calls) == stop), "group": group}
    try:
        fitted = fit(build().double(), Doubled(), given, seed=3, **how)
    except Stopped:
        return None
    losses = [(row.train_loss, row.loss) for row in fitted.history]
    return losses, fitted.predictions["top"][:, 0]

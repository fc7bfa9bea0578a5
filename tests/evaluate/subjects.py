"""Evaluations computed once more, without the code under test."""

import tarfile

import numpy as np
import timm
import torch
from torch.nn.functional import cross_entropy

from study.models.released_checkpoints import checkpoint_filter_fn
from study.tasks.classification import evaluate as evaluation
from study.tasks.classification import train


def logits(model, x):
    with torch.inference_mode():
        return model.eval()(x)


def metrics(logits, targets):
    """Computed once more, without the code under test."""
    ranks = np.argsort(-logits.numpy(), axis=1)
    hits = ranks == targets.numpy()[:, None]
    top1, top5 = float(hits[:, 0].mean()), float(hits[:, :5].any(1).mean())
    return {"top1": top1, "top5": top5, "loss": cross_entropy(logits, targets).item()}


def compared(record, expected):
    """The metrics of a record that are computed once more."""
    return {name: record.metrics[name] for name in expected}


def filled(path, *, size=64, key="state_dict", **arguments):
    """timm's way: built at the size that is asked for."""
    model = timm.create_model("test_rest", num_classes=10, img_size=size, **arguments)
    state = torch.load(path, weights_only=True)[key]
    model.load_state_dict(checkpoint_filter_fn(state, model))
    return model


def tarred(folder):
    path = folder.with_suffix(".tar")
    with tarfile.open(path, "w") as tar:
        tar.add(folder, arcname=".")
    return path


def subject(checkpoint, images, **look):
    return evaluation.named("test_rest", checkpoint, images=images, look=look)


def folder(root, split="."):
    return {"name": "folder", "root": str(root), "val_split": split}


def predictions(subject):
    batches = subject.images.val_batches(subject.recipe)
    seen = train.evaluation(subject.model, batches, recipe=subject.recipe)
    return np.column_stack([seen.target, seen.top])

"""The model of a trial, built from its record with the code and weights of its plan."""

import torch

from study import given_weights, models, registries
from study.errors import SpecError
from study.models import weights
from study.models.backbone import Backbone
from study.models.fast import trainable
from study.spec import plugins
from study.store.records import TrialRecord
from study.tasks.classification.records import ClassifierRecord


def build_model(record: ClassifierRecord, device: str | None = None) -> torch.nn.Module:
    """The model of a trial with random weights."""
    shape, name = dict(record.shape), record.config.model.name
    module: torch.nn.Module = models.build(name, record.arguments, **shape, device=device)
    return module


def starting_model(record: ClassifierRecord) -> torch.nn.Module:
    """The model of a trial with the weights that training starts from.

    Raises:
        SpecError: a file of weights has changed since the trial was planned.
    """
    name, arguments, planned = record.config.model.name, record.arguments, record.weights.sha256
    today = given_weights.weight_digests(name, arguments) if planned else {}
    for key, path in given_weights.weight_files(name, arguments).items():
        if planned and today[key] != planned.get(key):
            raise SpecError(f"{path} has changed since the trial was planned: plan anew")
    new_head = record.weights.new_head
    return weights.started(name, arguments, new_head=new_head, **dict(record.shape))


def on_its_path(model: torch.nn.Module, record: ClassifierRecord) -> torch.nn.Module:
    """The same model, computing in the order in which its recipe trains."""
    if not record.recipe.fast_path:
        return model
    if not isinstance(model, Backbone):  # a plan refuses it by name
        raise SpecError(f"recipe.fast_path: {record.config.model.name} has none; leave it out")
    return trainable(model)


def opened(trial: TrialRecord) -> ClassifierRecord:
    """The record of a classifier, once the plugins that it uses are imported.

    Raises:
        SpecError: a plugin has changed since the trial was planned.
    """
    record = ClassifierRecord.of(trial)
    for plugin in plugins.planned(record.sources):
        registries.register(plugin)
    return record


def image_size(record: ClassifierRecord) -> tuple[int, int, int]:
    """The size of an image, (C, H, W)."""
    return record.shape.size

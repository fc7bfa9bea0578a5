"""The detector of a trial, built from its record with the code and weights of its plan."""

from pathlib import Path

from torch import nn

from study import registries
from study.errors import SpecError
from study.given_weights import sha256
from study.spec import plugins
from study.store.records import TrialRecord
from study.tasks.detection.models import backbone, starting
from study.tasks.detection.models.build import build, inner
from study.tasks.detection.records import DetectionRecord, StartRecord


def opened(trial: TrialRecord) -> DetectionRecord:
    """The record of a detector, once the plugins that it uses are imported.

    Raises:
        SpecError: a plugin has changed since the trial was planned.
    """
    record = DetectionRecord.of(trial)
    for plugin in plugins.planned(record.sources):
        registries.register(plugin)
    return record


def build_detector(record: DetectionRecord, device: str | None = None) -> nn.Module:
    """The detector of a trial with random weights."""
    return build(record.keys, record.config.model.classes, device=device)


def starting_detector(record: DetectionRecord) -> nn.Module:
    """The detector of a trial with the weights that training starts from.

    Raises:
        SpecError: a file of weights has changed since the trial was planned.
    """
    detector = build_detector(record)
    if record.start:
        planned = StartRecord.checked(record.config.model.weights)
        path = Path(record.start)
        # The plan named the trial by the content that it read.
        if sha256(path) != planned.sha256:
            raise SpecError(f"{path} has changed since the trial was planned: plan anew")
        keys = record.keys
        classifier = backbone.classifier(keys.backbone_name, keys.arguments)
        starting.load(classifier, inner(detector), path, planned.key or None)
    return detector

"""The full configuration of an arm, and the digest that its trials are named by."""

import hashlib
import json

from pydantic import BaseModel

from study import given_weights
from study.store.atomic import Record
from study.tasks.detection.config import DetectionConfig
from study.tasks.detection.records import DetectorCost

IDENTITY = 1
"""Part of every digest: raise it when results of the same name come to mean something else."""

NOT_IDENTITY = {"title", "root", "unverified"}
"""Keys that name or locate the same thing."""


def resolved(config: DetectionConfig, cost: DetectorCost) -> Record:
    """The arm's full configuration, with all defaults filled in.

    Files are named by their location, as the study file writes it; code and weights by digests.
    """
    model, data = config.model, config.data.model_dump(mode="json", exclude=NOT_IDENTITY)
    data |= {"root": config.root} if config.data.root is not None else {}
    return {
        "model": {
            "keys": model.model_dump(mode="json", exclude={"backbone"}),
            "classes": cost.classes,
            "backbone": model.backbone_name,
            "arguments": given_weights.identified(cost.arguments),
            **({"code": cost.code} if cost.code else {}),
            **({"weights": cost.weights.plain} if cost.weights else {}),
        },
        "data": data,
        "recipe": config.recipe.model_dump(mode="json", exclude=NOT_IDENTITY),
    }


def digest(full: Record, config: DetectionConfig, cost: DetectorCost) -> str:
    """The name of an arm: ten hex characters that depend on what departs from the defaults.

    Only departures count, so that a field added later leaves the names of earlier results alone.
    """
    # None may be a default, so it cannot stand for a missing one.
    absent, model = object(), dict(full.get("model", {}))
    given = model.get("arguments", {}).items()
    arguments = {k: value for k, value in given if value != cost.defaults.get(k, absent)}
    departures = {
        "model": {**model, "arguments": arguments, "keys": _departures(config.model)},
        "data": _departures(config.data) | ({"root": config.root} if config.root else {}),
        "recipe": _departures(config.recipe),
    }
    # Sorted, as the order of keys in a study file changes nothing.
    text = json.dumps([IDENTITY, "detection", departures], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def _departures(keys: BaseModel) -> Record:
    return keys.model_dump(mode="json", exclude=NOT_IDENTITY | {"backbone"}, exclude_defaults=True)

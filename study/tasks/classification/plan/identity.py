"""The full configuration of an arm, and the digest that its trials are named by."""

import hashlib
import json
from collections.abc import Collection, Mapping
from typing import Protocol

from pydantic import BaseModel

from study import registries
from study.store.atomic import Record
from study.tasks.classification.config import Config
from study.tasks.classification.schema import Data, Recipe

IDENTITY = 1
"""Part of every digest: raise it when results of the same name come to mean something else."""

NOT_IDENTITY = {"title", "root", "download", "unverified", "ignore"}
"""Keys that name or locate the same thing, or list files that are never read."""

PLACED = ("folder", "csv", "npz", "hf", "wds")  # kinds of data that only their location tells apart


class Built(Protocol):
    """The part of an arm's cost record that says which model was built."""

    @property
    def model(self) -> str: ...
    @property
    def arguments(self) -> Mapping[str, object]: ...
    @property
    def code(self) -> Mapping[str, object]: ...
    @property
    def weights(self) -> Mapping[str, object] | None: ...
    @property
    def num_classes(self) -> int: ...


def resolved(config: Config, built: Built, metrics: Collection[str] = ()) -> Record:
    """The arm's full configuration: defaults are filled in, the model's own from `built`.

    `metrics` are those that the study uses. Images that only their location tells apart are named
    by it, as the study file writes it. Code of the user and given weights are named by their
    digests.
    """
    data = config.data.model_dump(mode="json", exclude=NOT_IDENTITY)
    data |= {"num_classes": built.num_classes}
    kind = config.data.name.partition("/")[0]
    if kind in PLACED or kind in registries.names("data"):
        data["root"] = config.root
    if config.data.class_folder == "inner":  # as folders were read before there was a choice
        data["class_folder"] = None
    return {
        "model": {"name": built.model, "arguments": built.arguments}
        | ({"code": built.code} if built.code else {})
        | ({"weights": built.weights} if built.weights else {}),
        "data": data,
        "recipe": config.recipe.model_dump(mode="json", exclude=NOT_IDENTITY),
        **({"code": code} if (code := used_code(config, metrics)) else {}),
    }


def used_code(config: Config, metrics: Collection[str]) -> dict[str, str]:
    """The digests of the plugins that an arm uses in training and evaluation, by name."""
    recipe = config.recipe
    return registries.used_plugins(
        {
            "data": {config.data.name.partition("/")[0]},
            "transform": {recipe.transform},
            "loss": {recipe.loss_name},
            "optimizer": {recipe.optimizer_name},
            "schedule": {recipe.sched},
            "metric": metrics,
        }
    )


def digest(
    full: Record, defaults: Mapping[str, object], draws: Mapping[str, int] | None = None
) -> str:
    """The name of an arm: ten hex characters that depend on what departs from the defaults.

    Only departures count, so that a field added later leaves the names of earlier results alone.
    `defaults` are the model's arguments when none is given. `draws` are the versions of the random
    draws that have an effect: raising one renames the trials whose images it changes, and no other.
    """
    model = full["model"]
    departures: dict[str, object] = {
        "model": [model["name"], _departures(model["arguments"], defaults)]
        + ([model["code"]] if "code" in model else [])
        + ([{"weights": model["weights"]}] if "weights" in model else []),
        "data": _departures(full["data"], _field_defaults(Data)),
        "recipe": _departures(full["recipe"], _field_defaults(Recipe)),
    }
    departures |= {"draws": dict(draws)} if draws else {}
    departures |= {"code": full["code"]} if "code" in full else {}
    # Sorted, as the order of keys in a study file changes nothing.
    text = json.dumps([IDENTITY, departures], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def _departures(values: Mapping[str, object], defaults: Mapping[str, object]) -> dict[str, object]:
    # None may be a default, so it cannot stand for a missing one.
    absent = object()
    return {key: value for key, value in values.items() if value != defaults.get(key, absent)}


def _field_defaults(schema: type[BaseModel]) -> dict[str, object]:
    fields = schema.model_fields.items()
    return {name: field.default for name, field in fields if not field.is_required()}

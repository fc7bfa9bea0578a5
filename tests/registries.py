"""Registries as they were before a test."""

from collections.abc import Callable
from copy import copy
from typing import Any

from timm.models import _registry

from study.registries import REGISTRATIONS, REGISTRIES, registry


def restorer() -> Callable[[], None]:
    """A function that restores every registry to its present entries."""
    # timm keeps its models in module variables such as _model_entrypoints and _deprecated_models.
    private = [value for name, value in vars(_registry).items() if name.startswith(("_m", "_d"))]
    registries = [
        REGISTRATIONS,
        *map(registry, REGISTRIES),
        *(v for v in private if isinstance(v, dict | set)),
    ]
    copies: list[tuple[Any, Any]] = [(each, _copy(each)) for each in registries]

    def restore() -> None:
        # In place, since other modules hold references to these dictionaries.
        for each, entries_before in copies:
            each.clear()
            each.update(entries_before)

    return restore


def _copy(registry: Any) -> Any:
    """A copy of a registry and of the dictionaries, sets and lists directly inside it."""
    if isinstance(registry, set):
        return set(registry)
    # One level deep: timm adds names to sets inside its dictionaries.
    return {k: copy(v) if isinstance(v, dict | set | list) else v for k, v in registry.items()}

"""What building and counting an arm showed, kept in the store so that it is done once.

A card is named by the model, its arguments, the shape of its input and the code that counts: when
any of that changes, the arm is built and counted anew.
"""

import hashlib
import json
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from study.errors import MetricError, SpecError
from study.schema import CLASSES, Data, Recipe
from study.spec import Config
from study.store import Record, Store

COUNTED = ("models", "metrics/__init__.py", "metrics/cost.py", "metrics/counters.py")
"""The code whose change makes a card stale."""


def card(config: Config, store: Store) -> Record:
    """The arm's card, from the store or made now.

    Raises:
        BuildError: there is no such model.
        SpecError: the number of classes cannot be known.
    """
    data, arguments = config.data, dict(config.arguments)
    shape = {"num_classes": classes(data), "in_chans": data.in_chans, "img_size": data.img_size}
    key = named([config.model, arguments, shape, _counting()])
    kept = store.kept("arms", key)
    if kept is None:
        kept = _counted(config.model, arguments, shape)
        store.keep("arms", key, kept)
    return kept


def check(recipe: Recipe, store: Store) -> None:
    """Let timm say what is wrong with a recipe, once.

    Raises:
        SpecError: there is no such optimiser, or it does not take what the recipe gives it.
    """
    key = named(["recipe", recipe.model_dump(mode="json"), version("timm")])
    if store.kept("arms", key) is None:
        from study import train

        train.check(recipe)
        store.keep("arms", key, {"recipe": "timm can follow it"})


def _counted(model: str, arguments: Record, shape: dict[str, int]) -> Record:
    from study import models
    from study.metrics.cost import cost

    def build(device: str) -> Any:
        return models.build(model, arguments, **shape, device=device)

    size = (shape["in_chans"], shape["img_size"], shape["img_size"])
    card: Record = {
        "model": model,
        "shape": shape,
        "arguments": models.resolved(model, arguments),
        "defaults": models.resolved(model, {}),
    }
    built = build("meta")  # a wrong argument is an error of its own, before anything is counted
    try:
        counted = cost(build, size)
    except MetricError as error:
        params = sum(weight.numel() for weight in built.parameters())
        return card | {"cost": {"params": params}, "refused": str(error)}
    return card | {"cost": counted.measurements, "counts": counted.counts}


def classes(data: Data) -> int:
    """How many classes the data has, without reading an image."""
    known = data.num_classes or CLASSES.get(data.name)
    if known:
        return known
    folder = Path(data.root or "", data.train_split).expanduser()
    if data.name == "folder" and folder.is_dir():
        return sum(1 for entry in folder.iterdir() if entry.is_dir())
    raise SpecError(f"num_classes of {data.name} is not known before it is read: say num_classes")


@cache
def _counting() -> list[str]:
    """The code that cards come from, and the versions of the libraries it counts by."""
    return [code(*COUNTED), *(version(name) for name in ("torch", "timm", "fvcore"))]


def code(*parts: str) -> str:
    """A digest of files and folders of this package."""
    root = Path(__file__).parent
    sources = [file for part in parts for file in _sources(root / part)]
    return hashlib.sha256(b"".join(file.read_bytes() for file in sources)).hexdigest()


def _sources(path: Path) -> list[Path]:
    return sorted(path.rglob("*.py")) if path.is_dir() else [path]


def named(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]

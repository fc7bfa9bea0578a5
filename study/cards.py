"""What building and counting an arm showed, kept in the store so that it is done once.

A card is named by the model, its arguments, the shape of its input and the code that counts: when
any of that changes, the arm is built and counted anew.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from importlib.metadata import version
from typing import Any

from study import given, images, records
from study.errors import BuildError, MetricError, SizeError, StudyError
from study.origin import CHANGE_NO_NUMBER, code_behind, digest
from study.schema import Data
from study.spec import Config
from study.store import Record, Store

OUTSIDE_COUNTING = (
    *CHANGE_NO_NUMBER,
    "study.images",  # the number of classes is part of the key
    "study.imports",  # locates the user's modules, whose digests are part of the key
    "study.schema",
    "study.spec",  # what they say of an arm is part of the key
)
"""Modules whose change leaves the cost of an arm as it is."""

TINY = 64  # pixels a side, at which a switch shows whether it does anything


def card(config: Config, store: Store) -> Record:
    """The arm's card, from the store or made now.

    Raises:
        SizeError: the model takes no such images.
        BuildError: there is no such model, or its weights are not.
        SpecError, DataError: the number of classes cannot be known.
    """
    name = key(config, store)
    kept = store.kept("arms", name, records.Card)
    if kept is None:
        kept = _counted(config, _shape(config.data, store))
        store.keep("arms", name, kept)
    if "impossible" in kept:
        raise SizeError(kept["impossible"])
    return kept


def key(config: Config, store: Store) -> str:
    """What a card is kept under."""
    own = [(source.name, source.digest) for source in config.sources]
    weights = given.digests(config.model, config.arguments)
    asked = [config.model, dict(config.arguments), _shape(config.data, store), own, _counting()]
    return digest([*asked, weights] if weights else asked)


def alike(one: Config, other: Config, store: Store) -> bool:
    """Whether two models cost the same to the last count and answer the same, at equal weights."""
    cards = [card(config, store) for config in (one, other)]
    if cards[0].get("weights") != cards[1].get("weights"):
        return False
    told = [(c["cost"], c.get("counts"), c["shape"]) for c in cards]
    if told[0] != told[1]:
        return False
    name = digest(["alike", *sorted(key(config, store) for config in (one, other))])
    kept = store.kept("arms", name, records.Alike)
    if kept is None:
        kept = {"alike": _answer_alike(one, other, cards[0]["shape"])}
        store.keep("arms", name, kept)
    return bool(kept["alike"])


def _answer_alike(one: Config, other: Config, shape: dict[str, int]) -> bool:
    """At a tiny size, which is quick; and at the real one before a switch is called dead."""
    from study.models import differences

    shown = []
    for side in sorted({min(TINY, shape["img_size"]), shape["img_size"]}):
        small = shape | {"img_size": side}
        first, second = (_builder(config, small) for config in (one, other))
        with suppress(BuildError, *differences.REFUSALS):  # too small, or not in double precision
            shown.append(differences.alike(first, second, _size(small)))
            if not shown[-1]:
                return False
    return bool(shown)


def _shape(data: Data, store: Store) -> dict[str, int]:
    count = images.classes(data, store)
    return {"num_classes": count, "in_chans": data.in_chans, "img_size": data.img_size}


def _counted(config: Config, shape: dict[str, int]) -> Record:
    from study import models
    from study.metrics.cost import cost
    from study.models import answer, differences, foreign, weights

    build = _builder(config, shape)

    def resized(device: str, side: int) -> Any:
        return _builder(config, shape | {"img_size": side})(device)

    resolved = models.resolved(config.model, given.identified(config.arguments))
    card: Record = {
        "model": models.called(config.model),
        "shape": shape,
        "arguments": resolved,
        "defaults": models.resolved(config.model, {}),
        "slots": {slot: [*parts] for slot, parts in models.SLOTS.items() if slot in resolved},
        "code": foreign.used(config.model, resolved),
    }
    with _blamed(config, card["code"]):
        try:  # a wrong argument is an error of its own, before anything is counted
            card["misfit"] = answer.misfit(_called(config, card["code"]), resized, shape)
        except SizeError as error:
            return card | {"cost": {}, "impossible": str(error)}
        if start := weights.identity(config.model, config.arguments):
            card["weights"] = start
            weights.refuse_misfit(config.model, config.arguments, **shape)
        params = sum(weight.numel() for weight in build("meta").parameters())
        try:
            counted = cost(build, _size(shape), resized)
        except MetricError as error:
            return card | {"cost": {"params": params}, "refused": str(error), "unreached": []}
        card["unreached"] = differences.unreached(build, _size(shape))
    found = {"counts": counted.counts, "stages": counted.stages}
    return card | {"cost": counted.measurements, **found}


@contextmanager
def _blamed(config: Config, code: Record) -> Iterator[None]:
    """What goes wrong in a model with parts of the user's own is told as theirs."""
    try:
        yield
    except StudyError:
        raise
    except Exception as error:
        if not code:
            raise
        said = f"{type(error).__name__}: {error}".splitlines()[0]
        told = f"{_called(config, code)}: {said}"
        raise BuildError(f"{told} (study parts --check says more)") from error


def _called(config: Config, code: Record) -> str:
    return f"{config.model} with parts of {', '.join(code)}" if code else config.model


def _builder(config: Config, shape: Mapping[str, Any]) -> Callable[[str], Any]:
    from study import models
    from study.models import foreign

    try:
        for source in config.sources:
            foreign.register(source)
    except BuildError as error:  # no fault of the study's
        raise StudyError(str(error)) from error
    return lambda device: models.build(config.model, config.arguments, **shape, device=device)


def _size(shape: Mapping[str, int]) -> tuple[int, int, int]:
    return shape["in_chans"], shape["img_size"], shape["img_size"]


@cache
def _counting() -> list[str]:
    """The code that cards come from, and the versions of the libraries it counts by."""
    own = code_behind(__name__, ignoring=OUTSIDE_COUNTING)
    return [own, *(version(name) for name in ("torch", "timm", "fvcore"))]

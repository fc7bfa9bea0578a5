"""The cost of an arm: its model built and counted on the meta device, once.

The store keeps it under a digest of the model, its arguments, the shape of its input and the code
that counts. When any of these changes, the arm is counted anew.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache, partial
from importlib.metadata import version
from typing import TYPE_CHECKING, cast

from study import given_weights, registries
from study.errors import BuildError, MetricError, SizeError
from study.spec.image_size import ImageSize, of_sides, sides
from study.store.provenance import CHANGE_NO_NUMBER, code_behind, digest
from study.store.store import Store
from study.tasks.classification.config import Config
from study.tasks.classification.plan import images
from study.tasks.classification.records import ModelCost, Shape
from study.tasks.classification.schema import Data

if TYPE_CHECKING:
    from torch import nn

    from study.models.factory import ImageShape

OUTSIDE_COUNTING = (
    *CHANGE_NO_NUMBER,
    "study.tasks.classification.plan.image_summaries",
    "study.tasks.classification.plan.images",  # the number of classes is part of the key
    "study.spec.plugins",  # locates the user's modules, whose digests are part of the key
    "study.registries",  # imports them
    "study.spec.schema",
    "study.tasks.classification.schema",
    "study.tasks.classification.config",
    "study.tasks.classification.records",
    "study.spec.study",  # what they say of an arm is part of the key
)
"""Modules whose change leaves the cost of an arm as it is."""

TINY = 64  # pixels a side; large enough for most switches to change the output


def arm_cost(config: Config, store: Store, *, audited: bool = True) -> ModelCost:
    """The cost of an arm, from the store or counted now.

    Unless `audited`, one counter is enough, which takes a hundredth of the time.

    Raises:
        SizeError: the model takes no such images.
        BuildError: there is no such model, or its weights are not.
        SpecError, DataError: the number of classes cannot be known.
    """
    name = key(config, store)
    cost = stored(name, store, audited=audited)
    if cost is None:
        cost = counted(config, shape_of(config.data, store), audited=audited)
        store.keep("arms", name, cost)
    if cost.impossible:
        raise SizeError(cost.impossible)
    return cost


def stored(name: str, store: Store, *, audited: bool = True) -> ModelCost | None:
    """The cost under a key as the store has it; None if absent, or not `audited` as wanted."""
    cost = store.record("arms", name, ModelCost)
    return cost if cost and (cost.audited or not audited) else None


def key(config: Config, store: Store) -> str:
    """The key of an arm's cost in the store."""
    own = [(source.name, source.digest) for source in config.plugins]
    weights = given_weights.weight_digests(config.model, config.arguments)
    shape = dict(shape_of(config.data, store))
    parts = [config.model, dict(config.arguments), shape, own, _counting()]
    more = [weights] if weights else []
    # The part `weights` may start a new classifier, which the arguments of a model may not.
    more += [{"trial": config.weights.trial}] if config.weights_part else []
    return digest([*parts, *more])


def outputs_alike(left: Config, right: Config, shape: Shape) -> bool:
    """Compare outputs at a tiny image size, which is quick, and at the real one if they agree."""
    from study.models import equivalence

    comparisons: list[bool] = []
    # Both sizes must agree before a switch counts as one without effect.
    tiny = of_sides(*(min(TINY, side) for side in sides(shape.img_size)))
    for size in dict.fromkeys((tiny, shape.img_size)):
        small = shape.model_copy(update={"img_size": size})
        first, second = (_builder(config, small) for config in (left, right))
        with suppress(BuildError, *equivalence.REFUSALS):  # too small, or not in double precision
            comparisons.append(equivalence.equivalent(first, second, small.size))
            if not comparisons[-1]:
                return False
    return bool(comparisons)


def shape_of(data: Data, store: Store) -> Shape:
    """The classes, channels and image size in pixels that a model is built for."""
    count = images.classes(data, store)
    return Shape(num_classes=count, in_chans=data.in_chans, img_size=data.img_size)


def counted(config: Config, shape: Shape, *, audited: bool = True) -> ModelCost:
    """The cost of a model, and the results of building it; raises as `arm_cost` does."""
    from study import models

    arguments = models.resolved(config.model, given_weights.identified(config.arguments))
    code = registries.plugins_of_model(config.model, arguments)
    built = partial(
        ModelCost,
        model=models.called(config.model),
        shape=shape,
        arguments=arguments,
        defaults=models.resolved(config.model, {}),
        slots={slot: [*parts] for slot, parts in models.SLOTS.items() if slot in arguments},
        code=code,
    )
    with registries.named_cause(_called(config, code), code):
        _refuse_misshapen(config, shape)
        # Given weights must fit the model, which only the audit finds out.
        quick = not (audited or code or given_weights.has_given_weights(config.arguments))
        if quick and (cost := _by_one_counter(config, shape, built)):
            return cost
        return _measured(config, shape, built, name=_called(config, code))


def _refuse_misshapen(config: Config, shape: Shape) -> None:
    """Raises BuildError for modules whose replacement gives another output shape."""
    from study.models import factory, surgery
    from study.models.replacement_shapes import refuse_misshapen

    def whole(device: str) -> "nn.Module":
        return factory.whole(config.model, config.arguments, **shape.model_dump(), device=device)

    if patterns := surgery.checked(config.arguments.get(surgery.REPLACE, {})):
        refuse_misshapen(whole, patterns, shape.size)


def _by_one_counter(
    config: Config, shape: Shape, built: Callable[..., ModelCost]
) -> ModelCost | None:
    """`built` with costs, not audited; None for a model that only the audit can judge."""
    from study.metrics.cost import REFUSALS, cost_by_one_counter

    model = _builder(config, shape)("meta")
    with suppress(MetricError, *REFUSALS):
        cost = cost_by_one_counter(model, shape.size)
        costs, counts = cost.measurements, cost.counts
        return built(cost=costs, counts=counts, stages=cost.stages, audited=False)
    return None


def _measured(
    config: Config, shape: Shape, built: Callable[..., ModelCost], *, name: str
) -> ModelCost:
    """`built` with costs, or with the reason why the model has none."""
    from study.metrics.cost import cost
    from study.models import equivalence, outputs, weights

    build = _builder(config, shape)

    def resized(device: str, size: ImageSize) -> "nn.Module":
        return _builder(config, shape.model_copy(update={"img_size": size}))(device)

    try:  # a wrong argument is an error of its own, before anything is counted
        misfit = outputs.misfit(name, resized, cast("ImageShape", dict(shape)))
    except SizeError as error:
        return built(cost={}, impossible=str(error))
    built = partial(built, misfit=misfit)
    if start := weights.identity(config.model, config.arguments):
        start |= {"trial": config.weights.trial} if config.weights.trial else {}
        head = weights.random_classifier(
            config.model, config.arguments, new_head=config.weights_part, **dict(shape)
        )
        built = partial(built, weights=start, **({"new_head": head} if head else {}))
    # Parameters need no counter, so they are reported even where operations are refused.
    params = sum(weight.numel() for weight in build("meta").parameters())
    try:
        counted = cost(build, shape.size, resized)
    except MetricError as error:
        return built(cost={"params": params}, refused=str(error), unreached=[])
    return built(
        cost=counted.measurements,
        counts=counted.counts,
        stages=counted.stages,
        unreached=equivalence.unreached(build, shape.size),
    )


def _called(config: Config, code: Mapping[str, str]) -> str:
    return f"{config.model} with parts of {', '.join(code)}" if code else config.model


def _builder(config: Config, shape: Shape) -> "Callable[[str], nn.Module]":
    from study import models

    return lambda device: models.build(config.model, config.arguments, **dict(shape), device=device)


@cache
def _counting() -> list[str]:
    """The digest of the code that counts, and the versions of the libraries that it uses."""
    own = code_behind(__name__, ignoring=OUTSIDE_COUNTING)
    return [own, *(version(name) for name in ("torch", "timm", "fvcore"))]

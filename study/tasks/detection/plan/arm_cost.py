"""The cost of an arm: its detector built and counted on the meta device, once.

The store keeps it under a digest of the detector, its weights and the code that counts. When any of
these changes, the arm is counted anew. Costs are those of one image of 800 x 1280 pixels, or of the
recipe's `test_size` by 1.6 times as much; see `DenseLayers` for what is counted.
"""

from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING

from study import registries
from study.errors import MetricError, SizeError
from study.given_weights import sha256
from study.store.atomic import Record
from study.store.provenance import CHANGE_NO_NUMBER, code_behind, digest
from study.store.store import Store
from study.tasks.detection.config import DetectionConfig, LocatedStart
from study.tasks.detection.plan.classes import classes
from study.tasks.detection.records import DetectorCost, StartRecord
from study.tasks.detection.schema import DetectionRecipe, DetectorKeys

if TYPE_CHECKING:
    from torch import nn

OUTSIDE_COUNTING = (
    *CHANGE_NO_NUMBER,
    "study.tasks.detection.data",
    "study.tasks.detection.schema",
    "study.tasks.detection.config",
    "study.tasks.detection.records",
    "study.tasks.detection.plan.classes",  # the number of classes is part of the key
    "study.registries",
    "study.spec.plugins",  # their digests are part of the key
    "study.spec.schema",
    "study.spec.study",
)
"""Modules whose change leaves the cost of an arm as it is."""

DIVISOR = 32


def counted_size(recipe: DetectionRecipe) -> tuple[int, int]:
    """Height and width of the image that costs are of: 800 x 1280, the usual size, for COCO."""
    width = min(recipe.test_size * 8 // 5, recipe.max_size)
    height, width = (-(-side // DIVISOR) * DIVISOR for side in (recipe.test_size, width))
    return height, width


def arm_cost(config: DetectionConfig, store: Store, *, audited: bool = True) -> DetectorCost:
    """The cost of an arm, from the store or counted now.

    Raises:
        SizeError: the backbone takes no images as small as the recipe's.
        BuildError: there is no such backbone, or weights do not fit it.
    """
    count = classes(config.data, store)
    name = _key(config, count)
    cost = store.record("arms", name, DetectorCost)
    if cost is None or (audited and not cost.audited):
        cost = counted(config, count, audited=audited)
        store.keep("arms", name, cost)
    if cost.impossible:
        raise SizeError(cost.impossible)
    return cost


def _key(config: DetectionConfig, count: int) -> str:
    own = [(source.name, source.digest) for source in config.plugins]
    start = config.located
    weights = [sha256(start.path), start.key, start.trial] if start else []
    keys = config.model.model_dump(mode="json")
    # Only sizes that change the cost, or that a backbone may refuse.
    sides = [counted_size(config.recipe), min(*config.recipe.sizes, config.recipe.test_size)]
    return digest([keys, count, sides, own, weights, _counting()])


def counted(config: DetectionConfig, count: int, *, audited: bool) -> DetectorCost:
    """Build and count a detector; with `audited` by three counters instead of one."""
    # Before anything is built: plugins may define the backbone or its parts.
    for plugin in config.plugins:
        registries.register(plugin)
    keys = config.model
    code = registries.plugins_of_model(keys.backbone_name, keys.arguments)
    named = f"{keys.backbone_name} with parts of {', '.join(code)}" if code else keys.backbone_name
    with registries.named_cause(named, code):
        return _counted(config, count, code, audited=audited)


def _counted(
    config: DetectionConfig, count: int, code: Mapping[str, str], *, audited: bool
) -> DetectorCost:
    from study.models import factory
    from study.tasks.detection.models import backbone

    keys = config.model
    name, arguments = keys.backbone_name, keys.arguments
    body = backbone.classifier(name, arguments, device="meta")
    backbone.refuse_idle(name, arguments)
    backbone.refuse_mapless(name, body, keys.reductions)
    impossible = _too_small(body, name, config.recipe)
    more: Record = {"impossible": impossible} if impossible else {}
    more |= {"weights": _start(keys, config.located)} if config.located else {}
    costs = DetectorCost(
        arguments=factory.resolved(name, arguments),
        defaults=factory.resolved(name, {}),
        classes=count,
        code={**code},
        audited=audited,
        **more,
    )
    if impossible:
        return costs
    # Else every trial would fail, and nothing but a cost that is missing would say so.
    backbone.refuse_shape(name, arguments, counted_size(config.recipe))
    return _measured(costs, keys, counted_size(config.recipe))


def _too_small(body: "nn.Module", name: str, recipe: DetectionRecipe) -> str:
    from study.tasks.detection.models.backbone import refuse_small

    # A backbone sees the padded image.
    side = -(-min(*recipe.sizes, recipe.test_size) // DIVISOR) * DIVISOR
    try:
        refuse_small(body, name, (side, side))
    except SizeError as error:
        return str(error)
    return ""


def _start(keys: DetectorKeys, start: LocatedStart) -> StartRecord:
    from study.tasks.detection.models import backbone, starting
    from study.tasks.detection.models.build import build, inner

    # With values, since the renaming of a family's checkpoints may resize tensors.
    classifier = backbone.classifier(keys.backbone_name, keys.arguments)
    fit = starting.fit(classifier, inner(build(keys, 1)), start.path, start.key)
    return StartRecord(
        sha256=sha256(start.path),
        trial=start.trial,
        key=fit.key,
        loaded=len(fit.tensors),
        missing=list(fit.missing),
        unexpected=list(fit.unexpected),
    )


def _measured(costs: DetectorCost, keys: DetectorKeys, size: tuple[int, int]) -> DetectorCost:
    """The record with costs, or with the reason why there are none."""
    from study.metrics.cost import REFUSALS, cost, cost_by_one_counter
    from study.tasks.detection.models.build import DenseLayers, build

    shape = (3, *size)

    def make(device: str) -> "nn.Module":
        return DenseLayers(build(keys, costs.classes, device=device))

    # Parameters need no counter, so they are reported even where operations are refused.
    params = sum(weight.numel() for weight in make("meta").parameters())
    try:
        result = None
        if not costs.audited:
            with suppress(MetricError, *REFUSALS):
                result = cost_by_one_counter(make("meta"), shape)
        result = result or cost(make, shape)
    except MetricError as error:
        return costs.model_copy(update={"cost": {"params": params}, "refused": str(error)})
    head = sum(result.stages.get("head", {}).values()) if result.stages else None
    measurements = {**result.measurements, "macs_head": head}
    return costs.model_copy(
        update={"cost": measurements, "counts": result.counts, "stages": result.stages}
    )


@cache
def _counting() -> list[str]:
    """The digest of the code that counts, and the versions of the libraries that it uses."""
    own = code_behind(__name__, ignoring=OUTSIDE_COUNTING)
    return [own, *(version(name) for name in ("torch", "torchvision", "timm", "fvcore"))]

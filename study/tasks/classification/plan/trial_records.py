"""The record from which a worker runs a trial."""

from typing import cast

from study import given_weights
from study.store.atomic import Record
from study.store.records import TrialRecord
from study.tasks.arms import ResolvedArm
from study.tasks.classification.config import config_of
from study.tasks.classification.plan.identity import NOT_IDENTITY
from study.tasks.classification.records import GivenWeights, ModelCost

WHERE = (NOT_IDENTITY - {"unverified"}) | {"class_folder"}
"""Keys of `data` that locate the images of a trial; they are no part of its name."""


def record(arm: ResolvedArm, seed: int, study: str) -> TrialRecord:
    """The record from which a worker runs a trial."""
    config, built = config_of(arm.arm), cast(ModelCost, arm.cost_record)
    # The digests name the weights; these paths only say where this machine has them.
    places = {
        key: config.arguments[key] for key in given_weights.ARGUMENTS if key in config.arguments
    }
    files = given_weights.weight_digests(config.model, config.arguments)
    head = {"new_head": True} if built.new_head and config.weights_part else {}
    weights = GivenWeights(arguments=places, sha256=files, **head)
    more: Record = {"weights": weights.plain} if built.weights else {}
    code = {**built.code, **arm.config.parts.get("code", {})}
    return TrialRecord(
        study=study,
        label=arm.label,
        seed=seed,
        config=arm.config,
        shape=built.shape.plain,
        sources=[s.source for s in config.plugins if s.name in code],
        where=config.data.model_dump(mode="json", include=WHERE),
        **more,
    )

"""The records from which workers run the trials that a plan lacks."""

from study.plan.identity import NOT_IDENTITY
from study.plan.plan import Plan, PlannedArm
from study.spec import given_weights
from study.store.records import GivenWeights, TrialRecord

WHERE = (NOT_IDENTITY - {"unverified"}) | {"class_folder"}
"""Keys of `data` that locate the images of a trial; they are no part of its name."""


def record(arm: PlannedArm, seed: int, study: str) -> TrialRecord:
    """The record from which a worker runs a trial."""
    config = arm.arm.config
    # The digests name the weights; these paths only say where this machine has them.
    places = {
        key: config.arguments[key] for key in given_weights.ARGUMENTS if key in config.arguments
    }
    files = given_weights.weight_digests(config.model, config.arguments)
    weights = GivenWeights(arguments=places, sha256=files)
    return TrialRecord(
        study=study,
        label=arm.label,
        seed=seed,
        config=arm.config,
        shape=arm.cost_record.shape,
        sources=[[s.text, s.digest] for s in config.plugins if s.name in arm.cost_record.code],
        where=config.data.model_dump(mode="json", include=WHERE),
        **({"weights": weights} if arm.cost_record.weights else {}),
    )


def records(plan: Plan) -> dict[str, TrialRecord]:
    """The records of missing trials by name, the first seed of every arm first."""
    # Seed by seed, so that an interrupted study has complete rows of fewer seeds.
    missing = [(arm, trial) for arm in plan.arms for trial in arm.trials if not trial.done]
    missing.sort(key=lambda pair: pair[0].trials.index(pair[1]))
    return {trial.name: record(arm, trial.seed, plan.study.name) for arm, trial in missing}

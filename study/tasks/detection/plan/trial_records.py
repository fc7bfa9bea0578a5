"""The record from which a worker runs a trial."""

from typing import cast

from study.store.atomic import Record
from study.store.records import TrialRecord
from study.tasks.arms import ResolvedArm
from study.tasks.detection.config import config_of
from study.tasks.detection.records import DetectorCost


def record(arm: ResolvedArm, seed: int, study: str) -> TrialRecord:
    """The record from which a worker runs a trial."""
    # Places are those of this machine; digests in the configuration say what lies there.
    config, cost = config_of(arm.arm), cast(DetectorCost, arm.cost_record)
    more: Record = {"start": str(config.located.path)} if config.located else {}
    return TrialRecord(
        task="detection",
        study=study,
        label=arm.label,
        seed=seed,
        config=arm.config,
        sources=[s.source for s in config.plugins if s.name in cost.code],
        where={"root": config.data.root} if config.data.root else {},
        **more,
    )

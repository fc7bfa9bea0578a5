"""The arms of a study resolved: built, counted and named, and every level checked."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import cast

from study.errors import StudyError
from study.spec.reader import ReadStudy
from study.spec.study import Arm, Study
from study.store.cost_records import ArmCost
from study.store.store import Store
from study.tasks.arms import ResolvedArm, ResolvedArms
from study.tasks.classification.config import config_of
from study.tasks.classification.plan import (
    arm_cost,
    gradients,
    levels,
    notes,
    pairing,
    qualities,
    schedules,
    starting,
)
from study.tasks.classification.plan.arms import arms as resolved
from study.tasks.classification.plan.arms import resolved_arm
from study.tasks.classification.plan.costs import CostRecords, sample
from study.tasks.classification.records import ModelCost


def arms(
    file: ReadStudy, store: Store, *, audit_all: bool, tell: Callable[[str], None]
) -> ResolvedArms:
    """The arms of a study; of more than `costs.AUDITED` a sample is audited, unless `audit_all`."""
    read_study, configurations = file.complete()
    study, absent = starting.located_study(read_study, file.places, store)
    costs = CostRecords(store, study.arms if audit_all else sample(study.arms))
    costs.prepare(study.arms, tell)
    every = resolved(study, configurations, costs)
    dead, level_notes = levels.problems(every)
    unlearnt, other_notes = gradients.unlearnt(every)

    def cost(arm: Arm) -> ArmCost:
        return costs.of(config_of(starting.located(arm, store)))

    def resolve(arm: Arm) -> ResolvedArm:
        return resolved_arm(study, arm, costs.of(config_of(arm), audited=costs.audits(arm)))

    return ResolvedArms(
        arms=every.resolved,
        problems=[
            *absent,
            *qualities.problems(study, file.places),
            *every.problems,
            *dead,
            *unlearnt,
        ],
        notes=[
            *level_notes,
            *other_notes,
            *notes.unaudited(every.resolved),
            *notes.partly_fast(study, every.resolved),
            *pairing.notes(every),
            *starting.notes(study, every.resolved, store),
        ],
        cost=cost,
        resolve=resolve,
    )


def resolved_alone(file: ReadStudy, arm: Arm, store: Store) -> ResolvedArms:
    """An arm of other values than the file's: built and named, and compared with no other."""
    study, configurations = file.complete()
    alone, absent = starting.located_study(replace(study, arms=(arm,)), file.places, store)
    # Costs of the same model are in the store, and an audit of every proposal shows nothing new.
    every = resolved(alone, configurations, CostRecords(store, ()))
    return ResolvedArms(every.resolved, [*absent, *every.problems])


def effective_settings(study: Study, arm: ResolvedArm, store: Store) -> object:
    """The settings of an arm that have an effect; of its model and data all count."""
    recipe = config_of(arm.arm).recipe
    schedule = schedules.recipe_schedule(recipe, store) if study.seeds else None
    others = {k: v for k, v in arm.config.values.items() if not k.startswith("recipe.")}
    return [others, schedules.effective_settings(config_of(arm.arm), study.columns, schedule)]


def alternatives(arm: ResolvedArm, store: Store) -> Iterator[tuple[str, str, ArmCost]]:
    """The costs of an arm with another part in one slot, for every slot and part."""
    settings, built = config_of(arm.arm), cast(ModelCost, arm.cost_record)
    for slot, parts in built.slots.items():
        for part in parts:
            if part != built.arguments[slot]:
                other = replace(settings, arguments={**settings.arguments, slot: part})
                with suppress(StudyError):  # a part that cannot be built here explains nothing
                    yield slot, part, arm_cost.arm_cost(other, store)

"""The arms of a study: each built, its cost counted, its digest computed, its problems collected.

An arm with a problem is compared with no other arm, but all its parts are checked, so that one run
of `study plan` reports every mistake.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from study.errors import BuildError, DataError, SizeError, SpecError
from study.plan import arm_cost, schedules
from study.plan.identity import digest, resolved
from study.spec import designs, given_weights
from study.spec.arm_names import own_names
from study.spec.problems import Problem
from study.spec.schema import Recipe, versions
from study.spec.study import Arm, Study
from study.store.cost_records import ArmCost
from study.store.store import Record, Store


@dataclass(frozen=True)
class ResolvedArm:
    """An arm without problems, and its configuration with all defaults filled in."""

    arm: Arm
    label: str
    digest: str
    config: Record
    cost_record: ArmCost


@dataclass
class Arms:
    """The arms of a study in the order of its designs, and their problems."""

    designed: list[Arm] = field(default_factory=list)
    resolved: list[ResolvedArm] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def arms(study: Study, store: Store) -> Arms:
    """All arms, the baseline first; a problem that arms inherit from it is reported once."""
    try:
        every = Arms(designs.arms(study))
    except SpecError as error:  # a design that does not fit the factors
        return Arms(problems=[Problem(str(error), study.root.key(["design"]))])
    inherited = set[str]()
    for arm in every.designed:
        cost_record, wrong = _built(study, arm, store)
        every.problems += [p for p in wrong if p.message not in inherited]
        # The baseline comes first, so its problems are known when other arms repeat them.
        if not any(arm.choices):
            inherited = {problem.message for problem in wrong}
        if cost_record is not None and not wrong:
            every.resolved.append(_resolved(study, arm, cost_record))
    every.problems += _twins(study, every.resolved)
    return every


def unique_names(study: Study, every: Arms) -> dict[str, str]:
    """A unique name for each digest of an arm: its label, unless another arm has the same."""
    names = own_names(study, [entry.arm.choices for entry in every.resolved])
    both = zip(every.resolved, names, strict=True)
    return {entry.digest: entry.label if entry.label in own else own[0] for entry, own in both}


def _resolved(study: Study, arm: Arm, cost_record: ArmCost) -> ResolvedArm:
    config = resolved(arm.config, cost_record)
    name = digest(config, cost_record.defaults, versions(arm.config.data, arm.config.recipe))
    return ResolvedArm(arm, study.label(arm.choices), name, config, cost_record)


def _twins(study: Study, entries: Sequence[ResolvedArm]) -> list[Problem]:
    """Problems of arms with the same digest, whose difference would be exactly 0."""
    first = dict[str, ResolvedArm]()
    return [
        Problem(f"{entry.label} computes the same as {twin.label}", study.place(entry.arm.choices))
        for entry in entries
        if (twin := first.setdefault(entry.digest, entry)) is not entry
    ]


def _built(study: Study, arm: Arm, store: Store) -> tuple[ArmCost | None, list[Problem]]:
    """The arm's cost record, or None, and the problems of its parts.

    The reader of the file has reported levels that are wrong alone. Here levels may be wrong only
    together.
    """
    wrong = study.configuration(arm.choices)[1]
    wrong += _followed(study, arm, store)
    cost_record, more = _cost_record(study, arm, store)
    return cost_record, wrong + more


def _followed(study: Study, arm: Arm, store: Store) -> list[Problem]:
    """Problems that timm has with a recipe; if the recipe is wrong, with its optimizer alone."""
    tree, recipe = study.trees(arm.choices)["recipe"], arm.config.recipe
    if "recipe" in arm.config.unresolved:
        opt = tree.value.get("opt") if isinstance(tree.value, dict) else None
        if opt is None or not isinstance(opt.value, str):
            return []
        # With defaults for the rest: an unknown optimizer is reported beside other mistakes.
        recipe = Recipe(opt=opt.value)
    try:
        schedules.recipe_schedule(recipe, store)
    except SpecError as error:
        path = [error.key] if error.key and error.key in tree.value else []
        return [Problem(str(error), tree.at(path).location)]
    return []


def _cost_record(study: Study, arm: Arm, store: Store) -> tuple[ArmCost | None, list[Problem]]:
    """The arm's cost record, or its problems: a wrong argument is left out to find the next.

    If the images are unknown, only the problems that the model has with any images.
    """
    config = arm.config
    if "model" in config.unresolved:
        return None, []
    try:
        cost_record = arm_cost.arm_cost(config, store)
    except SizeError as error:
        mark = study.mark(arm.choices, parts=("model", "data"))
        return None, [] if "data" in config.unresolved else [Problem(str(error), mark)]
    except BuildError as error:
        wrong = [Problem(str(error), study.mark(arm.choices, error.argument))]
        # With stand-in images only an unknown name is certain to be a mistake.
        if "data" in config.unresolved and error.argument in (None, *given_weights.ARGUMENTS):
            wrong = [problem for problem in wrong if problem.message.startswith("unknown ")]
        # Built again without the wrong argument, which may hide a second one.
        rest = {k: v for k, v in config.arguments.items() if k != error.argument}
        if len(rest) < len(config.arguments):
            less = replace(arm, config=replace(config, arguments=rest))
            wrong += _cost_record(study, less, store)[1]
        return None, wrong
    except (SpecError, DataError) as error:
        mark = study.trees(arm.choices)["data"].at(["root"]).location
        return None, [] if "data" in config.unresolved else [Problem(str(error), mark)]
    if cost_record.misfit and _trains(study) and "data" not in config.unresolved:
        return None, [Problem(cost_record.misfit, study.mark(arm.choices))]
    return cost_record, []


def _trains(study: Study) -> bool:
    """True if a loss is computed from the models' outputs, so that their shape matters."""
    return bool(study.seeds) or bool({"train_throughput", "memory"} & {*study.columns})

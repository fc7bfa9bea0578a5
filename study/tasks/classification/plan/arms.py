"""The arms of a study: each built, its cost counted, its digest computed, its problems collected.

An arm with a problem is compared with no other arm, but all its parts are checked, so that one plan
reports every mistake that shows when models are built.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property

from study import given_weights
from study.errors import (
    BuildError,
    DataError,
    SizeError,
    SpecError,
    StoreError,
    UnknownModelError,
)
from study.spec.arm_names import own_names
from study.spec.configurations import Configurations
from study.spec.places import Places
from study.spec.problems import Location, Problem
from study.spec.study import Arm, Study
from study.store.records import TrialConfig
from study.tasks.arms import ResolvedArm, duplicates
from study.tasks.classification.config import Config, config_of, evaluates_given_weights
from study.tasks.classification.plan import schedules, starting
from study.tasks.classification.plan.costs import CostRecords
from study.tasks.classification.plan.identity import digest, resolved
from study.tasks.classification.plan.image_summaries import summary
from study.tasks.classification.records import ModelCost, RecipeSchedule
from study.tasks.classification.schema import LISTED, Recipe, versions


@dataclass(frozen=True)
class ResolvedModel(ResolvedArm):
    """An arm whose model was built."""

    cost_record: ModelCost

    @property
    def settings(self) -> Config:
        return config_of(self.arm)


@dataclass
class Arms:
    """The arms of a study in the order of its designs, and their problems."""

    study: Study
    configurations: Configurations
    costs: CostRecords
    resolved: list[ResolvedModel] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def places(self) -> Places:
        return self.configurations.places

    @property
    def unique_names(self) -> dict[str, str]:
        """A unique name for each digest of an arm: its label, unless another arm has the same."""
        names = own_names(self.study, [entry.arm for entry in self.resolved])
        both = zip(self.resolved, names, strict=True)
        return {entry.digest: entry.label if entry.label in own else own[0] for entry, own in both}

    def without(self, arm: Arm, factor: int) -> Arm:
        """The arm with one factor back at its first level, whether a design has it or not."""
        choices = arm.without(factor)
        if choices in self._by_choices:
            return self._by_choices[choices]
        other = self.configurations.arm(choices)
        # An arm of no design: what is wrong with its trial is reported with the arms that have it.
        with suppress(StoreError):
            return starting.located(other, self.costs.store)
        return other

    def schedule(self, recipe: Recipe) -> RecipeSchedule:
        """The learning rates of a recipe, looked up once; raises as `recipe_schedule` does."""
        # By identity, as most arms share one recipe; it is kept, so that no id is used again.
        if id(recipe) not in self._schedules:
            schedule = schedules.recipe_schedule(recipe, self.costs.store)
            self._schedules[id(recipe)] = recipe, schedule
        return self._schedules[id(recipe)][1]

    @cached_property
    def _schedules(self) -> dict[int, tuple[Recipe, RecipeSchedule]]:
        return {}

    @cached_property
    def _by_choices(self) -> dict[tuple[int, ...], Arm]:
        return {arm.choices: arm for arm in self.study.arms}


def arms(study: Study, configurations: Configurations, costs: CostRecords) -> Arms:
    """All arms, the baseline first; a problem that arms inherit from it is reported once."""
    every = Arms(study, configurations, costs)
    inherited = set[str]()
    for arm in study.arms:
        cost_record, wrong = _built(every, arm)
        every.problems += [p for p in wrong if p.message not in inherited]
        # The baseline comes first, so its problems are known when other arms repeat them.
        if not any(arm.choices):
            inherited = {problem.message for problem in wrong}
        if cost_record is not None and not wrong:
            every.resolved.append(resolved_arm(study, arm, cost_record))
    every.problems += duplicates(every.resolved, every.places)
    return every


def resolved_arm(study: Study, arm: Arm, cost_record: ModelCost) -> ResolvedModel:
    """An arm named by its full configuration, once its model was built."""
    settings = config_of(arm)
    config = resolved(settings, cost_record, study.used_names)
    return ResolvedModel(
        arm,
        study.arm_label(arm),
        digest(config, cost_record.defaults, versions(settings.data, settings.recipe)),
        TrialConfig(**config),
        cost_record,
        epochs=settings.recipe.total_epochs,
        evaluates_given_weights=evaluates_given_weights(settings),
        starts_from=settings.weights.trial,
    )


def _built(every: Arms, arm: Arm) -> tuple[ModelCost | None, list[Problem]]:
    """The arm's cost record, or None, and the problems of its parts.

    The reader of the file has reported levels that are wrong alone. Here levels may be wrong only
    together.
    """
    wrong = every.configurations.problems(arm.choices, arm.values) if arm.config.unresolved else []
    wrong += _schedule_problems(every, arm) + _path_problems(every, arm)
    cost_record, more = _cost_record(every, arm)
    if cost_record is not None:
        more += starting.problems(every.study, arm, cost_record, every.places, every.costs.store)
        if not arm.config.unresolved:
            more += _weight_problems(every, arm, cost_record.num_classes)
    return cost_record, wrong + more


def _weight_problems(every: Arms, arm: Arm, classes: int) -> list[Problem]:
    """Problems of the weights of classes, whose number is known now."""
    data, weights = config_of(arm).data, config_of(arm).recipe.class_weights
    message = ""
    if isinstance(weights, list) and len(weights) != classes:
        message = f"class_weights: {len(weights)} weights, and {data.name} has {classes} classes"
    elif weights == "balanced" and data.name in LISTED:
        try:
            counts = summary(data, data.train_split, every.costs.store).counts
        except DataError:  # `images.problems` reports it
            return []
        if len(counts) < classes:
            message = (
                f"class_weights: {classes - len(counts)} of {classes} classes have no training "
                "image, so no frequency; give numbers, or leave the classes out"
            )
    tree = every.places.tree("recipe", arm.choices)
    return [Problem(message, tree.at(["class_weights"]).location)] if message else []


def _schedule_problems(every: Arms, arm: Arm) -> list[Problem]:
    """Problems that timm has with a recipe; if the recipe is wrong, with its optimizer alone."""
    tree, recipe = every.places.tree("recipe", arm.choices), config_of(arm).recipe
    if "recipe" in arm.config.unresolved:
        opt = tree.value.get("opt") if isinstance(tree.value, dict) else None
        if opt is None or not isinstance(opt.value, str):
            return []
        # With defaults for the rest: an unknown optimizer is reported beside other mistakes.
        recipe = Recipe(opt=opt.value)
    try:
        every.schedule(recipe)
    except SpecError as error:
        path = [error.key] if error.key and error.key in tree.value else []
        return [Problem(str(error), tree.at(path).location)]
    return []


def _path_problems(every: Arms, arm: Arm) -> list[Problem]:
    """The problem of a recipe that takes the fast path with a model that has none."""
    config, tree = config_of(arm), every.places.tree("recipe", arm.choices)
    if not config.recipe.fast_path or {"model", "recipe"} & config.unresolved:
        return []
    from study.models.fast import has_fast_path  # torch takes seconds to import

    if has_fast_path(config.model):
        return []
    message = f"fast_path: {config.model} has none (ResT and PVT have); leave it out"
    return [Problem(message, tree.at(["fast_path"]).location)]


def _cost_record(every: Arms, arm: Arm) -> tuple[ModelCost | None, list[Problem]]:
    """The arm's cost record, or its problems: a wrong argument is left out to find the next.

    If the images are unknown, only the problems that the model has with any images.
    """
    config, places = config_of(arm), every.places
    if "model" in config.unresolved:
        return None, []
    try:
        cost_record = every.costs.of(config, audited=every.costs.audits(arm))
    except SizeError as error:
        mark = places.deciding(arm.choices, parts=("model", "data"))
        return None, [] if "data" in config.unresolved else [Problem(str(error), mark)]
    except BuildError as error:
        wrong = [Problem(str(error), _mark(every, arm, error))]
        # With stand-in images only an unknown name is certain to be a mistake.
        if "data" in config.unresolved and error.argument in (None, *given_weights.ARGUMENTS):
            wrong = wrong if isinstance(error, UnknownModelError) else []
        # Built again without the wrong argument, which may hide a second one.
        rest = _without(config.arguments, error)
        if rest != config.arguments:
            less = replace(arm, config=replace(config, arguments=rest))
            wrong += _cost_record(every, less)[1]
        return None, wrong
    except (SpecError, DataError) as error:
        mark = places.of_part("data", arm.choices, "root")
        return None, [] if "data" in config.unresolved else [Problem(str(error), mark)]
    if cost_record.misfit and _trains(every.study) and "data" not in config.unresolved:
        return None, [Problem(cost_record.misfit, places.deciding(arm.choices))]
    return cost_record, []


def _without(arguments: Mapping[str, object], error: BuildError) -> dict[str, object]:
    """The arguments without the wrong one, or with it but without its wrong key."""
    rest = {key: value for key, value in arguments.items() if key != error.argument}
    wrong = arguments.get(error.argument or "")
    if isinstance(wrong, Mapping) and error.argument and error.key in wrong:
        rest[error.argument] = {key: value for key, value in wrong.items() if key != error.key}
    return rest


def _mark(every: Arms, arm: Arm, error: BuildError) -> Location:
    """The position that decides the wrong argument of an arm's model."""
    if config_of(arm).weights_part and error.argument in WEIGHTS:
        return starting.place(every.places, arm.choices)
    tree = every.places.tree("model", arm.choices)
    if error.argument and error.argument not in tree.keys:
        # The default of an argument does not fit: what the arm changes decides that, images too.
        return every.places.deciding(arm.choices, parts=("model", "data"))
    return every.places.deciding(arm.choices, error.argument, key=error.key)


WEIGHTS = (given_weights.CHECKPOINT, given_weights.FETCHED, "checkpoint_key")
"""Arguments of a model that the part `weights` stands for."""


def _trains(study: Study) -> bool:
    """True if a loss is computed from the models' outputs, so that their shape matters."""
    return bool(study.seeds) or bool({"train_throughput", "memory"} & {*study.columns})

"""The arms of a study: each detector built, counted and named, and its problems collected."""

from collections.abc import Callable, Iterator

from study.errors import BuildError, SizeError, StoreError
from study.spec.configurations import Configurations
from study.spec.places import Places
from study.spec.problems import Location, Problem
from study.spec.reader import ReadStudy
from study.spec.study import Arm, Study
from study.store import provenance
from study.store.cost_records import ArmCost
from study.store.records import TrialConfig
from study.store.store import Store
from study.tasks.arms import ResolvedArm, ResolvedArms, duplicates
from study.tasks.detection.config import config_of
from study.tasks.detection.plan import qualities
from study.tasks.detection.plan.arm_cost import arm_cost
from study.tasks.detection.plan.identity import digest, resolved
from study.tasks.detection.plan.starting import located
from study.tasks.detection.records import DetectorCost
from study.tasks.detection.schema import effective

AUDITED = 24
"""Arms up to which all are audited by several counters, which takes some seconds for each."""


def arms(
    file: ReadStudy, store: Store, *, audit_all: bool, tell: Callable[[str], None]
) -> ResolvedArms:
    """The arms of a study without problems, and the problems of the others.

    A problem that arms inherit from the baseline is reported once.
    """
    study, configurations = file.complete()
    # One counter takes 0.4 s for a detector, an audit 2 to 8 s.
    audited = audit_all or len(study.arms) <= AUDITED
    if len(study.arms) > 1:
        tell(f"building and counting {len(study.arms)} detectors ...")
    every, problems = list[ResolvedArm](), list(qualities.problems(study, file.places))
    inherited = set[str]()
    for arm in study.arms:
        entry, wrong = _resolved(study, configurations, arm, store, audited=audited)
        problems += [problem for problem in wrong if problem.message not in inherited]
        # The baseline comes first, so its problems are known when other arms repeat them.
        if not any(arm.choices):
            inherited = {problem.message for problem in wrong}
        every += [entry] if entry else []

    def cost(arm: Arm) -> ArmCost:
        return arm_cost(config_of(located(arm, store)), store, audited=audited)

    def resolve(arm: Arm) -> ResolvedArm:
        arm = located(arm, store)
        return named(study, arm, arm_cost(config_of(arm), store, audited=audited))

    # Their difference would be exactly 0.
    problems += duplicates(every, file.places)
    problems += idle_levels(every, file.places)
    return ResolvedArms(every, problems, notes(every), cost, resolve)


def named(study: Study, arm: Arm, cost: DetectorCost) -> ResolvedArm:
    """An arm named by its full configuration, once its detector was built."""
    config = config_of(arm)
    full = resolved(config, cost)
    return ResolvedArm(
        arm,
        study.arm_label(arm),
        digest(full, config, cost),
        TrialConfig(**full),
        cost,
        epochs=len(config.recipe.evaluations),
        starts_from=cost.weights.trial if cost.weights else "",
    )


def notes(every: list[ResolvedArm]) -> list[str]:
    """Notes on weights that backbones start from."""
    rows = dict[str, list[str]]()
    for entry in every:
        cost = entry.cost_record
        if isinstance(cost, DetectorCost) and cost.weights:
            rows.setdefault(cost.weights.sentence, []).append(entry.label)
    return [f"{', '.join(labels)}: {sentence}" for sentence, labels in rows.items()]


def acting(arm: ResolvedArm) -> object:
    """The settings of an arm that have an effect; of its model and data all count."""
    others = {k: v for k, v in arm.config.values.items() if not k.startswith("recipe.")}
    return [others, effective.acting(config_of(arm.arm).recipe)]


def idle_levels(every: list[ResolvedArm], places: Places) -> Iterator[Problem]:
    """Problems of arms with names of their own that differ in idle keys of the recipe alone."""
    first = dict[str, ResolvedArm]()
    for arm in every:
        # By a digest: a record of the store has its keys in another order.
        other = first.setdefault(provenance.digest(acting(arm)), arm)
        if other.digest != arm.digest:
            message = f"{arm.label} computes the same as {other.label}"
            hint = "learning rates, updates and images are the same"
            yield Problem(message, places.last_level(arm.arm.choices), hint)


def _resolved(
    study: Study, configurations: Configurations, arm: Arm, store: Store, *, audited: bool
) -> tuple[ResolvedArm | None, list[Problem]]:
    # Levels may be wrong together that are right alone.
    if arm.config.unresolved:
        return None, configurations.problems(arm.choices, arm.values)
    try:
        arm = located(arm, store)
        cost = arm_cost(config_of(arm), store, audited=audited)
    except SizeError as error:
        mark = configurations.places.deciding(arm.choices, parts=("model", "recipe"))
        return None, [Problem(str(error), mark)]
    except BuildError as error:
        return None, [Problem(str(error), _place(configurations, arm, error))]
    except StoreError as error:
        place = configurations.places.tree("weights", arm.choices).location
        return None, [Problem(f"weights: {error}", place)]
    return named(study, arm, cost), []


def _place(configurations: Configurations, arm: Arm, error: BuildError) -> Location:
    """The position of the argument at fault: of the detector, of its backbone, or the weights."""
    if error.argument is None and config_of(arm).start.label:
        return configurations.places.tree("weights", arm.choices).location
    model = configurations.places.tree("model", arm.choices)
    if error.argument in model.keys:
        return model.keys[error.argument]
    backbone = model.at(["backbone"])
    return backbone.keys.get(error.argument or "", backbone.location)

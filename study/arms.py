"""Every arm of a study built, costed and named, with all that is wrong with it.

An arm that is wrong somewhere is compared with no other; whatever of it can be checked still is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from study import cards, courses, designs, given
from study.cost_records import ArmCost
from study.errors import BuildError, DataError, SizeError, SpecError
from study.identity import digest, resolved
from study.marks import Problem
from study.names import own_names
from study.schema import Recipe, versions
from study.spec import Arm, Study
from study.store import Record, Store


@dataclass(frozen=True)
class Resolved:
    """An arm of which nothing is known to be wrong, and what it computes in full."""

    arm: Arm
    label: str
    digest: str
    config: Record
    card: ArmCost


@dataclass
class Arms:
    """The arms of a study in the order of its designs, and the problems of those that have some."""

    designed: list[Arm] = field(default_factory=list)
    resolved: list[Resolved] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def arms(study: Study, store: Store) -> Arms:
    """All arms, the baseline first; what is wrong with the baseline is told of it alone."""
    try:
        every = Arms(designs.arms(study))
    except SpecError as error:  # of a design, about the factors
        return Arms(problems=[Problem(str(error), study.root.key(["design"]))])
    inherited = set[str]()
    for arm in every.designed:
        card, wrong = _built(study, arm, store)
        every.problems += [p for p in wrong if p.message not in inherited]
        if not any(arm.choices):
            inherited = {problem.message for problem in wrong}
        if card is not None and not wrong:
            every.resolved.append(_resolved(study, arm, card))
    every.problems += _twins(study, every.resolved)
    return every


def called(study: Study, every: Arms) -> dict[str, str]:
    """A name that no other arm has, its label if it can be, by the digest of what it computes."""
    names = own_names(study, [one.arm.choices for one in every.resolved])
    both = zip(every.resolved, names, strict=True)
    return {one.digest: one.label if one.label in own else own[0] for one, own in both}


def _resolved(study: Study, arm: Arm, card: ArmCost) -> Resolved:
    config = resolved(arm.config, card)
    name = digest(config, card.defaults, versions(arm.config.data, arm.config.recipe))
    return Resolved(arm, study.label(arm.choices), name, config, card)


def _twins(study: Study, found: Sequence[Resolved]) -> list[Problem]:
    """Arms of one name."""
    first = dict[str, Resolved]()
    return [
        Problem(f"{one.label} computes the same as {twin.label}", study.place(one.arm.choices))
        for one in found
        if (twin := first.setdefault(one.digest, one)) is not one
    ]


def _built(study: Study, arm: Arm, store: Store) -> tuple[ArmCost | None, list[Problem]]:
    """The arm's card where it can be made, and all that is wrong with its parts, each for itself.

    Levels together may be wrong where each alone is not, of which the reader of the file has told.
    """
    wrong = study.read(arm.choices)[1]
    wrong += _followed(study, arm, store)
    card, more = _card(study, arm, store)
    return card, wrong + more


def _followed(study: Study, arm: Arm, store: Store) -> list[Problem]:
    """What timm says against the recipe; where the file says none, against its optimizer alone."""
    tree, recipe = study.trees(arm.choices)["recipe"], arm.config.recipe
    if "recipe" in arm.config.unresolved:
        opt = tree.value.get("opt") if isinstance(tree.value, dict) else None
        if opt is None or not isinstance(opt.value, str):
            return []
        recipe = Recipe(opt=opt.value)
    try:
        courses.course(recipe, store)
    except SpecError as error:
        path = [error.key] if error.key and error.key in tree.value else []
        return [Problem(str(error), tree.at(path).mark)]
    return []


def _card(study: Study, arm: Arm, store: Store) -> tuple[ArmCost | None, list[Problem]]:
    """The arm's card, or all that is wrong: a bad argument is left out to find the next.

    Where the images are not known, only what is wrong with the model whatever they are.
    """
    config = arm.config
    if "model" in config.unresolved:
        return None, []
    try:
        card = cards.card(config, store)
    except SizeError as error:
        mark = study.mark(arm.choices, parts=("model", "data"))
        return None, [] if "data" in config.unresolved else [Problem(str(error), mark)]
    except BuildError as error:
        wrong = [Problem(str(error), study.mark(arm.choices, error.argument))]
        if "data" in config.unresolved and error.argument in (None, *given.ARGUMENTS):
            wrong = [problem for problem in wrong if problem.message.startswith("unknown ")]
        rest = {k: v for k, v in config.arguments.items() if k != error.argument}
        if len(rest) < len(config.arguments):
            less = replace(arm, config=replace(config, arguments=rest))
            wrong += _card(study, less, store)[1]
        return None, wrong
    except (SpecError, DataError) as error:
        mark = study.trees(arm.choices)["data"].at(["root"]).mark
        return None, [] if "data" in config.unresolved else [Problem(str(error), mark)]
    if card.misfit and _trains(study) and "data" not in config.unresolved:
        return None, [Problem(card.misfit, study.mark(arm.choices))]
    return card, []


def _trains(study: Study) -> bool:
    """Whether anything is computed from what the models answer with."""
    return bool(study.seeds) or bool({"train_throughput", "memory"} & {*study.columns})

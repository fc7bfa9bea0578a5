"""Everything that is known about a study before anything runs.

Every arm is built on the meta device, counted and named; what that showed is kept as the arm's
card, so that a second plan imports no torch.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from study import cards
from study import store as stores
from study.designs import arms
from study.errors import BuildError, SpecError, unknown
from study.marks import Problem, report
from study.metrics import METRICS
from study.spec import NOT_IDENTITY, Arm, Study, digest, resolved
from study.store import DONE, Record, Store


@dataclass(frozen=True)
class Trial:
    """One arm run once with one seed."""

    name: str
    seed: int
    state: str

    @property
    def done(self) -> bool:
        return self.state in DONE


@dataclass(frozen=True)
class PlannedArm:
    """An arm with its name, what it computes in full, what it costs, and its trials."""

    arm: Arm
    label: str
    digest: str
    config: Record
    card: Record
    trials: tuple[Trial, ...]

    @property
    def done(self) -> int:
        return sum(trial.done for trial in self.trials)


@dataclass(frozen=True)
class Plan:
    study: Study
    arms: tuple[PlannedArm, ...]

    @property
    def baseline(self) -> PlannedArm:
        return self.arms[0]

    @property
    def trials(self) -> list[Trial]:
        return [trial for arm in self.arms for trial in arm.trials]

    @property
    def missing(self) -> list[Trial]:
        return [trial for trial in self.trials if not trial.done]

    @property
    def key(self) -> str:
        """Names the set of arms that one timing session covers."""
        return cards.named([arm.digest for arm in self.arms])


def plan(study: Study | None, problems: Sequence[Problem], store: Store) -> Plan:
    """The study's arms, built, counted and compared with what the store has.

    Raises:
        SpecError: with everything that is wrong with the study, each thing at its place.
        StoreError: a stored result was computed by another configuration of the same name.
    """
    found = list(problems)
    planned: list[PlannedArm] = []
    if study is not None:
        try:
            baseline, *others = arms(study)
            _add(study, baseline, store, planned, found)
            inherited = {problem.message for problem in found}
            for arm in others:
                _add(study, arm, store, planned, found, inherited)
        except SpecError as error:  # of a design, about the factors
            found.append(Problem(str(error), study.root.key(["design"])))
        if not found:
            found += _strangers(study, planned)
    if study is None or found:
        raise SpecError(report(found))
    return Plan(study, tuple(planned))


def _add(
    study: Study,
    arm: Arm,
    store: Store,
    planned: list[PlannedArm],
    found: list[Problem],
    inherited: Collection[str] = (),
) -> None:
    """Plan one arm, or find what is wrong with it that was not `inherited` from the baseline."""
    found += study.read(arm.choices)[1]  # of levels together; parse has told of each alone
    card, wrong = _built(study, arm, store)
    if card is None:
        found += [problem for problem in wrong if problem.message not in inherited]
        return
    config = resolved(arm.config, card["arguments"], card["shape"]["num_classes"])
    name = digest(config, card["defaults"])
    if name in [other.digest for other in planned]:
        twin = next(other for other in planned if other.digest == name)
        message = f"{study.label(arm.choices)} computes the same as {twin.label}"
        found.append(Problem(message, study.place(arm.choices)))
    trials = tuple(_trial(f"{name}-{seed}", seed, config, store) for seed in study.seeds)
    planned.append(PlannedArm(arm, study.label(arm.choices), name, config, card, trials))


def _built(study: Study, arm: Arm, store: Store) -> tuple[Record | None, list[Problem]]:
    """The arm's card, or all that is wrong: a bad argument is left out to find the next."""
    try:
        card = cards.card(arm.config, store)
    except BuildError as error:
        wrong = [Problem(str(error), study.mark(arm.choices, error.argument))]
        rest = {k: v for k, v in arm.config.arguments.items() if k != error.argument}
        if len(rest) < len(arm.config.arguments):
            less = replace(arm, config=replace(arm.config, arguments=rest))
            wrong += _built(study, less, store)[1]
        return None, wrong
    except SpecError as error:
        return None, [Problem(str(error), study.trees(arm.choices)["data"].mark)]
    try:
        cards.check(arm.config.recipe, store)
    except SpecError as error:
        recipe = study.trees(arm.choices)["recipe"]
        named = [k for k in recipe.value if f"recipe.{k} " in f"{error} "]
        return None, [Problem(str(error), recipe.at(named[:1]).mark)]
    return card, []


def _trial(name: str, seed: int, config: Record, store: Store) -> Trial:
    result = store.result(name)
    if result is not None:
        stores.agree(name, result["config"], config, store.trial(name))
    return Trial(name, seed, store.state(name))


def _strangers(study: Study, planned: Iterable[PlannedArm]) -> list[Problem]:
    """Published rows that are no arm's, or several arms'."""
    counts = Counter(label for arm in planned for label in set(labels(study, arm.arm)))
    problems = []
    for row in study.published:
        mark = study.root.key(["published", row])
        if row not in counts:
            problems.append(Problem(unknown("arm", row, counts), mark))
        elif counts[row] > 1:
            problems.append(Problem(f'several arms are called "{row}"', mark, "tell them apart"))
    return problems


def labels(study: Study, arm: Arm) -> list[str]:
    """What an arm is called: a baseline by its level of each factor."""
    if arm.departs:
        return [study.label(arm.choices)]
    return ["baseline", *(factor.levels[0].label for factor in study.factors)]


def record(arm: PlannedArm, trial: Trial, study: str) -> Record:
    """What a worker needs to know of a trial, and all it is told."""
    return {
        "study": study,
        "label": arm.label,
        "seed": trial.seed,
        "config": arm.config,
        "shape": arm.card["shape"],
        "where": arm.arm.config.data.model_dump(mode="json", include=NOT_IDENTITY - {"unverified"}),
    }


def check_data(plan: Plan) -> None:
    """Refuse to start on images that are not there; a plan can be made without them.

    Raises:
        SpecError: with each place that does not exist.
    """
    problems = []
    for arm in plan.arms:
        root = arm.arm.config.data.root
        if root is not None and not arm.arm.config.data.download and not _exists(root):
            tree = plan.study.trees(arm.arm.choices)["data"].at(["root"])
            problems.append(Problem(f"{root} does not exist", tree.mark))
    if problems:
        raise SpecError(report(problems))


def _exists(root: str) -> bool:
    """Whether a folder or tar is there; braces and globs of shards are left to their reader."""
    return any(c in root for c in "{*?[") or "::" in root or Path(root).expanduser().exists()


def records(plan: Plan) -> dict[str, Record]:
    """The trials that have no result, by name: every arm's first seed first."""
    missing = [(arm, trial) for arm in plan.arms for trial in arm.trials if not trial.done]
    missing.sort(key=lambda pair: pair[0].trials.index(pair[1]))
    return {trial.name: record(arm, trial, plan.study.name) for arm, trial in missing}


# ---- measurements ----


def measurements(plan: Plan, store: Store) -> list[Record]:
    """One row per (arm, seed, metric) in base units; cost and speed have no seed.

    Keys: arm (its digest), seed (or None), metric, value, and low, high: a timing's quartiles.
    A diverged trial's quality is NaN.
    """
    rows = []
    for arm in plan.arms:
        rows += [
            _row(arm.digest, None, metric, value)
            for metric, value in arm.card["cost"].items()
            if metric in METRICS
        ]
        for trial in arm.trials:
            result = store.result(trial.name) if trial.done else None
            for metric, value in (result["metrics"] if result else {}).items():
                rows.append(_row(arm.digest, trial.seed, metric, value))
    session = store.kept("timings", plan.key) or {}
    for name, timing in session.get("arms", {}).items():
        rows += [_row(name, None, metric, **spread) for metric, spread in timing.items()]
    return rows


def _row(
    arm: str, seed: int | None, metric: str, value: float | None,
    low: float | None = None, high: float | None = None,
) -> Record:  # fmt: skip
    number = float("nan") if value is None else value
    return {"arm": arm, "seed": seed, "metric": metric, "value": number, "low": low, "high": high}


def fingerprint(plan: Plan, store: Store) -> str:
    """Names all that a report of this plan shows: while it is the same, so is the report."""
    rows = [repr(measurements(plan, store)), *(trial.state for trial in plan.trials)]
    session = store.kept("timings", plan.key) or {}
    shown = [plan.study.words, repr(plan.study.root.plain()), rows, session.get("refused")]
    return cards.named([shown, cards.code("report", "stats.py", "cells.py", "plan.py")])


def blocks(plan: Plan) -> list[tuple[str, list[tuple[str, PlannedArm]]]]:
    """The rows of the table, (label, arm), in blocks headed by a factor and opened by the baseline.

    Arms that depart in several factors stand in a block of their own, in the order of the design.
    """
    study, found = plan.study, []
    for index, factor in enumerate(study.factors):
        rows = [(a.label, a) for a in plan.arms if a.arm.departs == (index,)]
        if rows:
            first = study.label(plan.baseline.arm.choices, within=index)
            found.append((factor.path, [(first, plan.baseline), *rows]))
    several = [(a.label, a) for a in plan.arms if len(a.arm.departs) > 1]
    if several and set(study.designs) <= {"cumulative", "factorial"}:
        return [(" × ".join(f.path for f in study.factors), [(a.label, a) for a in plan.arms])]
    if several:
        found.append(("combined", [("baseline", plan.baseline), *several]))
    return found or [("", [("baseline", plan.baseline)])]

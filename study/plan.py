"""Everything that is known about a study before anything runs.

Every arm is built on the meta device, counted and named; what that showed is kept as the arm's
card, so that a second plan imports no torch.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import nan

from study import given, images, origin, pairing, proofs, statements, stats
from study import store as stores
from study.arms import Resolved, arms
from study.errors import SpecError
from study.identity import NOT_IDENTITY
from study.marks import Problem, report
from study.metrics import METRICS, sized
from study.names import owners
from study.spec import Arm, Study
from study.store import DONE, Record, Store

WHERE = (NOT_IDENTITY - {"unverified"}) | {"class_folder"}  # what finds the images of a trial


@dataclass(frozen=True)
class Trial:
    """One arm run once with one seed."""

    name: str
    seed: int
    state: str
    code: str | None = None
    """A digest of the code that a result came from, where that was put down."""
    again: bool = False
    """Of the A/A arm: the baseline under a seed that is not the study's."""
    images: Record | None = None
    """The fingerprints of the images that a result is of, where they were put down."""

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
    """The baseline's A/A trials come last; they are trials of what it computes."""

    @property
    def replicates(self) -> tuple[Trial, ...]:
        """The trials that the arm is measured by."""
        return tuple(trial for trial in self.trials if not trial.again)

    @property
    def done(self) -> int:
        return sum(trial.done for trial in self.trials)

    @property
    def given(self) -> bool:
        """Whether given weights are evaluated and nothing is trained, so that no seed matters."""
        config = self.arm.config
        return given.given(config.arguments) and not config.recipe.total_epochs


@dataclass(frozen=True)
class Plan:
    study: Study
    arms: tuple[PlannedArm, ...]
    notes: tuple[str, ...] = ()
    """What is odd about the arms, and no mistake."""
    sd: float = nan
    """Over seeds, of the arms' differences from the baseline in `tested`, by finished trials."""

    @property
    def baseline(self) -> PlannedArm:
        return self.arms[0]

    @property
    def trials(self) -> list[Trial]:
        return [trial for arm in self.arms for trial in arm.trials]

    @property
    def given(self) -> bool:
        """Whether every arm evaluates given weights: images, not seeds, are the sample then."""
        return all(arm.given for arm in self.arms)

    @property
    def missing(self) -> list[Trial]:
        return [trial for trial in self.trials if not trial.done]

    @property
    def timed(self) -> tuple[str, ...]:
        """The columns that a timing session fills."""
        return tuple(name for name in self.study.columns if METRICS[name].kind == "speed")

    @property
    def tested(self) -> str:
        """The column that differences are first looked for in; "" if none is a quality."""
        return next((n for n in self.study.columns if METRICS[n].kind == "quality"), "")

    @property
    def sizes(self) -> tuple[int, ...]:
        """Image sizes, in pixels, at which the trained weights are evaluated besides their own."""
        found = (sized(name)[1] for name in self.study.columns)
        return tuple(dict.fromkeys(size for size in found if size is not None))

    @property
    def key(self) -> str:
        """Names what one timing session covers: these arms, these measurements."""
        how = self.study.timing.model_dump(include={"batch_size", "seconds"})
        return origin.digest([[arm.digest for arm in self.arms], sorted(self.timed), how])


def plan(study: Study | None, problems: Sequence[Problem], store: Store) -> Plan:
    """The study's arms, built, counted and compared with what the store has.

    Raises:
        SpecError: with everything that is wrong with the study, each thing at its place.
        StoreError: a stored result was computed by another configuration of the same name.
    """
    images.forget()
    if study is None:
        raise SpecError(report(problems))
    every = arms(study, store)
    wrong, notes = proofs.problems(study, every, store)
    found = [*problems, *every.problems, *statements.problems(study, every.designed), *wrong]
    if found:
        raise SpecError(report([*found, *_of_images(study, every.designed, found, store)]))
    planned = [_planned(study, one, store) for one in every.resolved]
    notes += [
        *pairing.notes(study, every),
        *_stale(planned, store),
        *_of_other_code(planned),
        *images.changes(_results(planned, done=True), store),
        *images.interrupted(_results(planned, done=False), store),
        *statements.units(study, _costs(study, planned)),
    ]
    made = Plan(study, tuple(planned), tuple(notes))
    return replace(made, sd=_sd(made, store))


def _of_images(
    study: Study, arms: Sequence[Arm], found: Sequence[Problem], store: Store
) -> Iterator[Problem]:
    """What is wrong with the images beside all else that was found, so that it is told at once."""
    known = [arm for arm in arms if "data" not in arm.config.unresolved]
    trees = [(arm.config.data, study.trees(arm.choices)["data"]) for arm in known]
    messages = {problem.message for problem in found}
    for problem in images.problems(trees, store, absent=False):
        if problem.message not in messages:
            messages.add(problem.message)
            yield problem


def _costs(study: Study, planned: Sequence[PlannedArm]) -> dict[str, Mapping[str, float]]:
    """What every row of the study costs, by each name of its own."""
    numbers = owners(study, [arm.arm.choices for arm in planned])
    return {name: planned[number].card["cost"] for name, number in numbers.items()}


def _planned(study: Study, one: Resolved, store: Store) -> PlannedArm:
    """An arm with its trials, and what the store has of them."""
    name, config, again = one.digest, one.config, study.again if not any(one.arm.choices) else ()
    trials = [_trial(f"{name}-{seed}", seed, config, store) for seed in study.seeds]
    beside = [_trial(f"{name}-{seed}", seed, config, store) for seed in again]
    trials += [replace(trial, again=True) for trial in beside]
    return PlannedArm(one.arm, one.label, name, config, one.card, tuple(trials))


def _trial(name: str, seed: int, config: Record, store: Store) -> Trial:
    result = store.result(name)
    if result is not None:
        stores.agree(name, result["config"], config, store.trial(name))
    code = (result or {}).get("environment", {}).get("computing")
    seen = store.began(name) if result is None else result.get("images")
    state = store.state(name) if result is None else result["state"]
    return Trial(name, seed, state, code, images=seen)


def _sd(plan: Plan, store: Store) -> float:
    """What `Plan.sd` is, pooled over arms; NaN before one shares two seeds with the baseline."""
    base, *others = (_finished(arm, plan.tested, store) for arm in plan.arms)
    return stats.pooled_sd([v[s] - base[s] for s in v.keys() & base.keys()] for v in others)


def _finished(arm: PlannedArm, metric: str, store: Store) -> dict[int, float]:
    """What an arm's completed trials measured, by seed."""
    done = {t.seed: store.result(t.name) for t in arm.replicates if t.state == "completed"}
    found = {seed: result["metrics"].get(metric) for seed, result in done.items() if result}
    return {seed: float(value) for seed, value in found.items() if value is not None}


def _stale(planned: Iterable[PlannedArm], store: Store) -> Iterator[str]:
    """Arms with results of an earlier state of the user's own code."""
    own = {arm.label: _anonymous(arm.config) for arm in planned if "code" in arm.config["model"]}
    trials = {arm.label: {trial.name for trial in arm.trials} for arm in planned}
    results = ((name, store.result(name)) for name in (store.results() if own else ()))
    stored = {name: result["config"] for name, result in results if result}
    for label, config in own.items():
        names = {name for name, other in stored.items() if _anonymous(other) == config}
        if old := names - trials[label]:
            count = "1 stored result is" if len(old) == 1 else f"{len(old)} stored results are"
            yield f"{label}: {count} stale, of other code than today's"


def _of_other_code(planned: Iterable[PlannedArm]) -> Iterator[str]:
    """Results that are compared although the code that computes them changed between them."""
    codes = Counter(t.code for arm in planned for t in arm.trials if t.done and t.code)
    if len(codes) > 1:
        counts = ", ".join(str(count) for _, count in codes.most_common())
        yield (
            f"the results come from {len(codes)} states of the code that computes them "
            f"({counts} trials); each result.json names its commit"
        )


def _results(planned: Iterable[PlannedArm], *, done: bool) -> Iterator[images.Result]:
    """The trials that are finished, or not, with the images that they are of."""
    some = ((arm, trial) for arm in planned for trial in arm.trials if trial.done == done)
    return (images.Result(t.name, a.label, a.arm.config.data, t.images) for a, t in some)


def _anonymous(config: Record) -> Record:
    """What is computed, whatever the code of the user's parts says today."""
    return {**config, "model": {**config["model"], "code": None}}


def record(arm: PlannedArm, seed: int, study: str) -> Record:
    """What a worker needs to know of a trial, and all it is told."""
    config = arm.arm.config
    places = {key: config.arguments[key] for key in given.ARGUMENTS if key in config.arguments}
    files = given.digests(config.model, config.arguments)
    weights = {"arguments": places, "sha256": files}
    return {
        "study": study,
        "label": arm.label,
        "seed": seed,
        "config": arm.config,
        "shape": arm.card["shape"],
        "sources": [[s.text, s.digest] for s in config.sources if s.name in arm.card["code"]],
        "where": config.data.model_dump(mode="json", include=WHERE),
        **({"weights": weights} if arm.card.get("weights") else {}),
    }


def check_data(plan: Plan, store: Store, *, absent: bool = True) -> None:
    """Refuse to start on images that no trial could be trained on, as `images.problems`."""
    missing = [arm.arm for arm in plan.arms if arm.done < len(arm.trials)]
    trees = [(arm.config.data, plan.study.trees(arm.choices)["data"]) for arm in missing]
    if wrong := images.problems(trees, store, absent=absent):
        raise SpecError(report(wrong))


def records(plan: Plan) -> dict[str, Record]:
    """The trials that have no result, by name: every arm's first seed first."""
    missing = [(arm, trial) for arm in plan.arms for trial in arm.trials if not trial.done]
    missing.sort(key=lambda pair: pair[0].trials.index(pair[1]))
    return {trial.name: record(arm, trial.seed, plan.study.name) for arm, trial in missing}


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

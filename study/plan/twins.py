"""Twins: the arms of a study refitted in width until they cost what the baseline costs.

A twin stands behind its arm, with trials of its own. Designs and the effects of factors know only
the arms as they are.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import chain

from study.errors import StudyError, unknown
from study.plan import widths
from study.plan.widths import Priced, Widths
from study.spec.places import Places
from study.spec.problems import Problem
from study.spec.schema import Match
from study.spec.study import Arm, Refit, Study
from study.tasks import Task
from study.tasks.arms import ResolvedArm, ResolvedArms, Width, duplicates

LISTED = 6  # arms that a note lists by label


@dataclass
class Twins:
    """The arms of a study with their twins, and why others have none."""

    arms: list[ResolvedArm] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    absent: dict[str, str] = field(default_factory=dict)
    """The reason why there is no such twin, by its label."""

    @property
    def twins(self) -> list[Arm]:
        return [entry.arm for entry in self.arms if entry.arm.is_twin]


def possible(study: Study) -> list[Arm]:
    """A twin of each arm but the baseline, before it is known which there are."""
    return [replace(arm, refit=Refit()) for arm in study.arms[1:]] if study.match else []


def problems(study: Study, places: Places) -> Iterator[Problem]:
    """Problems of `match` that show in the file alone."""
    if (match := study.match) is None:
        return
    if study.tune is not None:
        message = "match and tune: the arms of a tuned study are not refitted; make two studies"
        yield Problem(message, places.key("match"))
    at, name = places.key("match", match.metric), match.metric
    costs = [other for other, metric in study.catalogue.items() if metric.kind == "cost"]
    if name not in study.catalogue:
        hint = "speeds are measured after the plan is made, so they cannot be matched"
        yield Problem(unknown("cost", name, costs), at, hint)
    elif study.catalogue[name].kind != "cost":
        message = f"{name} is measured, and not known when the study is planned"
        yield Problem(message, at, f"match {' or '.join(costs[:2])}")
    if len(study.arms) < 2:
        yield Problem("match: no arm differs from the baseline", places.key("match"))


def twins(
    study: Study,
    task: Task,
    every: ResolvedArms,
    places: Places,
    tell: Callable[[str], None] = lambda text: None,
) -> Twins:
    """The resolved arms of a study, each followed by its twin."""
    if study.match is None:
        return Twins([*every.arms])
    result, base = Twins([every.arms[0]]), every.arms[0]
    try:
        search = _search(study, study.match, task, every)
    except StudyError as error:
        place = places.value("match", "by") if study.match.by else places.key("match")
        return Twins([*every.arms], [Problem(f"match: {error}", place)])
    tell(f"matching every arm to the {study.match.metric} of the baseline ...")
    for entry in every.arms[1:]:
        result.arms.append(entry)
        label = study.arm_label(replace(entry.arm, refit=Refit()))
        if reason := search.reason_for_none(entry):
            result.absent[label] = reason
            continue
        try:
            result.arms.append(search.twin(entry))
        except StudyError as error:
            # Not at `match`: of the problems of one place only the first is printed.
            at = places.last_level(entry.arm.choices)
            result.problems.append(Problem(f"{label}: {error}", at))
    result.problems += duplicates(result.arms, places)
    result.notes += chain(_matched(study, base, result.arms), _without_twin(study, result.absent))
    return result


def _search(study: Study, match: Match, task: Task, every: ResolvedArms) -> "_Search":
    """The search of a study; raises StudyError if its baseline has no such width or cost."""
    base = every.arms[0]
    path, target = task.width(base, match.by).path, base.cost_record.cost.get(match.metric)
    if every.resolve is None:
        raise StudyError(f"arms of {study.task} cannot be refitted")
    if not target:
        raise StudyError(f"{match.metric} of the baseline was refused")
    return _Search(study, match, task, every, every.resolve, path, target)


@dataclass(frozen=True)
class _Search:
    """The search for the twins of a study's arms."""

    study: Study
    match: Match
    task: Task
    every: ResolvedArms
    resolve: Callable[[Arm], ResolvedArm]
    path: str
    """The width that is scaled."""
    target: float
    """The baseline's cost."""

    def reason_for_none(self, entry: ResolvedArm) -> str:
        """The reason why an arm has no twin, or ""."""
        paths = [self.study.factors[factor].path for factor in entry.arm.changed_factors]
        part, ours = self.path.partition(".")[0], entry.cost_record.cost.get(self.match.metric)
        if not any(path.partition(".")[0] == part for path in paths):
            return f"the {part} is the baseline's"
        if self.path in paths:
            return f"the study varies {self.path} itself"
        if not ours:
            return f"{self.match.metric} was refused"
        if abs(ours / self.target - 1) <= self.match.tolerance:
            return f"the cost is the baseline's within {_percent(self.match.tolerance)}"
        try:
            self.task.width(entry, self.path)
        except StudyError as error:
            return str(error)
        return ""

    def twin(self, entry: ResolvedArm) -> ResolvedArm:
        """The twin of an arm.

        Raises:
            StudyError: no width is near enough, or a model of some width cannot be built.
        """
        width = self.task.width(entry, self.path)
        steps = widths.steps(width.values, width.divisors, self.match.multiple)

        @cache
        def cost(values: Widths) -> float:
            return self._cost(self._resized(entry.arm, width, values))

        every = widths.candidates(width.values, steps)
        near = widths.around(every, cost, self.target)
        best = min(near, key=self._distance)
        if self._distance(best) > self.match.tolerance:
            raise StudyError(self._not_near(width, near))
        return self.resolve(self._resized(entry.arm, width, best.widths))

    def _resized(self, arm: Arm, width: Width, values: Widths) -> Arm:
        value = width.written(values)
        refit = Refit(self.path, value, sum(values) / sum(width.values))
        return replace(self.task.resized(arm, self.path, value), refit=refit)

    def _cost(self, arm: Arm) -> float:
        value = arm.refit.value if arm.refit else None
        hint = "if widths must be divisible by a number, set match.multiple to it"
        try:
            cost = self.every.cost(arm).cost.get(self.match.metric)
        except StudyError as error:
            raise StudyError(f"{self.path} {value} cannot be built: {error}; {hint}") from error
        if cost is None:
            raise StudyError(f"{self.match.metric} of {self.path} {value} was refused")
        return cost

    def _distance(self, priced: Priced) -> float:
        return abs(priced.cost / self.target - 1)

    def _not_near(self, width: Width, near: Sequence[Priced]) -> str:
        """The message that no width is within the tolerance."""
        ordered = dict.fromkeys(sorted(near, key=self._distance))
        texts = [
            f"{_percent(priced.cost / self.target - 1, signed=True)} with {self.path} "
            f"{width.written(priced.widths)}"
            for priced in ordered
        ]
        least = self._distance(next(iter(ordered)))
        advice = [f"raise the tolerance to {_rounded_up(least):g}"] if least < 0.5 else []
        if self.match.multiple != 1:
            advice.append(f"lower multiple, {self.match.multiple:g}")
        return (
            f"no width has the baseline's {self.match.metric} within "
            f"{_percent(self.match.tolerance)}; nearest: {', then '.join(texts)}; "
            f"{' or '.join(advice) or 'match by another width'}"
        )


def _matched(study: Study, base: ResolvedArm, arms: Sequence[ResolvedArm]) -> Iterator[str]:
    """A note on each twin: its width, and how near its cost is."""
    for entry in arms:
        if study.match and (refit := entry.arm.refit):
            name = study.match.metric
            costs = entry.cost_record.cost.get(name), base.cost_record.cost.get(name)
            ratio = costs[0] / costs[1] - 1 if costs[0] and costs[1] else float("nan")
            yield (
                f"{entry.label}: {refit.path} {refit.value} (× {refit.factor:.3g}), {name} "
                f"{_percent(ratio, signed=True)} of the baseline's"
            )


def _without_twin(study: Study, absent: dict[str, str]) -> Iterator[str]:
    for reason in dict.fromkeys(absent.values()):
        labels = [label for label, own in absent.items() if own == reason]
        more = f" and {len(labels) - LISTED} more" if len(labels) > LISTED else ""
        yield f"no {', '.join(labels[:LISTED])}{more}: {reason}"


def _percent(ratio: float, *, signed: bool = False) -> str:
    digits = ".0f" if abs(ratio) >= 0.1 else ".2g"
    return f"{100 * ratio:{'+' * signed}{digits}} %"


def _rounded_up(ratio: float) -> float:
    """The next tolerance of two decimals, or of three below 0.01."""
    digits = 2 if ratio >= 0.01 else 3
    scale: int = 10**digits
    return (int(ratio * scale) + 1) / scale

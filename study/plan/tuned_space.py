"""Checks of a tuned space in the arms of its study: categories of no use, keys without effect."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from study.spec.problems import Problem
from study.spec.reader import ReadStudy
from study.spec.tuning import Categories, Dimension, TuningRules, Values
from study.store.store import Store
from study.tasks import Task
from study.tasks.arms import ResolvedArm, ResolvedArms


@dataclass(frozen=True)
class TunedSpace:
    """The space of a study, and the arms that choose values in it."""

    file: ReadStudy
    task: Task
    store: Store
    rules: TuningRules
    arms: Sequence[ResolvedArm]

    def problems(self) -> list[Problem]:
        """Categories with which no arm can be built; else keys that change nothing anywhere; else
        arms in which all keys change nothing."""
        # One kind at a time: a category that cannot be built says nothing of its key's effect.
        unfit = [problem for path in self.rules.space for problem in self._unfit(path)]
        return unfit or [*self._dead()] or [*self._untuned()]

    def _dead(self) -> Iterator[Problem]:
        for path, idle in self._idle.items():
            if len(idle) == len(self.arms):
                yield Problem(
                    f'"{path}" changes nothing in any arm, whatever its value',
                    self.file.places.key("tune", "space", path),
                    "other keys switch it off, so there is nothing to tune",
                )

    def _untuned(self) -> Iterator[Problem]:
        paths = ", ".join(self.rules.space)
        for arm in self.arms:
            # Other arms choose the best of many trials, and this one would repeat a single one.
            if all(arm in idle for idle in self._idle.values()):
                yield Problem(
                    f"all proposals of {arm.label} compute the same: {paths} without effect in it",
                    self.file.places.key("tune", "space"),
                    "this arm would be compared untuned",
                )

    def notes(self) -> Iterator[str]:
        """Notes on keys that change nothing in some arms."""
        for path, idle in self._idle.items():
            if idle:
                labels = ", ".join(arm.label for arm in idle)
                yield f"tuning: {path} changes nothing in {labels}: fewer keys are tuned there"

    @cached_property
    def _idle(self) -> dict[str, list[ResolvedArm]]:
        """By path, the arms in which no value that is tried differs from another in effect."""
        return {
            path: [arm for arm in self.arms if not self._acts(arm, path)]
            for path in self.rules.space
        }

    def _acts(self, arm: ResolvedArm, path: str) -> bool:
        """True if the arm computes something else with one value at a path than with another."""
        return any(self._differ(arm, path, others) for others in self._others(path))

    def _differ(self, arm: ResolvedArm, path: str, others: Values) -> bool:
        values = tried(self.rules.space[path])
        built = [self._built(arm, {**others, path: value}).arms for value in values]
        # What cannot be built beside these values may act beside others.
        if not all(built):
            return True
        study, _ = self.file.complete()
        # Not by digests: those of arms have all keys, also such as others switch off.
        first, *rest = (self.task.effective_settings(study, a, self.store) for (a,) in built)
        return any(other != first for other in rest)

    def _unfit(self, path: str) -> Iterator[Problem]:
        """A problem for each category with which no arm can be built, whatever the other keys."""
        values = self.rules.space[path]
        # Numbers lie in a range with others, of which some may do.
        for number, value in enumerate(values.values if isinstance(values, Categories) else ()):
            first: Problem | None = None
            for others in self._others(path):
                every = [self._built(arm, {**others, path: value}) for arm in self.arms]
                if not all(builds.problems for builds in every):
                    break
                first = first or every[0].problems[0]
            else:
                if first:
                    place = self.file.places.value("tune", "space", path, number)
                    yield Problem(first.message, place, first.hint)

    def _others(self, path: str) -> Iterator[Values]:
        """Values of the other keys: those of the file, and each that is tried in place of one."""
        # A key may switch another one off, and another value of it on again.
        yield {}
        for other, values in self.rules.space.items():
            yield from ({other: value} for value in tried(values) if other != path)

    def _built(self, arm: ResolvedArm, values: Values) -> ResolvedArms:
        """The arm with other values, as a tuning trial has it; none if they are wrong."""
        _, configurations = self.file.complete()
        other = configurations.arm(arm.arm.choices, {**values, **self.rules.held_out})
        every = self.task.resolved_alone(self.file, other, self.store)
        return ResolvedArms((), every.problems) if every.problems else every


def tried(values: Dimension) -> Sequence[object]:
    """The values of a dimension that are tried: all categories, or both ends of a range."""
    return values.values if isinstance(values, Categories) else (values.low, values.high)

"""The arms of a study by what their difference from the baseline shows."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from study import format
from study.analysis.analysis import Analysis
from study.report.text import pairing
from study.report.text.decimals import readable
from study.spec.arm_names import in_prose
from study.spec.metric import Metric
from study.stats import Effect, SeedsAndImages

NAMED = 3  # arms named in the sentence; the others are counted


@dataclass(frozen=True, eq=False)
class ComparedArms:
    """Arms grouped by what their difference from the baseline shows."""

    analysis: Analysis

    @cached_property
    def metric(self) -> Metric:
        """The tested quality, with the decimals of the main table."""
        return readable(self.analysis, self.analysis.plan.tested)

    @property
    def others(self) -> list[str]:
        return [arm.digest for arm in self.analysis.plan.arms[1:]]

    @cached_property
    def rows(self) -> dict[str, Effect]:
        """Effects of the arms that share a seed with the baseline, without diverged arms.

        Intervals are over seeds and images where predictions are kept, as the tests are.
        """
        analysis, metric = self.analysis, self.analysis.plan.tested
        rows = ((arm, analysis.effects.get((arm, metric))) for arm in self.others)
        # NaN is a diverged arm, which has its own sentence.
        known = {arm: row for arm, row in rows if row is not None and row.mean == row.mean}
        return {arm: self._over_images(row) for arm, row in known.items()}

    def _over_images(self, row: Effect) -> Effect:
        wide = self._generalising.get((row.arm, row.metric))
        return row if wide is None else row._replace(low=wide.low, high=wide.high)

    @property
    def _generalising(self) -> Mapping[tuple[str, str], SeedsAndImages]:
        # Sequential comparisons are decided over seeds, while images stay the same.
        sequential = self.analysis.plan.study.sequential
        return {} if sequential else self.analysis.generalising

    @cached_property
    def different(self) -> set[str]:
        """Arms whose corrected t test finds a difference."""
        return {*self.analysis.different} & self.rows.keys()

    @property
    def better(self) -> list[str]:
        higher = self.metric.better == "higher"
        return [
            a for a, row in self.rows.items() if a in self.different and (row.mean > 0) == higher
        ]

    @property
    def worse(self) -> list[str]:
        return [arm for arm in self.rows if arm in self.different and arm not in self.better]

    @property
    def indistinguishable(self) -> list[str]:
        """Arms with an interval whose corrected t test finds no difference."""
        return [
            a for a, row in self.rows.items() if math.isfinite(row.low) and a not in self.different
        ]

    @property
    def constant(self) -> list[str]:
        """Arms that differ by the same amount for every one of several seeds."""
        return [a for a, row in self.rows.items() if row.n > 1 and not math.isfinite(row.low)]

    @property
    def with_one_seed(self) -> list[str]:
        return [arm for arm, row in self.rows.items() if row.n == 1]

    @property
    def diverged(self) -> list[str]:
        # Of the other arms: a baseline that diverged leaves nothing to compare with.
        return [arm for arm in self.others if arm in self.analysis.diverged]

    @property
    def base(self) -> str:
        plan = self.analysis.plan
        return in_prose(plan.study, plan.baseline.arm)

    def pairs(self, arms: Sequence[str]) -> str:
        """The number of seeds that the arms share with the baseline, as text."""
        counts = sorted({int(self.rows[arm].n) for arm in arms})
        text = f"{counts[0]} to {counts[-1]}" if len(counts) > 1 else f"{counts[0]}"
        metric = self.analysis.plan.tested
        wide = (self._generalising.get((arm, metric)) for arm in arms)
        images = max((row.images for row in wide if row is not None), default=0)
        return pairing.replicates(
            self.analysis.plan, text
        ) + f", {format.many(images, 'image')}" * bool(images)

    def listed(self, arms: Sequence[str], *, amounts: bool = False) -> str:
        """The labels of the first arms, with their differences, and how many more there are."""
        return self._joined({a: f" ({self.amount(a)})" if amounts else "" for a in arms})

    def diverging(self, arms: Sequence[str]) -> str:
        """The same with how many of their seeds diverged."""
        rows = [self.analysis.divergences[arm] for arm in arms]
        return self._joined(
            {r.arm: f" ({r.diverged} of {format.many(r.ended, 'seed')})" for r in rows}
        )

    def _joined(self, texts: Mapping[str, str]) -> str:
        """The labels of the first arms, each followed by its text, and the number of the others."""
        plan = self.analysis.plan
        labels = {arm.digest: in_prose(plan.study, arm.arm) for arm in plan.arms}
        names = [labels[arm] + text for arm, text in texts.items()]
        rest = [f"{len(names) - NAMED} more"] if len(names) > NAMED else []
        *first, last = [*names[:NAMED], *rest]
        return f"{', '.join(first)} and {last}" if first else last

    def amount(self, arm: str) -> str:
        """The difference of an arm with its unit, and its interval if it has one."""
        return format.amount(self.rows[arm], self.metric)

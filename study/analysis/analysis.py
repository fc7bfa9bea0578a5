"""Everything that follows from a plan's results: each part is computed once, when first read."""

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from study import stats
from study.analysis import (
    factor_effects,
    frames,
    fronts,
    generalising,
    image_hits,
    leaders,
)
from study.analysis.candidates import Candidates, candidates
from study.analysis.decided import Decided
from study.analysis.ledger import Ledger, ledger
from study.analysis.levels import level_interval
from study.plan.comparisons import digests
from study.spec.arm_names import qualified
from study.spec.metric import Metric
from study.spec.study import PublishedNumber
from study.tasks.arms import PlannedArm

if TYPE_CHECKING:
    from study.stats.intervals import Numbers
    from study.stats.per_image import Array

Key = tuple[str, str]
"""An arm, by its digest, and a metric."""
MEAN_KEYS = ["arm", "metric"]
ROUGH = 4  # degrees of freedom, below which a ratio of variances is a guess


class MeanOverSeeds(NamedTuple):
    """The mean of `n` seeds with its 95 % interval."""

    n: int
    mean: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Analysis(Decided):
    """The statistics of a study, from the results that the store had when each was first read."""

    @cached_property
    def _means(self) -> pd.DataFrame:
        """The measurements with all seeds of a diverged arm as NaN."""
        # The seeds that did not diverge would flatter an arm of which others did.
        rows = self.measurements
        no_mean = rows["seed"].notna() & rows["arm"].isin(self.diverged)
        return rows.assign(value=rows["value"].mask(no_mean))

    @cached_property
    def estimates(self) -> Mapping[Key, stats.Estimate]:
        """Means with their spread by (arm, metric)."""
        rows = stats.typed_rows(stats.estimates(self._means), stats.Estimate)
        return {(row.arm, row.metric): row for row in rows}

    @cached_property
    def means(self) -> Mapping[Key, MeanOverSeeds]:
        """Means of qualities with their intervals by (arm, metric); NaN if a seed diverged.

        The interval over seeds is that of `inference`; of given weights it is the bootstrap
        interval over images. That of a fraction is formed on the logit scale, so that it lies
        within 0 and 1 (`stats.of_fraction`); it is longer towards 50 %.
        """
        rows = self.measurements.dropna(subset="seed")
        samples = {key: part["value"].to_numpy(float) for key, part in rows.groupby(MEAN_KEYS)}
        return {
            (str(arm), str(metric)): MeanOverSeeds(
                len(sample),
                float(sample.mean()),
                *self._mean_interval((str(arm), str(metric)), sample),
            )
            for (arm, metric), sample in samples.items()
        }

    def _mean_interval(self, key: Key, sample: "Array") -> tuple[float, float]:
        hits = self.hits.arrays.get(key)
        if hits is not None:
            return stats.image_interval(operator.pos, hits)
        return self.level_interval(self.catalogue[key[1]], sample)

    def level_interval(self, metric: Metric, sample: "Numbers") -> tuple[float, float]:
        """The interval of the mean of one value per seed (n,); see `levels.level_interval`."""
        ends = self.inference.interval(sample)
        return level_interval(metric, sample, ends)

    def has_interval(self, metric: str) -> bool:
        """True if differences in a quality may have an interval, over seeds or over images."""
        return self.seeds > 1 or bool(self.hits.of(metric))

    @cached_property
    def effect_rows(self) -> pd.DataFrame:
        """Differences from the baseline, one row per (arm, metric); NaN if a seed diverged."""
        # Also where the seed that diverged has no pair: the seeds that are paired flatter the arm.
        rows = stats.effects(self._means, self.plan.baseline.digest, self.inference)
        # Of given weights images are the sample: no seed changes anything.
        return image_hits.with_intervals(rows, self.hits, self.plan.baseline.digest)

    @cached_property
    def effects(self) -> Mapping[Key, stats.Effect]:
        """`effect_rows` by (arm, metric)."""
        rows = stats.typed_rows(self.effect_rows, stats.Effect)
        return {(row.arm, row.metric): row for row in rows}

    @cached_property
    def generalising(self) -> Mapping[Key, stats.SeedsAndImages]:
        """Effects with intervals over new seeds and new images by (arm, metric).

        Those in `effects` are about new seeds on these images. Absent where predictions are not
        kept, where there is no interval over seeds, and of metrics that are no fraction of images.
        """
        return generalising.generalising(self, self.effects)

    @cached_property
    def pairing(self) -> list[stats.Pairing]:
        if not self.plan.paired:
            return []
        rows = stats.pairing(self._means, self.plan.baseline.digest)
        return stats.typed_rows(rows, stats.Pairing)

    @cached_property
    def pairing_ratios(self) -> Mapping[str, float]:
        """The share of variance that remains after pairing by quality, pooled over all arms.

        Qualities whose arms have fewer than `ROUGH` degrees of freedom together are absent.
        """
        ratios = dict[str, float]()
        for name in self.of_kind("quality"):
            rows = [r for r in self.pairing if r.metric == name and r.ratio == r.ratio]
            # Degrees of freedom, one less than the pairs of each arm.
            if sum(row.n - 1 for row in rows) >= ROUGH:
                # Before dividing: a mean of ratios would be ruled by arms with little variance.
                ratios[name] = sum(r.paired for r in rows) / sum(r.separate for r in rows)
        return ratios

    @cached_property
    def step_orders(self) -> list[stats.StepOrder]:
        return stats.typed_rows(
            stats.step_orders(self._means, self._choices, self.inference), stats.StepOrder
        )

    @cached_property
    def steps(self) -> Mapping[str, list[stats.StepEffect]]:
        """By quality, the effect of each change of one level between two arms of the study."""
        every = {name: stats.of_metric(self.measurements, name) for name in self.of_kind("quality")}
        steps = {
            name: stats.steps(part, self._choices, self.inference) for name, part in every.items()
        }
        return {name: stats.typed_rows(rows, stats.StepEffect) for name, rows in steps.items()}

    @cached_property
    def factorial(self) -> list[stats.FactorialEffect]:
        """Main effects and interactions of every quality, the aliased ones as sums.

        Empty unless the study has all combinations of levels, or a regular fraction of them.
        """
        return factor_effects.effects(self.plan, self.measurements, self.inference)

    @property
    def _choices(self) -> dict[str, tuple[int, ...]]:
        # Of twins two arms would have the same levels.
        return {a.digest: a.arm.choices for a in self.plan.arms if not a.arm.is_twin}

    @cached_property
    def noise(self) -> Mapping[str, stats.NoiseFloor]:
        """The noise floor of every metric that the A/A arm was measured in."""
        rows = frames.noise(self.plan, self.store, self.measurements)
        return {row.metric: row for row in rows}

    def noise_range(self, metric: str) -> tuple[float, float] | None:
        """The range of the difference of two equal arms in 95 % of studies, in base units.

        None without an A/A arm, or if a trial diverged or nothing varies.
        """
        row = self.noise.get(metric)
        # NaN is unequal to itself.
        known = row is not None and row.floor == row.floor
        return (-float(row.floor), float(row.floor)) if row and known else None

    @cached_property
    def _ties(self) -> Mapping[str, frozenset[str]]:
        return {
            name: image_hits.ties(hits)
            if (hits := self._ranked_by_image(name))
            else leaders.ties(self._means, name, self.catalogue[name], self.inference)
            for name in self.metrics
        }

    def _ranked_by_image(self, name: str) -> "dict[str, Array]":
        """The hits of the arms with a mean; empty if any of them has none, or is alone."""
        hits = self.hits.of(name)
        means = [a for a, metric in self.estimates if metric == name and a not in self.diverged]
        ranked = {arm: hits[arm] for arm in means if arm in hits}
        return ranked if 1 < len(ranked) == len(means) else {}

    @cached_property
    def leaders(self) -> Mapping[str, str]:
        """The clearly best arm by metric; metrics without one are absent."""
        # An arm that others are tied with is marked as tied, never printed in bold; nor is one that
        # others may be better than for all that is known. Those that diverged have no number.
        unknown = {name for arm, name in self.untested if arm not in self.diverged}
        best = {
            name: image_hits.best(hits)
            if (hits := self._ranked_by_image(name))
            else leaders.leader(self._means, name, self.catalogue[name], self.inference)
            for name, arms in self._ties.items()
            if not arms and name not in unknown
        }
        return {name: arm for name, arm in best.items() if arm}

    @cached_property
    def tied(self) -> frozenset[Key]:
        """Pairs (arm, metric) that are not distinguishable from the best."""
        return frozenset((arm, name) for name, arms in self._ties.items() for arm in arms)

    @cached_property
    def untested(self) -> frozenset[Key]:
        """Pairs (arm, metric) of which it is unknown how they stand to the best arm.

        Their difference from it has no interval: one seed in common, the same difference in every
        seed, or a seed that diverged. A table marks them as unknown where others have an interval,
        that is if `has_interval` of the metric; without a mark they would read as told apart.
        """
        by_seed = [name for name in self.metrics if not self._ranked_by_image(name)]
        return frozenset(
            (arm, name)
            for name in by_seed
            for arm in leaders.untested(self._means, name, self.catalogue[name], self.inference)
        )

    def standings(self, quality: str, cost: str) -> dict[str, str]:
        """How each arm that has both metrics stands in the trade-off; see `fronts.standings`."""
        return fronts.standings(self, quality, cost)

    @cached_property
    def ledger(self) -> Ledger | None:
        """The spend and the choices of tuning; None for a study that tunes nothing."""
        return ledger(self.plan, self.store, self.measurements, self.inference)

    @cached_property
    def candidates(self) -> Candidates | None:
        """The candidates of a search; None for a study without one."""
        return candidates(self.plan)

    @property
    def proposals(self) -> dict[str, pd.DataFrame]:
        """The frame `proposals` of a study that tunes or searches; nothing for others."""
        every = self.ledger or self.candidates
        return {"proposals": every.frame} if every else {}

    # ---- what the study asks for ----

    @cached_property
    def _named(self) -> Mapping[str, str]:
        return digests(self.plan)

    def published(self, label: str, arm: PlannedArm, metric: str) -> PublishedNumber | None:
        """The published number of an arm: that of this label first, else of another label."""
        study = self.plan.study
        # A paper's row may stand under any label of the arm: a baseline has one per factor.
        names = [label, *study.arm_labels(arm.arm), qualified(study, arm.arm)]
        # As tables and sentences print it, unless that is the name of another arm.
        names += [name for name, own in self._named.items() if own == arm.digest]
        numbers = (study.published.get(name, {}).get(metric) for name in names)
        return next((printed for printed in numbers if printed), None)

    def printed(self, metric: str) -> list[PublishedNumber]:
        """All published numbers of a metric."""
        return [row[metric] for row in self.plan.study.published.values() if metric in row]

"""The tests, claims and verdicts of a study: all that its results decide."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from study import stats
from study.analysis import generalising, image_hits, published
from study.analysis.claims import EvaluatedClaim
from study.analysis.published import Assessment
from study.analysis.results import Results
from study.plan import comparisons


@dataclass(frozen=True, eq=False)
class Decided(Results):
    """The comparisons that a study declares, as tests of one family, and its published numbers."""

    @cached_property
    def declared(self) -> list[stats.Contrast]:
        """The comparisons of quality that the study declared in advance."""
        return comparisons.contrasts(self.plan)

    @cached_property
    def tests(self) -> int:
        """Number of tests in the family that Holm's method corrects: claims and contrasts."""
        return published.family_size(self.plan, self.ratios)

    @cached_property
    def contrasts(self) -> list[stats.TestedContrast]:
        """The declared comparisons, tested and corrected as one family with the claims.

        Intervals and t tests are over new seeds and new images where predictions are kept, except
        those of sequential seeds. Claims that are decided have left the family.
        """
        t_p = np.array([row.t_p for row in self._alone])
        decided = sum(claim.state != "undecided" for claim in self.claims if self._is_alone(claim))
        corrected = stats.holm(t_p, other_tests=self._other_tests - decided)
        return [
            row._replace(t_holm=float(p)) for row, p in zip(self._alone, corrected, strict=True)
        ]

    @property
    def _other_tests(self) -> int:
        """Number of tests of the family that are no contrasts."""
        return self.tests - len(self.declared)

    def _is_alone(self, claim: EvaluatedClaim) -> bool:
        """True for a claim that is a test of its own, of no declared comparison."""
        return claim.tests > 0 and not comparisons.is_contrast(self.plan, claim.claim)

    @cached_property
    def _alone(self) -> list[stats.TestedContrast]:
        """The declared comparisons, before any claim is decided."""
        rows = stats.contrasts(
            self.measurements,
            self.declared,
            other_tests=self._other_tests,
            how=self.inference,
            image_errors=self._image_errors(self.declared),
        )
        return stats.typed_rows(rows, stats.TestedContrast)

    def _image_errors(
        self, pairs: Sequence[stats.Contrast]
    ) -> dict[stats.Contrast, stats.ImageError]:
        # Sequential comparisons are decided over seeds, while images stay the same.
        return {} if self.plan.study.sequential else generalising.image_errors(self, pairs)

    @cached_property
    def different(self) -> frozenset[str]:
        """Arms whose test against the baseline, corrected for all arms, finds a difference.

        It is over new seeds and new images where predictions are kept.
        """
        base, name = self.plan.baseline.digest, self.plan.tested
        pairs = [stats.Contrast(arm.digest, base, name) for arm in self.plan.arms[1:]]
        # Arms without a result are included: a test that cannot be made yet counts, too.
        errors = self._image_errors(pairs)
        tests = stats.contrasts(self.measurements, pairs, how=self.inference, image_errors=errors)
        rows = stats.typed_rows(tests, stats.TestedContrast)
        return frozenset(row.arm for row in rows if row.t_holm < stats.ALPHA)

    @cached_property
    def image_tests(self) -> list[image_hits.ImageTest]:
        """McNemar's tests of given weights against the baseline in the tested quality."""
        return image_hits.tests(self.plan, self.hits.of(self.plan.tested))

    @cached_property
    def different_by_image(self) -> frozenset[str]:
        """Arms whose images differ from the baseline's by McNemar's tests, corrected by Holm."""
        rows = self.image_tests
        # Arms without predictions count as tests that could not be made.
        others = len(self.plan.arms) - 1 - len(rows)
        p = stats.holm(np.array([row.p for row in rows]), other_tests=others)
        return frozenset(row.arm for row, value in zip(rows, p, strict=True) if value < stats.ALPHA)

    @cached_property
    def claims(self) -> tuple[EvaluatedClaim, ...]:
        """The claims of the study, evaluated and corrected as one family."""
        return published.evaluated_claims(
            self.plan,
            self.measurements,
            self.ratios,
            self.hits,
            others=self._outside_claims,
            how=self.inference,
            outcomes=self.outcomes,
        )

    @property
    def _outside_claims(self) -> list[float]:
        """The p of the declared comparisons that no claim makes."""
        # In either order: (a, b) and (b, a) are the same pair.
        claimed = {frozenset(pair) for pair in comparisons.compared(self.plan)}
        rows = ((frozenset((row.arm, row.other, row.metric)), row.t_p) for row in self._alone)
        return [p for pair, p in rows if pair not in claimed]

    @cached_property
    def assessment(self) -> Assessment:
        """The published numbers beside the measured ones."""
        return published.assess(
            self.plan,
            self.measurements,
            self.ratios,
            self.store,
            hits=self.hits,
            how=self.inference,
            outcomes=self.outcomes,
        )

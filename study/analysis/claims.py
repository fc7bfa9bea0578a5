"""The claims of a study: sentences of a small grammar, evaluated on what was measured.

A claim is about one quantity, and names the span in which it lies; what was measured gives the
range in which it does. A range inside the span supports the claim, one outside contradicts it, one
across an end leaves it undecided. The claims of a study that rest on intervals are evaluated as
one family, so that few studies have any that is falsely decided.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import pandas as pd

from study import stats
from study.analysis.claim_forms import state_and_reason
from study.analysis.claim_quantities import ClaimMetric
from study.analysis.image_hits import NO_HITS, ImageHits
from study.analysis.outcomes import NO_OUTCOMES, Outcomes
from study.analysis.quantities import NO_RATIOS, SpeedRatios, State
from study.spec.claims import FORMS, Claim, parse
from study.spec.metric import Catalogue, Metric

__all__ = ["FORMS", "Claim", "EvaluatedClaim", "family", "parse", "uncertain"]


@dataclass(frozen=True)
class EvaluatedClaim:
    claim: Claim
    state: State
    why: str
    tests: int = 1
    """Number of tests that the claim is corrected for; 0 if it rests on no interval."""


def family(
    claims: Sequence[Claim],
    frame: pd.DataFrame,
    arms: Mapping[str, str],
    *,
    catalogue: Catalogue,
    ratios: SpeedRatios = NO_RATIOS,
    hits: ImageHits = NO_HITS,
    others: Sequence[float] = (),
    how: stats.Inference = stats.FIXED,
    outcomes: Outcomes = NO_OUTCOMES,
) -> tuple[EvaluatedClaim, ...]:
    """All claims of a study, evaluated and corrected by Holm's method.

    `frame` is in base units, and `arms` has the digest of every label. `others` has the p of the
    tests of the study that are no claims, NaN where one cannot be made yet. The claims that rest on
    intervals are evaluated at the confidence that all of these tests need together; claims and
    other tests that this decides are done, and the rest are evaluated again at the confidence that
    fewer tests need, until none is decided any more. A claim that cannot be evaluated yet counts.
    """
    left = [
        place
        for place, claim in enumerate(claims)
        if uncertain(claim, catalogue[claim.metric], ratios)
    ]
    # Counted before any claim is decided: the size of the family must not depend on results.
    tests = len(left) + len(others)
    of_metric = partial(
        _measured, frame=frame, arms=arms, ratios=ratios, hits=hits, how=how, outcomes=outcomes
    )
    # The rows of a metric are read once, for all claims at every level.
    measured = {name: of_metric(name, catalogue[name]) for name in {c.metric for c in claims}}

    def at(n: int, confidence: float) -> EvaluatedClaim:
        metric = replace(measured[claims[n].metric], confidence=confidence)
        return EvaluatedClaim(claims[n], *state_and_reason(claims[n], metric))

    results = {n: replace(at(n, stats.CONFIDENCE), tests=0) for n in range(len(claims))}
    while left:
        size = len(left) + len(others)
        step = {n: at(n, stats.corrected(size)) for n in left}
        results |= {n: replace(result, tests=tests) for n, result in step.items()}
        # Holm's step-down (1979): decided tests leave the family; the rest need less confidence.
        others = [p for p in others if not p <= stats.ALPHA / size]  # NaN stays
        left = [n for n in left if step[n].state == "undecided"]
        if len(left) + len(others) == size:
            break
    return tuple(results[n] for n in range(len(claims)))


def _measured(
    name: str,
    metric: Metric,
    *,
    frame: pd.DataFrame,
    arms: Mapping[str, str],
    ratios: SpeedRatios,
    hits: ImageHits,
    how: stats.Inference,
    outcomes: Outcomes,
) -> ClaimMetric:
    """The measurements of one metric."""
    rows = stats.of_metric(frame, name)
    numbers = rows, arms, ratios.of(name), hits.of(name)
    return ClaimMetric(name, metric, *numbers, how=how, outcomes=outcomes)


def uncertain(claim: Claim, metric: Metric, ratios: SpeedRatios) -> bool:
    """True for a claim on an interval that has a confidence: of quality, or of the ratio of two
    timings. Counts are exact, and a timing alone lies between its rounds.
    """
    # A level of one timing rests on its rounds, which are no independent replicates.
    compares = bool(claim.other) or "{place}" in claim.form
    timed = metric.kind == "speed" and compares and bool(ratios.of(claim.metric))
    return metric.kind == "quality" or timed

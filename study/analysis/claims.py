"""The claims of a study: sentences of a small grammar, evaluated on what was measured.

A claim is about one quantity, and names the span in which it lies; what was measured gives the
range in which it does. A range inside the span supports the claim, one outside contradicts it, one
across an end leaves it undecided. The claims of a study that rest on intervals are evaluated as
one family, so that few studies have any that is falsely decided.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from study import stats
from study.analysis import quantities
from study.analysis.claim_forms import state_and_reason
from study.analysis.claim_quantities import ClaimMetric
from study.analysis.quantities import State
from study.metrics import METRICS
from study.spec.claims import FORMS, Claim, parse

__all__ = ["FORMS", "Claim", "EvaluatedClaim", "evaluated", "family", "parse", "uncertain"]


@dataclass(frozen=True)
class EvaluatedClaim:
    claim: Claim
    state: State
    why: str
    tests: int = 1
    """Number of tests that the claim is corrected for; 0 if it rests on no interval."""


def evaluated(
    claim: Claim,
    frame: pd.DataFrame,
    arms: Mapping[str, str],
    *,
    confidence: float = stats.CONFIDENCE,
) -> EvaluatedClaim:
    """Evaluate a claim on `frame`, in base units; `arms` has the digest of every label."""
    name = claim.metric
    rows, ratios = frame[frame["metric"] == name], quantities.ratios(frame, name)
    measured = ClaimMetric(name, rows, arms, ratios, confidence)
    return EvaluatedClaim(claim, *state_and_reason(claim, measured))


def family(
    claims: Sequence[Claim], frame: pd.DataFrame, arms: Mapping[str, str], *, other_tests: int = 0
) -> tuple[EvaluatedClaim, ...]:
    """All claims of a study, evaluated and corrected by Holm's method.

    `other_tests` counts the tests of the study that are no claims. The claims that rest on
    intervals are evaluated at the confidence that all of these tests need together; those that this
    decides are done, and the rest are evaluated again at the confidence that fewer tests need,
    until none is decided any more. A claim that cannot be evaluated yet counts.
    """
    left = [place for place, claim in enumerate(claims) if uncertain(claim, frame)]
    # Counted before any claim is decided: the size of the family must not depend on results.
    tests = len(left) + other_tests
    results = {n: replace(evaluated(c, frame, arms), tests=0) for n, c in enumerate(claims)}
    while left:
        level = stats.corrected(len(left) + other_tests)
        step = {n: evaluated(claims[n], frame, arms, confidence=level) for n in left}
        results |= {n: replace(result, tests=tests) for n, result in step.items()}
        undecided = [n for n in left if step[n].state == "undecided"]
        # Holm's step-down (1979): decided claims leave the family; the rest need less confidence.
        left = undecided if undecided != left else []
    return tuple(results[n] for n in range(len(claims)))


def uncertain(claim: Claim, frame: pd.DataFrame) -> bool:
    """True for a claim on an interval that has a confidence: of quality, or of the ratio of two
    timings. Counts are exact, and a timing alone lies between its rounds.
    """
    kind = METRICS[claim.metric].kind
    # A level of one timing rests on its rounds, which are no independent replicates.
    compares = bool(claim.other) or "{place}" in claim.form
    timed = kind == "speed" and compares and bool(quantities.ratios(frame, claim.metric))
    return kind == "quality" or timed

"""The result of a single claim: its state, and a short sentence why."""

from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from math import inf, isnan

from study import stats
from study.analysis.claim_quantities import ABOVE, ClaimMetric
from study.analysis.quantities import DIFFERENCE, LEVEL, RATIO, Span, State
from study.spec.claims import FORMS, Claim
from study.spec.metric import Metric

StateAndReason = tuple[State, str]


def state_and_reason(claim: Claim, measured: ClaimMetric) -> StateAndReason:
    """The state of a claim, and why."""
    form = FORMS[claim.form]
    if form.quantity == "rank":
        return _ranked(claim, measured)
    labels = [label for label in (claim.arm, claim.other) if label]
    if form.quantity == "ratio":
        return measured.state_and_numbers(RATIO, BOUNDS[form.bound](claim.number), *labels)
    span = BOUNDS[form.bound](amount(claim, measured.metric))
    if form.quantity == "advantage":
        span = measured.directed(span)
    return measured.state_and_numbers(
        LEVEL if form.quantity == "level" else DIFFERENCE, span, *labels
    )


def amount(claim: Claim, metric: Metric) -> float:
    """A claim's number in base units: the nearest float, so that a count can equal it exactly."""
    return float(Fraction(repr(claim.number)) / Fraction(repr(metric.scale)))


def more(by: float) -> Span:
    return Span(max(by, ABOVE), inf)


BOUNDS: dict[str, Callable[[float], Span]] = {
    "more": more,
    "less": lambda by: Span(-inf, -max(by, ABOVE)),
    "at_least": lambda number: Span(number, inf),
    "at_most": lambda number: Span(-inf, number),
    "more_up_to": lambda by: Span(ABOVE, by),
    "less_up_to": lambda by: Span(-by, -ABOVE),
    "within": lambda by: Span(-by, by),
}
"""The span of values that a bound allows, from the number that a claim states."""


SIDES = {1: "ahead of", 0: "ties with", -1: "behind", None: "undecided against"}


def _ranked(claim: Claim, measured: ClaimMetric) -> StateAndReason:
    """The result of a rank, from the places that decided comparisons leave open.

    Equal counts share a place, so neither has one. A rank is supported when every comparison
    supports it; it is contradicted at the confidence that all comparisons need together.
    """
    others = measured.others(claim.arm)
    total = len(others) + 1
    # "last" is read as infinity, because the number of arms is not known to the grammar.
    place = total if claim.number == inf else int(claim.number)
    if place > total:
        return "contradicted", f"there are {total} arms"
    if not others:
        return "undecided", "there is no other arm"
    result = _rank(claim, measured, place, confidence=measured.confidence)
    if result[0] == "supported":
        return result
    together = stats.corrected(len(others), measured.confidence)
    return _rank(claim, measured, place, confidence=together)


def _rank(claim: Claim, measured: ClaimMetric, place: int, *, confidence: float) -> StateAndReason:
    duels = {
        arm: measured.range_of(DIFFERENCE, claim.arm, arm, confidence=confidence)
        for arm in measured.others(claim.arm)
    }
    higher = 1 if measured.metric.better == "higher" else -1
    # `and` lets 0 (equal) and None (undecided) pass as they are.
    leads = {arm: duel.sign and higher * duel.sign for arm, duel in duels.items()}
    total, counts = len(duels) + 1, Counter(leads.values())
    # Arms that lead push the place down; undecided comparisons leave a range of places.
    first, last = 1 + counts[-1], total - counts[1]
    state: State = "supported" if first == last else "undecided"
    decisive: set[int | None] = {1, -1} if first == last else {None}
    if counts[0] or not first <= place <= last:
        state = "contradicted"
        decisive = {0} if counts[0] else {-1 if place < first else 1}
    # A diverged arm has no difference, so it is named last.
    sizes = {arm: inf if isnan(duel.value) else abs(duel.value) for arm, duel in duels.items()}
    arm = min((arm for arm in duels if leads[arm] in decisive), key=lambda arm: (sizes[arm], arm))
    places = f"place {first}" if first == last else f"place {first} to {last}"
    numbers = measured.sentence(DIFFERENCE, duels[arm], measured.directed(more(0)))
    return state, f"{places} of {total}: {SIDES[leads[arm]]} {arm}, {numbers}"

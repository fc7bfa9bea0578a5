"""Forms: what a claim can say, and how each is judged.

A form is words and slots: {arm} and {other} are labels, {metric} a name of the catalogue, {amount}
a number in units of the table, {factor} a number with an x, {place} first, 2nd, last.
Contract: form(claim, measured) -> the state of the claim, and a short sentence why.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import inf, isnan

from study import stats
from study.claims.measured import ABOVE, Measured
from study.evidence import DIFFERENCE, LEVEL, RATIO, Quantity, Span, State
from study.metrics import METRICS


@dataclass(frozen=True)
class Claim:
    text: str
    form: str
    """Its key in FORMS."""
    arm: str
    other: str
    """"" where there is none."""
    metric: str
    number: float
    """An amount in units of the table, a factor, or a place (infinity is last); 0 if not said."""

    @property
    def amount(self) -> float:
        """In base units: the float nearest to what was written, so that counts can equal it."""
        return float(Fraction(repr(self.number)) / Fraction(repr(METRICS[self.metric].scale)))


Found = tuple[State, str]
Form = Callable[[Claim, Measured], Found]
Spanned = Callable[[float], Span]
"""Of the number that a claim says."""


def ahead(span: Spanned) -> Form:
    """The span is of how far the arm is ahead of the other, in the direction that is better."""
    return lambda claim, measured: measured.judged(
        DIFFERENCE, measured.directed(span(claim.amount)), claim.arm, claim.other
    )


def of(quantity: Quantity, span: Spanned) -> Form:
    return lambda claim, measured: measured.judged(
        quantity,
        span(claim.number if quantity is RATIO else claim.amount),
        *filter(None, (claim.arm, claim.other)),
    )


def at_least(number: float) -> Span:
    return Span(number, inf)


def at_most(number: float) -> Span:
    return Span(-inf, number)


def more(by: float) -> Span:
    return Span(max(by, ABOVE), inf)


def less(by: float) -> Span:
    return Span(-inf, -max(by, ABOVE))


SIDES = {1: "ahead of", 0: "ties with", -1: "behind", None: "undecided against"}


def ranks(claim: Claim, measured: Measured) -> Found:
    """The places that decided comparisons leave; equal counts share theirs, and so have none.

    A rank holds when every comparison says so; it is contradicted by what holds of all together.
    """
    others = measured.others(claim.arm)
    total = len(others) + 1
    place = total if claim.number == inf else int(claim.number)
    if place > total:
        return "contradicted", f"there are {total} arms"
    if not others:
        return "undecided", "there is no other arm"
    found = _rank(claim, measured, place, confidence=measured.confidence)
    if found[0] == "supported":
        return found
    together = stats.corrected(len(others), measured.confidence)
    return _rank(claim, measured, place, confidence=together)


def _rank(claim: Claim, measured: Measured, place: int, *, confidence: float) -> Found:
    duels = {
        arm: measured.evidence(DIFFERENCE, claim.arm, arm, confidence=confidence)
        for arm in measured.others(claim.arm)
    }
    higher = 1 if measured.metric.better == "higher" else -1
    leads = {arm: duel.sign and higher * duel.sign for arm, duel in duels.items()}
    total, counts = len(duels) + 1, Counter(leads.values())
    first, last = 1 + counts[-1], total - counts[1]
    state: State = "supported" if first == last else "undecided"
    shown: set[int | None] = {1, -1} if first == last else {None}
    if counts[0] or not first <= place <= last:
        state = "contradicted"
        shown = {0} if counts[0] else {-1 if place < first else 1}
    sizes = {arm: inf if isnan(duel.value) else abs(duel.value) for arm, duel in duels.items()}
    arm = min((arm for arm in duels if leads[arm] in shown), key=lambda arm: (sizes[arm], arm))
    places = f"place {first}" if first == last else f"place {first} to {last}"
    told = measured.told(DIFFERENCE, duels[arm], measured.directed(more(0)))
    return state, f"{places} of {total}: {SIDES[leads[arm]]} {arm}, {told}"


FORMS: dict[str, Form] = {
    "{arm} is better than {other} on {metric}": ahead(more),
    "{arm} is better than {other} on {metric} by {amount}": ahead(more),
    "{arm} is better than {other} on {metric} by at least {amount}": ahead(more),
    "{arm} is better than {other} on {metric} by at most {amount}": ahead(
        lambda by: Span(ABOVE, by)
    ),
    "{arm} is worse than {other} on {metric}": ahead(less),
    "{arm} is worse than {other} on {metric} by {amount}": ahead(less),
    "{arm} is worse than {other} on {metric} by at least {amount}": ahead(less),
    "{arm} is worse than {other} on {metric} by at most {amount}": ahead(
        lambda by: Span(-by, -ABOVE)
    ),
    "{arm} is within {amount} of {other} on {metric}": ahead(lambda by: Span(-by, by)),
    "{arm} has less {metric} than {other}": of(DIFFERENCE, less),
    "{arm} has more {metric} than {other}": of(DIFFERENCE, more),
    "{arm} has at most {factor} the {metric} of {other}": of(RATIO, at_most),
    "{arm} has at least {factor} the {metric} of {other}": of(RATIO, at_least),
    "{arm} has at most {amount} {metric}": of(LEVEL, at_most),
    "{arm} has at least {amount} {metric}": of(LEVEL, at_least),
    "{arm} ranks {place} on {metric}": ranks,
}

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
from study.evidence import DIFFERENCE, LEVEL, RATIO, Evidence, Span, State
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


def better(claim: Claim, measured: Measured) -> Found:
    return _ahead(claim, measured, Span(max(claim.amount, ABOVE), inf))


def better_at_most(claim: Claim, measured: Measured) -> Found:
    return _ahead(claim, measured, Span(ABOVE, claim.amount))


def worse(claim: Claim, measured: Measured) -> Found:
    return _ahead(claim, measured, Span(-inf, -max(claim.amount, ABOVE)))


def worse_at_most(claim: Claim, measured: Measured) -> Found:
    return _ahead(claim, measured, Span(-claim.amount, -ABOVE))


def within(claim: Claim, measured: Measured) -> Found:
    return _ahead(claim, measured, Span(-claim.amount, claim.amount))


def _ahead(claim: Claim, measured: Measured, span: Span) -> Found:
    """`span` is of how far the arm is ahead of the other, in the direction that is better."""
    return measured.judged(DIFFERENCE, measured.directed(span), claim.arm, claim.other)


def less(claim: Claim, measured: Measured) -> Found:
    return measured.judged(DIFFERENCE, Span(-inf, -ABOVE), claim.arm, claim.other)


def more(claim: Claim, measured: Measured) -> Found:
    return measured.judged(DIFFERENCE, Span(ABOVE, inf), claim.arm, claim.other)


def ratio_at_most(claim: Claim, measured: Measured) -> Found:
    return measured.judged(RATIO, Span(-inf, claim.number), claim.arm, claim.other)


def ratio_at_least(claim: Claim, measured: Measured) -> Found:
    return measured.judged(RATIO, Span(claim.number, inf), claim.arm, claim.other)


def at_most(claim: Claim, measured: Measured) -> Found:
    return measured.judged(LEVEL, Span(-inf, claim.amount), claim.arm)


def at_least(claim: Claim, measured: Measured) -> Found:
    return measured.judged(LEVEL, Span(claim.amount, inf), claim.arm)


AHEAD, BEHIND, OPEN, TIED = "ahead of", "behind", "undecided against", "ties with"


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
    found = _rank(claim, measured, place, confidence=stats.CONFIDENCE)
    if found[0] == "supported":
        return found
    return _rank(claim, measured, place, confidence=stats.corrected(len(others)))


def _rank(claim: Claim, measured: Measured, place: int, *, confidence: float) -> Found:
    duels = {
        arm: measured.evidence(DIFFERENCE, claim.arm, arm, confidence=confidence)
        for arm in measured.others(claim.arm)
    }
    total = len(duels) + 1
    sides = {arm: _side(duel, measured) for arm, duel in duels.items()}
    counts = Counter(sides.values())
    first, last = 1 + counts[BEHIND], total - counts[AHEAD]
    state: State = "supported" if first == last else "undecided"
    shown = {AHEAD, BEHIND} if first == last else {OPEN}
    if counts[TIED] or not first <= place <= last:
        state = "contradicted"
        shown = {TIED} if counts[TIED] else {BEHIND if place < first else AHEAD}
    arm = min(
        (arm for arm in duels if sides[arm] in shown), key=lambda arm: (_size(duels[arm]), arm)
    )
    places = f"place {first}" if first == last else f"place {first} to {last}"
    told = measured.told(DIFFERENCE, duels[arm], measured.directed(Span(ABOVE, inf)))
    return state, f"{places} of {total}: {sides[arm]} {arm}, {told}"


def _side(duel: Evidence, measured: Measured) -> str:
    if not duel.sign:
        return OPEN if duel.sign is None else TIED
    return AHEAD if (duel.sign > 0) == (measured.metric.better == "higher") else BEHIND


def _size(duel: Evidence) -> float:
    return inf if isnan(duel.value) else abs(duel.value)


FORMS: dict[str, Callable[[Claim, Measured], Found]] = {
    "{arm} is better than {other} on {metric}": better,
    "{arm} is better than {other} on {metric} by {amount}": better,
    "{arm} is better than {other} on {metric} by at least {amount}": better,
    "{arm} is better than {other} on {metric} by at most {amount}": better_at_most,
    "{arm} is worse than {other} on {metric}": worse,
    "{arm} is worse than {other} on {metric} by {amount}": worse,
    "{arm} is worse than {other} on {metric} by at least {amount}": worse,
    "{arm} is worse than {other} on {metric} by at most {amount}": worse_at_most,
    "{arm} is within {amount} of {other} on {metric}": within,
    "{arm} has less {metric} than {other}": less,
    "{arm} has more {metric} than {other}": more,
    "{arm} has at most {factor} the {metric} of {other}": ratio_at_most,
    "{arm} has at least {factor} the {metric} of {other}": ratio_at_least,
    "{arm} has at most {amount} {metric}": at_most,
    "{arm} has at least {amount} {metric}": at_least,
    "{arm} ranks {place} on {metric}": ranks,
}

"""Why a printed cost is not the measured one: a part or a rule of counting that was not said.

Every other entry of each slot and every rule of counting is tried; what matches is named. A reason
is a guess from arithmetic: it says what would explain the numbers, not what happened.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from study import cards
from study.errors import StudyError
from study.metrics import METRICS, RULES
from study.plan import Plan, PlannedArm
from study.spec import Printed
from study.store import Record, Store

COUNTED = ("macs", "macs_conv_linear")
"""Metrics whose printed value may follow any rule."""


@dataclass(frozen=True, order=True)
class Guess:
    """One slot filled otherwise, or none; and a rule of counting."""

    slot: str = ""
    part: str = ""
    rule: str = ""

    def __str__(self) -> str:
        return ", ".join(filter(None, [self.change, f"counting {self.rule}" if self.rule else ""]))

    @property
    def change(self) -> str:
        return f"{self.slot} {self.part}".strip()


@dataclass(frozen=True)
class Tried:
    """What one row's printed costs are matched by: guess -> metrics."""

    printed: Mapping[str, Printed]
    matches: Mapping[Guess, frozenset[str]]

    def whole(self, guess: Guess) -> bool:
        return self.matches.get(guess, frozenset()) == self.printed.keys()


def matches(value: float, printed: Printed, metric: str) -> bool:
    """Whether a value in base units rounds to what was printed."""
    apart = abs(value * METRICS[metric].scale - printed.value)
    return apart <= 0.5 * 10.0**-printed.digits * (1 + 1e-9)


def tried(plan: Plan, store: Store, rows: Mapping[str, Mapping[str, Printed]]) -> dict[str, Tried]:
    """Of each arm in `rows` (by digest; its printed costs by metric), what matches them."""
    arms = {arm.digest: arm for arm in plan.arms}
    found = {}
    for digest, printed in rows.items():
        matched: dict[Guess, frozenset[str]] = {}
        for guess, card in _cards(arms[digest], store):
            for rule in RULES:
                values = _values(card, printed, rule)
                named = frozenset(m for m, v in values.items() if matches(v, printed[m], m))
                if named:
                    matched[replace(guess, rule=rule)] = named
        found[digest] = Tried(printed, matched)
    return found


def _cards(arm: PlannedArm, store: Store) -> Iterator[tuple[Guess, Record]]:
    """The arm's card, and those of the same arm with one slot filled otherwise."""
    yield Guess(), arm.card
    config = arm.arm.config
    for slot, parts in arm.card.get("slots", {}).items():
        for part in parts:
            if part != arm.card["arguments"][slot]:
                other = replace(config, arguments={**config.arguments, slot: part})
                try:
                    yield Guess(slot, part), cards.card(other, store)
                except StudyError:  # this part does not fit here: no explanation
                    continue


def _values(card: Record, printed: Mapping[str, Printed], rule: str) -> dict[str, float]:
    """The card's costs of the printed metrics, multiply-adds by `rule`; refused ones left out."""
    counts = card.get("counts", {}).get("torch", {})
    found = {}
    for metric in printed:
        if metric not in COUNTED:
            found[metric] = card["cost"].get(metric)
        elif counts:
            found[metric] = sum(counts.get(kind, 0) for kind in RULES[rule])
    return {metric: value for metric, value in found.items() if value is not None}


def best(found: Mapping[str, Tried]) -> dict[str, Guess]:
    """By arm, the guess that explains all its printed costs, if any; the commonest of several."""
    common = Counter(g for row in found.values() for g in row.matches if row.whole(g))
    return {
        digest: max(whole, key=lambda guess: (common[guess], not guess.slot))
        for digest, row in found.items()
        if (whole := [guess for guess in sorted(row.matches) if row.whole(guess)])
    }


def sentences(found: Mapping[str, Tried]) -> Iterator[str]:
    """How many printed costs match the models as they are, and how many under the best guess."""
    guesses = sorted({guess for row in found.values() for guess in row.matches})
    asis = [guess for guess in guesses if not guess.slot]
    for metric in dict.fromkeys(m for row in found.values() for m in row.printed):
        rows = [row for row in found.values() if metric in row.printed]
        hits = {g: sum(metric in row.matches.get(g, ()) for row in rows) for g in guesses}
        most = max((hits[guess] for guess in asis), default=0)
        name = METRICS[metric].label.partition(" (")[0]
        rule = f", counting {_by(asis, hits)}" if most else " under any rule of counting"
        told = f"{name}: {most} of {len(rows)} printed values match the models as they are"
        told += rule if metric in COUNTED else ""
        top = max(guesses, key=lambda g: (hits[g], _total(found, g)), default=None)
        if top is not None and hits[top] > most:
            how = str(top) if metric in COUNTED else top.change
            told += f"; {hits[top]} of {len(rows)} match {how}"
        yield told + "."


def _by(guesses: list[Guess], hits: Mapping[Guess, int]) -> str:
    return max(guesses, key=hits.__getitem__).rule


def _total(found: Mapping[str, Tried], guess: Guess) -> int:
    """All printed costs that a guess matches."""
    return sum(len(row.matches.get(guess, ())) for row in found.values())

"""Why a printed cost is not the measured one: a part or a rule of counting that was not said.

Every other entry of each slot and every rule of counting is tried; what matches is named. A reason
is a guess from arithmetic: it says what would explain the numbers, not what happened.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

from study import cards
from study.cost_records import ArmCost
from study.errors import StudyError
from study.metrics import METRICS, RULES
from study.plan import Plan, PlannedArm
from study.spec import Printed
from study.store import Store

COUNTED = ("macs", "macs_conv_linear")
"""Metrics whose printed value may follow any rule."""

SELDOM = 0.05  # alternatives that match by chance, at most, where a match is an explanation
LEAST = 1e-4  # of those, the smallest number that is printed


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
    values: Mapping[Guess, Mapping[str, float]] = field(default_factory=dict)
    """In units of the table, what every guess that was tried comes to."""

    @property
    def whole(self) -> list[Guess]:
        """The guesses that explain all of the row; those that change no part, where there are."""
        found = [g for g, metrics in self.matches.items() if metrics == self.printed.keys()]
        return [guess for guess in found if not guess.slot] or found

    def met(self, metric: str) -> bool:
        """Whether the model as it is has the printed cost, under some rule."""
        return any(metric in m for guess, m in self.matches.items() if not guess.slot)

    def luck(self, metric: str) -> float:
        """The chance of one guess to match a number of the printed precision, drawn at random
        between the lowest and the highest value that was tried.
        """
        values = [found[metric] for found in self.values.values() if metric in found]
        width = 10.0 ** -self.printed[metric].digits
        return width / (max(values) - min(values) + width) if values else 1.0


def matches(value: float, printed: Printed, metric: str) -> bool:
    """Whether a value in base units rounds to what was printed."""
    apart = abs(value * METRICS[metric].scale - printed.value)
    return apart <= 0.5 * 10.0**-printed.digits * (1 + 1e-9)


def tried(plan: Plan, store: Store, rows: Mapping[str, Mapping[str, Printed]]) -> dict[str, Tried]:
    """Of each arm in `rows` (by digest; its printed costs by metric), what matches them.

    Other parts are tried for the arms that do not match as they are.
    """
    found = {}
    for arm in (arm for arm in plan.arms if arm.digest in rows):
        printed = rows[arm.digest]
        asis = _tried(printed, _guessed(Guess(), arm.card, printed))
        others = () if asis.whole else _others(arm, store)
        more = (_guessed(guess, card, printed) for guess, card in others)
        values = {k: v for part in (asis.values, *more) for k, v in part.items()}
        found[arm.digest] = _tried(printed, values)
    return found


def _tried(printed: Mapping[str, Printed], values: Mapping[Guess, Mapping[str, float]]) -> Tried:
    matched = {guess: _matched(found, printed) for guess, found in values.items()}
    return Tried(printed, {guess: names for guess, names in matched.items() if names}, values)


def _others(arm: PlannedArm, store: Store) -> Iterator[tuple[Guess, ArmCost]]:
    """The same arm with one slot filled otherwise."""
    config = arm.arm.config
    for slot, parts in arm.card.slots.items():
        for part in parts:
            if part != arm.card.arguments[slot]:
                other = replace(config, arguments={**config.arguments, slot: part})
                with suppress(StudyError):  # this part does not fit here: no explanation
                    yield Guess(slot, part), cards.card(other, store)


def _guessed(
    guess: Guess, card: ArmCost, printed: Mapping[str, Printed]
) -> dict[Guess, dict[str, float]]:
    """What a card comes to, in units of the table, by rule where a printed cost may follow any."""
    rules = RULES if printed.keys() & set(COUNTED) else [""]
    return {
        replace(guess, rule=rule): {
            metric: value * METRICS[metric].scale
            for metric, value in _values(card, printed, rule).items()
        }
        for rule in rules
    }


def _matched(values: Mapping[str, float], printed: Mapping[str, Printed]) -> frozenset[str]:
    """The metrics whose printed value is met."""
    units = {metric: METRICS[metric].scale for metric in values}
    return frozenset(m for m, v in values.items() if matches(v / units[m], printed[m], m))


def _values(card: ArmCost, printed: Mapping[str, Printed], rule: str) -> dict[str, float]:
    """The card's costs of the printed metrics, multiply-adds by `rule`; refused ones left out."""
    counts = card.counts.get("torch", {})
    found = {}
    for metric in printed:
        if metric not in COUNTED:
            found[metric] = card.cost.get(metric)
        elif counts:
            found[metric] = sum(counts.get(kind, 0) for kind in RULES[rule])
    return {metric: value for metric, value in found.items() if value is not None}


def best(found: Mapping[str, Tried]) -> dict[str, list[Guess]]:
    """By arm, the guesses that explain all its printed costs: those that explain most rows."""
    common = Counter(guess for row in found.values() for guess in row.whole)
    most = {arm: max((common[g] for g in row.whole), default=0) for arm, row in found.items()}
    return {
        arm: sorted(guess for guess in row.whole if common[guess] == most[arm])
        for arm, row in found.items()
    }


def sentences(found: Mapping[str, Tried]) -> Iterator[str]:
    """How many printed costs match the models as they are, and how many others the best guess."""
    for metric in dict.fromkeys(m for row in found.values() for m in row.printed):
        rows = [row for row in found.values() if metric in row.printed]
        left = [row for row in rows if not row.met(metric)]
        name = METRICS[metric].label.partition(" (")[0]
        told = f"{name}: {len(rows) - len(left)} of {len(rows)} printed values match the models as "
        told += "they are" + (", under some rule of counting" if metric in COUNTED else "")
        hits = Counter(g for row in left for g, metrics in row.matches.items() if metric in metrics)
        if hits:
            top = max(sorted(hits), key=lambda guess: (hits[guess], _total(found, guess)))
            how = str(top) if metric in COUNTED else top.change
            told += f"; of the other {len(left)}, {hits[top]} match {how} "
            told += f"({by_chance(found, top)})"
        yield told + "."


# ---- what chance would match ----


def explains(found: Mapping[str, Tried], guess: Guess) -> bool:
    """Whether chance would seldom bring an alternative that matches as many printed costs."""
    return expected(found, guess) <= SELDOM


def by_chance(found: Mapping[str, Tried], guess: Guess) -> str:
    """The alternatives that were tried, and how many random numbers would have matched."""
    several = expected(found, guess)
    shown = f"{several:.1g}" if several >= LEAST else f"less than {LEAST:g}"
    verdict = "" if several <= SELDOM else ": no explanation"
    return (
        f"of {len(alternatives(found))} alternatives tried, {shown} would match as many random "
        f"numbers of that precision{verdict}"
    )


def expected(found: Mapping[str, Tried], guess: Guess) -> float:
    """How many of the alternatives that were tried would match, of the printed costs that the
    models as they are do not meet, as many as `guess` does, were these costs random numbers.
    """
    missed = [(row, metric) for row in found.values() for metric in row.printed
              if not row.met(metric)]  # fmt: skip
    hits = sum(metric in row.matches.get(guess, ()) for row, metric in missed)
    chances = [1.0]  # of so many matches
    for row, metric in missed:
        luck = row.luck(metric)
        pairs = zip([*chances, 0.0], [0.0, *chances], strict=True)
        chances = [same * (1 - luck) + fewer * luck for same, fewer in pairs]
    return len(alternatives(found)) * sum(chances[hits:])


def alternatives(found: Mapping[str, Tried]) -> set[Guess]:
    return {guess for row in found.values() for guess in row.values if guess.slot or guess.rule}


def _total(found: Mapping[str, Tried], guess: Guess) -> int:
    """All printed costs that a guess matches."""
    return sum(len(row.matches.get(guess, ())) for row in found.values())

"""Explanations of published costs that differ from ours: another part, another counting rule.

Every other part of each slot and every counting rule is tried, and matches are named. A match is
arithmetic: it shows what would explain the numbers, not what the authors did.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from study.metrics import RULES
from study.plan.plan import Plan
from study.spec.metric import Catalogue, Metric
from study.spec.study import PublishedNumber
from study.store.cost_records import ArmCost
from study.store.store import Store

COUNTED = ("macs", "macs_conv_linear")
"""Metrics whose published value may follow any counting rule."""

# A match is an explanation only if at most this many alternatives are expected to match by chance.
MOST_EXPECTED = 0.05
SMALLEST_PRINTED = (
    1e-4  # smallest expected number that is printed; below it the text says "less than"
)


@dataclass(frozen=True, order=True)
class Alternative:
    """The arm with another part in one slot, or unchanged, counted by one rule."""

    slot: str = ""
    part: str = ""
    rule: str = ""

    def __str__(self) -> str:
        return ", ".join(filter(None, [self.change, f"counting {self.rule}" if self.rule else ""]))

    @property
    def change(self) -> str:
        return f"{self.slot} {self.part}".strip()


@dataclass(frozen=True)
class CostMatches:
    """Alternatives that match the published costs of one arm."""

    printed: Mapping[str, PublishedNumber]
    matches: Mapping[Alternative, frozenset[str]]
    values: Mapping[Alternative, Mapping[str, float]] = field(default_factory=dict)
    """Cost by metric of every alternative that was tried, in units of the table."""

    @property
    def full_matches(self) -> list[Alternative]:
        """The alternatives that match all published costs, preferring those that change no part."""
        matching = [g for g, metrics in self.matches.items() if metrics == self.printed.keys()]
        # The simplest explanation first: a counting rule changes nothing in the model.
        return [alternative for alternative in matching if not alternative.slot] or matching

    def matches_unchanged(self, metric: str) -> bool:
        """True if the unchanged model has the published cost under some counting rule."""
        return any(metric in m for alternative, m in self.matches.items() if not alternative.slot)

    def match_probability(self, metric: str) -> float:
        """Probability that one alternative matches a random number of the published precision.

        The number is uniform between the lowest and the highest value that was tried.
        """
        values = [costs[metric] for costs in self.values.values() if metric in costs]
        width = 10.0 ** -self.printed[metric].digits  # all values that round to one number
        return width / (max(values) - min(values) + width) if values else 1.0


def matches(value: float, printed: PublishedNumber) -> bool:
    """True if a value in units of the table rounds to the published number."""
    # The factor admits half-way values that binary fractions put just outside.
    return abs(value - printed.value) <= 0.5 * 10.0**-printed.digits * (1 + 1e-9)


def cost_matches(
    plan: Plan, store: Store, rows: Mapping[str, Mapping[str, PublishedNumber]]
) -> dict[str, CostMatches]:
    """Alternatives that match the published costs in `rows`: arm digest -> metric -> number.

    Other parts are tried only for arms that do not match unchanged.
    """
    matches_of = {}
    for arm in (arm for arm in plan.arms if arm.digest in rows):
        printed = rows[arm.digest]
        metrics = {name: plan.catalogue[name] for name in printed}
        unchanged = _cost_matches(
            printed, _alternative_costs(Alternative(), arm.cost_record, metrics)
        )
        # Building and counting every other part is slow; an arm that matches needs no explanation.
        others = () if unchanged.full_matches else plan.task.alternatives(arm, store)
        more = (
            _alternative_costs(Alternative(slot, part), cost_record, metrics)
            for slot, part, cost_record in others
        )
        values = {k: v for values_of in (unchanged.values, *more) for k, v in values_of.items()}
        matches_of[arm.digest] = _cost_matches(printed, values)
    return matches_of


def _cost_matches(
    printed: Mapping[str, PublishedNumber], values: Mapping[Alternative, Mapping[str, float]]
) -> CostMatches:
    matched = {alternative: _matched(costs, printed) for alternative, costs in values.items()}
    return CostMatches(
        printed, {alternative: names for alternative, names in matched.items() if names}, values
    )


def _alternative_costs(
    alternative: Alternative, cost_record: ArmCost, metrics: Mapping[str, Metric]
) -> dict[Alternative, dict[str, float]]:
    """The costs of an alternative in units of the table, once per counting rule that may apply."""
    # Parameters and activations have no counting rule, so one pass is enough.
    rules = RULES if metrics.keys() & set(COUNTED) else [""]
    return {
        replace(alternative, rule=rule): {
            name: value * metrics[name].scale
            for name, value in _values(cost_record, metrics, rule).items()
        }
        for rule in rules
    }


def _matched(values: Mapping[str, float], printed: Mapping[str, PublishedNumber]) -> frozenset[str]:
    """The metrics whose published value is matched."""
    return frozenset(name for name, value in values.items() if matches(value, printed[name]))


def _values(cost_record: ArmCost, metrics: Iterable[str], rule: str) -> dict[str, float]:
    """The costs in base units, multiply-adds counted by `rule`; refused costs are left out."""
    counts = cost_record.counts.get("torch", {})
    costs = {}
    for metric in metrics:
        if metric not in COUNTED:
            costs[metric] = cost_record.cost.get(metric)
        elif counts:
            costs[metric] = sum(counts.get(kind, 0) for kind in RULES[rule])
    return {metric: value for metric, value in costs.items() if value is not None}


def best_alternatives(by_arm: Mapping[str, CostMatches]) -> dict[str, list[Alternative]]:
    """Alternatives that match all published costs of an arm, and most other arms, by arm."""
    arms_matched = Counter(
        alternative for row in by_arm.values() for alternative in row.full_matches
    )
    most = {
        arm: max((arms_matched[g] for g in row.full_matches), default=0)
        for arm, row in by_arm.items()
    }
    return {
        arm: sorted(
            alternative
            for alternative in row.full_matches
            if arms_matched[alternative] == most[arm]
        )
        for arm, row in by_arm.items()
    }


def sentences(by_arm: Mapping[str, CostMatches], catalogue: Catalogue) -> Iterator[str]:
    """How many published costs the unchanged models match, and how many the best alternative."""
    for metric in dict.fromkeys(m for row in by_arm.values() for m in row.printed):
        rows = [row for row in by_arm.values() if metric in row.printed]
        left = [row for row in rows if not row.matches_unchanged(metric)]
        name = catalogue[metric].label.partition(" (")[0]
        text = f"{name}: {len(rows) - len(left)} of {len(rows)} published values match the models "
        text += "unchanged" + (", under some counting rule" if metric in COUNTED else "")
        hits = Counter(g for row in left for g, metrics in row.matches.items() if metric in metrics)
        if hits:
            # Sorted first, so that ties are broken the same way in every run.
            top = max(
                sorted(hits),
                key=lambda alternative: (hits[alternative], _total(by_arm, alternative)),
            )
            how = str(top) if metric in COUNTED else top.change
            text += f"; of the other {len(left)}, {hits[top]} match {how} "
            text += f"({by_chance(by_arm, top)})"
        yield text + "."


# ---- matches expected by chance ----


def explains(by_arm: Mapping[str, CostMatches], alternative: Alternative) -> bool:
    """True if so many matches are unlikely by chance."""
    return expected_matches(by_arm, alternative) <= MOST_EXPECTED


def by_chance(by_arm: Mapping[str, CostMatches], alternative: Alternative) -> str:
    """The number of alternatives tried, and how many are expected to match random numbers."""
    expected = expected_matches(by_arm, alternative)
    number = (
        f"{expected:.1g}" if expected >= SMALLEST_PRINTED else f"less than {SMALLEST_PRINTED:g}"
    )
    verdict = "" if expected <= MOST_EXPECTED else ": not an explanation"
    return (
        f"of {len(alternatives(by_arm))} alternatives tried, {number} are expected to match as "
        f"many random numbers of that precision{verdict}"
    )


def expected_matches(by_arm: Mapping[str, CostMatches], alternative: Alternative) -> float:
    """Expected number of alternatives with as many matches as `alternative`, for random costs.

    Only published costs that the unchanged models miss count. The sum over matches follows a
    Poisson-binomial distribution, because the probability differs from cost to cost.
    """
    missed = [
        (row, metric)
        for row in by_arm.values()
        for metric in row.printed
        if not row.matches_unchanged(metric)
    ]
    hits = sum(metric in row.matches.get(alternative, ()) for row, metric in missed)
    probabilities = [1.0]  # by number of matches: the distribution grows by one cost at a time
    for row, metric in missed:
        probability = row.match_probability(metric)
        # Each cost adds one match with its own probability: the recurrence of the Poisson binomial.
        pairs = zip([*probabilities, 0.0], [0.0, *probabilities], strict=True)
        probabilities = [same * (1 - probability) + fewer * probability for same, fewer in pairs]
    return len(alternatives(by_arm)) * sum(probabilities[hits:])


def alternatives(by_arm: Mapping[str, CostMatches]) -> set[Alternative]:
    return {
        alternative
        for row in by_arm.values()
        for alternative in row.values
        if alternative.slot or alternative.rule
    }


def _total(by_arm: Mapping[str, CostMatches], alternative: Alternative) -> int:
    """Number of published costs that an alternative matches, over all arms."""
    return sum(len(row.matches.get(alternative, ())) for row in by_arm.values())

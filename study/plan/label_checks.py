"""Checks of the labels in a study file: published numbers, claims, contrasts and expectations name
one arm each, and can be measured.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

from study.errors import SpecError, unknown
from study.spec.arm_names import own_names, owners
from study.spec.claims import Claim, parse
from study.spec.formulas import wrong_relation
from study.spec.metric import Metric, sized
from study.spec.places import Places
from study.spec.problems import MAX_PROBLEMS, Location, Problem
from study.spec.study import AA_SEED_OFFSET, Arm, Study

MANY = 3  # names that an error suggests
LARGEST = 1e12  # of a published number, in the units of the table


@dataclass(frozen=True)
class ArmNames:
    """The labels of the arms, unique and shared."""

    owners: Mapping[str, int]
    """The number of the arm, by names that only one arm has."""
    shared: Mapping[str, list[str]]
    """Unique names of the arms, by a name that several arms have."""
    absent: Mapping[str, str] = field(default_factory=dict)
    """By the label of a twin that does not exist, the reason."""
    arms: int = 0
    """How many arms there are; the baseline has several names."""

    def problems(self, name: str, mark: Location) -> Iterator[Problem]:
        """Problems of a name that several arms have, or none."""
        if several := self.shared.get(name):
            each = " or ".join(f'"{own}"' for own in several[:MANY])
            yield Problem(f'{len(several)} arms are called "{name}"', mark, f"write {each}")
        elif name in self.absent:
            yield Problem(f'there is no "{name}": {self.absent[name]}', mark)
        elif name not in self.owners:
            yield Problem(unknown("arm", name, self.owners), mark)

    def every_problem(self, rows: Mapping[str, Location]) -> Iterator[Problem]:
        """The problems of many names."""
        # A search for similar names is slow: only for as many problems as are printed.
        wrong = [(name, mark) for name, mark in rows.items() if name not in self.owners]
        for name, mark in wrong[:MAX_PROBLEMS]:
            yield from self.problems(name, mark)
        yield from (Problem(f'"{name}" is no arm', mark) for name, mark in wrong[MAX_PROBLEMS:])


def names(study: Study, arms: Sequence[Arm], absent: Mapping[str, str] | None = None) -> ArmNames:
    own, owned = own_names(study, arms), owners(study, arms)
    shared: dict[str, list[str]] = {}
    for arm, several in zip(arms, own, strict=True):
        for label in set(study.arm_labels(arm)) - owned.keys():
            shared.setdefault(label, []).append(several[0])
    return ArmNames(owned, shared, absent or {}, len(arms))


def problems(
    study: Study,
    places: Places,
    twins: Sequence[Arm] = (),
    absent: Mapping[str, str] | None = None,
) -> list[Problem]:
    """Problems of claims, contrasts, published rows and A/A seeds."""
    named = names(study, [*study.arms, *twins], absent)
    return [
        *_claims(study, places, named),
        *_contrasts(study, places, named),
        *_published(study, places, named),
        # Of the arms as they are: the cost of a twin is the baseline's by construction.
        *_expectations(study, places, names(study, study.arms)),
        *_seed_clashes(study, places),
        *_undecidable(study, places),
    ]


def _claims(study: Study, places: Places, named: ArmNames) -> Iterator[Problem]:
    for index, claim in enumerate(study.claims):
        mark = places.value("claims", index)
        try:
            known = [*named.owners, *named.shared, *named.absent]
            parsed = parse(claim, known, study.catalogue)
        except SpecError as error:
            yield Problem(str(error), mark)
            continue
        unfit = [a for a in (parsed.arm, parsed.other) if a in {**named.shared, **named.absent}]
        yield from (wrong for arm in unfit for wrong in named.problems(arm, mark))
        yield from (Problem(text, mark) for text in _senseless(study, parsed, named.arms))


def _contrasts(study: Study, places: Places, named: ArmNames) -> Iterator[Problem]:
    """Pairs that cannot be tested, or would be tested twice."""
    tested = set[frozenset[int]]()
    for index, pair in enumerate(study.contrasts):
        mark = places.value("contrasts", index)
        wrong = [place for place, label in enumerate(pair) if label not in named.owners]
        for place in wrong:
            at = places.value("contrasts", index, place)
            yield from named.problems(pair[place], at)
        if wrong:
            continue
        # A set, as A against B and B against A are one test.
        both = frozenset(named.owners[label] for label in pair)
        if len(both) < 2:
            yield Problem(f"{pair[0]} and {pair[1]} are the same arm", mark)
        elif both in tested:
            yield Problem(f"{pair[0]} and {pair[1]} are tested twice", mark)
        tested.add(both)
    known = [name for name in study.columns if name in study.catalogue]  # the reader reports others
    if study.contrasts and not any(study.catalogue[name].kind == "quality" for name in known):
        yield Problem("contrasts need a quality among the columns", places.key("contrasts"))


def _expectations(study: Study, places: Places, named: ArmNames) -> Iterator[Problem]:
    """Expectations of no factor or arm, of no cost, or in no relation."""
    paths = [factor.path for factor in study.factors]
    for key, wanted in study.expects.items():
        factor, mark = paths.index(key) if key in paths else None, places.key("expects", key)
        if factor is None and key not in named.owners:
            yield Problem(unknown("factor or arm", key, [*paths, *named.owners]), mark)
        elif factor is not None and not any(factor in arm.changed_factors for arm in study.arms):
            yield Problem(f"no arm differs in {key}, so nothing can be expected of it", mark)
        for metric, relation in wanted.items():
            place = places.value("expects", key, metric)
            # The reader reports names that are no metric.
            if metric in study.catalogue and study.catalogue[metric].kind != "cost":
                message = "only costs are known before anything runs"
                yield Problem(f"{message}; {metric} can be in a claim", place)
            elif why := wrong_relation(relation):
                yield Problem(why, place)


def _seed_clashes(study: Study, places: Places) -> Iterator[Problem]:
    for seed in sorted({*study.seeds} & {*study.aa_seeds}):
        message = (
            f"seed {seed} is the A/A arm's, whose seeds are {AA_SEED_OFFSET:,} above the study's"
        )
        yield Problem(message, places.key("seeds"))


def _undecidable(study: Study, places: Places) -> Iterator[Problem]:
    """Reasons why no result of a trial can decide how many seeds there are."""
    if study.sequential is None:
        return
    at = places.key("seeds")
    qualities = [n for n in study.columns if study.catalogue[n].kind == "quality"]
    # The arms of a search are not known yet.
    if (len(study.arms) < 2 and not study.search) or not qualities:
        yield Problem("seeds: nothing is compared: give two arms and a quality in columns", at)
    elif sized(qualities[0])[1]:
        message = f"seeds: {qualities[0]} is measured after all trials, so it cannot decide"
        yield Problem(message, at, "put a quality at the size of training first in columns")


def _senseless(study: Study, claim: Claim, arms: int) -> Iterator[str]:
    kind = study.catalogue[claim.metric].kind
    if {claim.arm, claim.other} <= set(study.arm_labels(study.arms[0])):
        yield f"{claim.arm} and {claim.other} are the same arm, the baseline"
    if "{place}" in claim.form and arms < claim.number < inf:
        yield f"there are {arms} arms to rank"
    if kind == "quality" and not study.seeds:
        yield f"nothing measures {claim.metric}: seeds is 0"
    elif claim.metric not in study.columns and (kind == "speed" or sized(claim.metric)[1]):
        yield f"nothing measures {claim.metric}: add it to columns"


def _published(study: Study, places: Places, named: ArmNames) -> Iterator[Problem]:
    numbers: dict[tuple[str, str], float] = {}
    for row, printed in study.published.items():
        for metric, number in printed.items():
            if metric not in study.catalogue:
                continue  # reported by the reader
            at = places.key("published", row, metric)
            if number.spread > LARGEST:
                yield Problem(f"no {metric} has a spread of {number.spread:g}", at)
            if why := _impossible(metric, study.catalogue[metric], number.value):
                yield Problem(why, at)
            owner = str(named.owners.get(row, row))
            other = numbers.setdefault((owner, metric), number.value)
            if other != number.value:
                yield Problem(f"{row} has another {metric} under another name: {other}", at)
    rows = {row: places.key("published", row) for row in study.published}
    yield from named.every_problem(rows)


OFF = (1e2, 1e3, 1e6, 1e9)
"""Ratios between units that papers use: percent and fraction, thousands, millions, billions."""
NEAR = 1.5  # a ratio counts as one of these if it is within this factor of it


def units(
    study: Study, places: Places, costs: Mapping[str, Mapping[str, float | None]]
) -> Iterator[str]:
    """Notes on published numbers that seem to be in another unit.

    `costs` has the counted costs in base units, by label of the row.
    """
    for row, printed in study.published.items():
        for metric, number in printed.items():
            here = costs.get(row, {}).get(metric)
            if why := other_unit(metric, study.catalogue[metric], number.value, here=here):
                yield f"{places.key('published', row, metric)}: {why}"


def other_unit(name: str, metric: Metric, printed: float, *, here: float | None) -> str:
    """The reason why a printed number seems to be in another unit than the table, or ""."""
    unit, scale = metric.unit, metric.scale
    if here and printed > 0:
        times = printed / (here * scale)
        factor = next((f for f in OFF if 1 / NEAR < max(times, 1 / times) / f < NEAR), None)
        if factor:
            word = "times" if times > 1 else "times less than"
            text = f"{factor:,.0f} {word} the {here * scale:.4g} of this study"
            return f"published {name} {printed:g} is about {text}; the unit is {unit or 'none'}"
    if unit == "%" and 0 < printed <= 1:
        text = f"the unit is %, so {printed:g} of 1 is written {100 * printed:g}"
        return f"published {name} {printed:g} is below 1 %; {text}"
    return ""


def _impossible(name: str, metric: Metric, value: float) -> str:
    """The reason why no measurement can have this value, or ""."""
    if value < 0 or (value == 0 and metric.kind != "quality") or value > LARGEST:
        return f"no {name} is {value:g}"
    return f"no {name} is {value:g} %" if metric.unit == "%" and value > 100 else ""

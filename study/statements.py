"""What a study file says of its arms: published numbers, claims, contrasts. Can it be true?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf

from study.claim_grammar import Claim, parse
from study.errors import SpecError, unknown
from study.marks import MAX_PROBLEMS, Mark, Problem
from study.metrics import METRICS, sized
from study.names import own_names, owners
from study.spec import AGAIN, Arm, Study

MANY = 3  # names that an error suggests
LARGEST = 1e12  # of a published number, in the units of the table


@dataclass(frozen=True)
class Names:
    """What arms are called."""

    owners: Mapping[str, int]
    """Names of one arm alone, with its number."""
    shared: Mapping[str, list[str]]
    """Names that several arms have, with a name of its own for each."""

    def problems(self, name: str, mark: Mark) -> Iterator[Problem]:
        """Why a name is not one arm's."""
        if several := self.shared.get(name):
            each = " or ".join(f'"{own}"' for own in several[:MANY])
            yield Problem(f'{len(several)} arms are called "{name}"', mark, f"write {each}")
        elif name not in self.owners:
            yield Problem(unknown("arm", name, self.owners), mark)

    def every_problem(self, rows: Mapping[str, Mark]) -> Iterator[Problem]:
        """The problems of many names; what was meant is looked for as often as it is printed."""
        wrong = [(name, mark) for name, mark in rows.items() if name not in self.owners]
        for name, mark in wrong[:MAX_PROBLEMS]:
            yield from self.problems(name, mark)
        yield from (Problem(f'"{name}" is no arm', mark) for name, mark in wrong[MAX_PROBLEMS:])


def names(study: Study, arms: Sequence[Arm]) -> Names:
    every = [arm.choices for arm in arms]
    own, owned = own_names(study, every), owners(study, every)
    shared: dict[str, list[str]] = {}
    for choices, several in zip(every, own, strict=True):
        for label in set(study.labels(choices)) - owned.keys():
            shared.setdefault(label, []).append(several[0])
    return Names(owned, shared)


def problems(study: Study, arms: Sequence[Arm]) -> list[Problem]:
    """Rows that are no arm's, or several arms'; numbers nobody can have measured; claims and
    contrasts that make no sense, or that nothing will ever measure. The baseline comes first.
    """
    named = names(study, arms)
    return [
        *_claims(study, arms, named),
        *_contrasts(study, named),
        *_published(study, named),
        *_again(study),
    ]


def _claims(study: Study, arms: Sequence[Arm], named: Names) -> Iterator[Problem]:
    for index, claim in enumerate(study.claims):
        mark = study.root.at(["claims", index]).mark
        try:
            parsed = parse(claim, [*named.owners, *named.shared], METRICS)
        except SpecError as error:
            yield Problem(str(error), mark)
            continue
        several = [arm for arm in (parsed.arm, parsed.other) if arm in named.shared]
        yield from (wrong for arm in several for wrong in named.problems(arm, mark))
        yield from (Problem(said, mark) for said in _senseless(study, arms, parsed))


def _contrasts(study: Study, named: Names) -> Iterator[Problem]:
    """Pairs that cannot be tested, or would be twice."""
    seen = set[frozenset[int]]()
    for index, pair in enumerate(study.contrasts):
        mark = study.root.at(["contrasts", index]).mark
        wrong = [place for place, label in enumerate(pair) if label not in named.owners]
        for place in wrong:
            at = study.root.at(["contrasts", index, place]).mark
            yield from named.problems(pair[place], at)
        if wrong:
            continue
        both = frozenset(named.owners[label] for label in pair)
        if len(both) < 2:
            yield Problem(f"{pair[0]} and {pair[1]} are the same arm", mark)
        elif both in seen:
            yield Problem(f"{pair[0]} and {pair[1]} are tested twice", mark)
        seen.add(both)
    known = [name for name in study.columns if name in METRICS]  # others are told by the reader
    if study.contrasts and not any(METRICS[name].kind == "quality" for name in known):
        yield Problem("contrasts need a quality among the columns", study.root.key(["contrasts"]))


def _again(study: Study) -> Iterator[Problem]:
    for seed in sorted({*study.seeds} & {*study.again}):
        message = f"seed {seed} is the A/A arm's, whose seeds are {AGAIN:,} above the study's"
        yield Problem(message, study.root.key(["seeds"]))


def _senseless(study: Study, arms: Sequence[Arm], claim: Claim) -> Iterator[str]:
    kind = METRICS[claim.metric].kind
    if {claim.arm, claim.other} <= set(study.labels(arms[0].choices)):
        yield f"{claim.arm} and {claim.other} are the same arm, the baseline"
    if "{place}" in claim.form and len(arms) < claim.number < inf:
        yield f"there are {len(arms)} arms to rank"
    if kind == "quality" and not study.seeds:
        yield f"nothing measures {claim.metric}: seeds is 0"
    elif claim.metric not in study.columns and (kind == "speed" or sized(claim.metric)[1]):
        yield f"nothing measures {claim.metric}: it is in no column"


def _published(study: Study, named: Names) -> Iterator[Problem]:
    numbers: dict[tuple[str, str], float] = {}
    for row, printed in study.published.items():
        for metric, one in printed.items():
            if metric not in METRICS:
                continue  # told by the reader
            at = study.root.key(["published", row, metric])
            if one.spread > LARGEST:
                yield Problem(f"no {metric} has a spread of {one.spread:g}", at)
            if why := _impossible(metric, one.value):
                yield Problem(why, at)
            owner = str(named.owners.get(row, row))
            other = numbers.setdefault((owner, metric), one.value)
            if other != one.value:
                yield Problem(f"{row} has another {metric} under another name: {other}", at)
    rows = {row: study.root.key(["published", row]) for row in study.published}
    yield from named.every_problem(rows)


OFF = (1e2, 1e3, 1e6, 1e9)
"""Factors that a number in another unit is off by: fractions, thousands, single operations."""
NEAR = 1.5  # times such a factor, either way


def units(study: Study, costs: Mapping[str, Mapping[str, float | None]]) -> Iterator[str]:
    """Notes on published numbers that look as if they were in another unit.

    `costs` has what is counted, in base units, by the label of a row.
    """
    for row, printed in study.published.items():
        for metric, number in printed.items():
            here = costs.get(row, {}).get(metric)
            if why := other_unit(metric, number.value, here):
                yield f"{study.root.key(['published', row, metric])}: {why}"


def other_unit(metric: str, printed: float, here: float | None) -> str:
    """Why a printed number seems to be in another unit than the table; "" where it does not."""
    unit, scale = METRICS[metric].unit, METRICS[metric].scale
    if here and printed > 0:
        times = printed / (here * scale)
        factor = next((f for f in OFF if 1 / NEAR < max(times, 1 / times) / f < NEAR), None)
        if factor:
            word = "times" if times > 1 else "times less than"
            said = f"{factor:,.0f} {word} the {here * scale:.4g} of this study"
            return f"published {metric} {printed:g} is about {said}; the unit is {unit or 'none'}"
    if unit == "%" and 0 < printed <= 1:
        said = f"the unit is %, so {printed:g} of 1 is written {100 * printed:g}"
        return f"published {metric} {printed:g} is below 1 %; {said}"
    return ""


def _impossible(metric: str, value: float) -> str:
    """Why nobody can have measured this."""
    unit = METRICS[metric].unit
    if value < 0 or (value == 0 and METRICS[metric].kind != "quality") or value > LARGEST:
        return f"no {metric} is {value:g}"
    return f"no {metric} is {value:g} %" if unit == "%" and value > 100 else ""

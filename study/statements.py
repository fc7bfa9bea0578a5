"""What a study file says of its arms: published numbers, claims, contrasts. Can it be true?"""

from collections import Counter
from collections.abc import Iterator, Sequence
from math import inf

from study import claims
from study.errors import SpecError, unknown
from study.marks import Mark, Problem
from study.metrics import METRICS, sized
from study.spec import AGAIN, Arm, Study

LARGEST = 1e12  # of a published number, in the units of the table


def problems(study: Study, arms: Sequence[Arm]) -> list[Problem]:
    """Rows that are no arm's, or several arms'; numbers nobody can have measured; claims and
    contrasts that make no sense, or that nothing will ever measure. The baseline comes first.
    """
    counts = Counter(label for arm in arms for label in set(study.labels(arm.choices)))
    return [
        *_claims(study, arms, counts),
        *_contrasts(study, arms, counts),
        *_published(study, arms, counts),
        *_again(study),
    ]


def _claims(study: Study, arms: Sequence[Arm], counts: Counter[str]) -> Iterator[Problem]:
    for index, claim in enumerate(study.claims):
        mark = study.root.at(["claims", index]).mark
        try:
            parsed = claims.parse(claim, [name for name, n in counts.items() if n == 1], METRICS)
        except SpecError as error:
            yield Problem(str(error), mark)
            continue
        yield from (Problem(said, mark) for said in _senseless(study, arms, parsed))


def _contrasts(study: Study, arms: Sequence[Arm], counts: Counter[str]) -> Iterator[Problem]:
    """Pairs that cannot be tested, or would be twice."""
    owners = {label: n for n, arm in enumerate(arms) for label in study.labels(arm.choices)}
    seen = set[frozenset[int]]()
    for index, pair in enumerate(study.contrasts):
        mark = study.root.at(["contrasts", index]).mark
        wrong = [place for place, label in enumerate(pair) if counts[label] != 1]
        for place in wrong:
            at = study.root.at(["contrasts", index, place]).mark
            yield from _unowned(pair[place], counts, at)
        if wrong:
            continue
        both = frozenset(owners[label] for label in pair)
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


def _senseless(study: Study, arms: Sequence[Arm], claim: claims.Claim) -> Iterator[str]:
    kind = METRICS[claim.metric].kind
    if {claim.arm, claim.other} <= set(study.labels(arms[0].choices)):
        yield f"{claim.arm} and {claim.other} are the same arm, the baseline"
    if "{place}" in claim.form and len(arms) < claim.number < inf:
        yield f"there are {len(arms)} arms to rank"
    if kind == "quality" and not study.seeds:
        yield f"nothing measures {claim.metric}: seeds is 0"
    elif claim.metric not in study.columns and (kind == "speed" or sized(claim.metric)[1]):
        yield f"nothing measures {claim.metric}: it is in no column"


def _published(study: Study, arms: Sequence[Arm], counts: Counter[str]) -> Iterator[Problem]:
    numbers: dict[tuple[str, str], float] = {}
    owners = {
        label: number for number, arm in enumerate(arms) for label in study.labels(arm.choices)
    }
    for row, printed in study.published.items():
        mark = study.root.key(["published", row])
        for metric, one in printed.items():
            if metric not in METRICS:
                continue  # told by the reader
            at = study.root.key(["published", row, metric])
            if one.spread > LARGEST:
                yield Problem(f"no {metric} has a spread of {one.spread:g}", at)
            if why := _impossible(metric, one.value):
                yield Problem(why, at)
            other = numbers.setdefault((str(owners.get(row, row)), metric), one.value)
            if other != one.value:
                yield Problem(f"{row} has another {metric} under another name: {other}", at)
        yield from _unowned(row, counts, mark)


def _unowned(row: str, counts: Counter[str], mark: Mark) -> Iterator[Problem]:
    if row not in counts:
        yield Problem(unknown("arm", row, counts), mark)
    elif counts[row] > 1:
        yield Problem(f'several arms are called "{row}"', mark, "tell them apart")


def _impossible(metric: str, value: float) -> str:
    """Why nobody can have measured this."""
    unit = METRICS[metric].unit
    if value < 0 or (value == 0 and METRICS[metric].kind != "quality") or value > LARGEST:
        return f"no {metric} is {value:g}"
    return f"no {metric} is {value:g} %" if unit == "%" and value > 100 else ""

"""What a study found, in one sentence that says no more than its statistics do."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from study import cells, stats
from study.metrics import METRICS, Metric
from study.plan import Plan
from study.report.findings import Findings, findings
from study.report.given import given

NAMED = 3  # arms that the sentence names
LEVEL = stats.ALPHA


def answer(plan: Plan, measured: pd.DataFrame, images: pd.DataFrame | None = None) -> str:
    """The answer in the first quality that the study has, or in a cost where nothing is trained.

    An arm differs where the t test does, corrected by Holm for all arms of the study. Every arm is
    in the sentence: told apart, not told apart, without an interval, not compared yet, or diverged.
    Given weights are compared by `images`.
    """
    found = findings(plan, measured)
    if not (plan.tested and found.seeds):
        return _costs(found)
    if not any((arm.digest, plan.tested) in found.estimates for arm in plan.arms):
        return "No trial has finished yet, so nothing can be said."
    if plan.given and plan.tested == "top1" and images is not None and len(plan.arms) > 1:
        return given(plan, images)
    compared = Compared(found, measured)
    text = " ".join(_sentences(compared))
    return f"{_so_far(compared)}{text}" if 0 < len(plan.missing) < len(plan.trials) else text


@dataclass(frozen=True, eq=False)
class Compared:
    """The arms by what can be said of their difference from the baseline."""

    found: Findings
    measured: pd.DataFrame

    @property
    def metric(self) -> Metric:
        return METRICS[self.found.plan.tested]

    @property
    def others(self) -> list[str]:
        return [arm.digest for arm in self.found.plan.arms[1:]]

    @cached_property
    def rows(self) -> dict[str, Any]:
        """The differences of arms that share a seed with the baseline; none if either diverged."""
        rows = ((arm, self.found.effects.get((arm, self.found.plan.tested))) for arm in self.others)
        return {arm: row for arm, row in rows if row is not None and row.mean == row.mean}

    @cached_property
    def sure(self) -> set[str]:
        base, name = self.found.plan.baseline.digest, self.found.plan.tested
        pairs = [stats.Contrast(arm, base, name) for arm in self.others]
        tests: Iterator[Any] = stats.contrasts(self.measured, pairs).itertuples()
        return {str(row.arm) for row in tests if row.t_holm < LEVEL} & self.rows.keys()

    @property
    def better(self) -> list[str]:
        higher = self.metric.better == "higher"
        return [a for a, row in self.rows.items() if a in self.sure and (row.mean > 0) == higher]

    @property
    def worse(self) -> list[str]:
        return [arm for arm in self.rows if arm in self.sure and arm not in self.better]

    @property
    def unsure(self) -> list[str]:
        """Arms that have an interval and are not told apart."""
        return [a for a, row in self.rows.items() if math.isfinite(row.low) and a not in self.sure]

    @property
    def even(self) -> list[str]:
        """Arms that differ by the same amount in every one of several seeds."""
        return [a for a, row in self.rows.items() if row.n > 1 and not math.isfinite(row.low)]

    @property
    def single(self) -> list[str]:
        return [arm for arm, row in self.rows.items() if row.n == 1]

    @property
    def diverged(self) -> list[str]:
        return [arm for arm in self.others if arm in self.found.diverged]

    @property
    def base(self) -> str:
        label = self.found.plan.baseline.label
        return "the baseline" if label == "baseline" else label

    def pairs(self, arms: Sequence[str]) -> str:
        """How many seeds the arms share with the baseline."""
        counts = sorted({int(self.rows[arm].n) for arm in arms})
        shown = f"{counts[0]} to {counts[-1]}" if len(counts) > 1 else f"{counts[0]}"
        return f"{shown} paired seeds"

    def listed(self, arms: Sequence[str], *, amounts: bool = False) -> str:
        """The first arms by name, with their differences, and how many more there are."""
        labels = {arm.digest: arm.label for arm in self.found.plan.arms}
        names = [f"{labels[a]} ({self.amount(a)})" if amounts else labels[a] for a in arms]
        more = [f"{len(names) - NAMED} more"] if len(names) > NAMED else []
        *first, last = [*names[:NAMED], *more]
        return f"{', '.join(first)} and {last}" if first else last

    def amount(self, arm: str) -> str:
        text = cells.effect(self.rows[arm], self.metric, int(self.rows[arm].n))
        value, _, ends = text.removesuffix(f" [{cells.ABSENT}]").partition(" ")
        return f"{value} {cells.difference_unit(self.metric)} {ends}".strip()


# ---- what was trained ----


def _so_far(compared: Compared) -> str:
    """How much of the study the sentence rests on, and which arms lack seeds."""
    plan, seeds = compared.found.plan, compared.found.seeds
    counts: dict[int, list[str]] = {}
    for arm in compared.others:
        row = compared.found.effects.get((arm, plan.tested))
        counts.setdefault(0 if row is None else int(row.n), []).append(arm)
    short = [f"{compared.listed(arms)} in {n}" for n, arms in sorted(counts.items()) if n < seeds]
    lacking = f", compared in fewer than {seeds} seeds: {', '.join(short)}" if short else ""
    done = len(plan.trials) - len(plan.missing)
    return f"So far, with {done} of {len(plan.trials)} trials{lacking}: "


def _sentences(compared: Compared) -> Iterator[str]:
    found, base = compared.found, compared.found.plan.baseline
    if base.digest in found.diverged:
        yield from _fallen(compared)
    elif not compared.others:
        yield f"{base.label}: {_level(found)} in {cells.name(compared.metric)}."
    else:
        yield from _differences(compared)


def _level(found: Findings) -> str:
    name = found.plan.tested
    row = found.estimates[found.plan.baseline.digest, name]
    return f"{cells.replicates(row, METRICS[name], found.seeds)} {METRICS[name].unit}".rstrip()


def _fallen(compared: Compared) -> Iterator[str]:
    """What is left to say where the baseline diverged."""
    found = compared.found
    ran = {arm.digest for arm in found.plan.arms if (arm.digest, found.plan.tested) in
           found.estimates}  # fmt: skip
    stood = [arm for arm in compared.others if arm in ran and arm not in found.diverged]
    yield f"The baseline diverged, so no difference from {compared.base} has a size."
    if stood:
        does = "does" if len(stood) == 1 else "do"
        counts = "counts" if len(stood) == 1 else "count"
        yield f"{compared.listed(stood)} {does} not diverge and {counts} as better."
    if compared.diverged:
        yield f"{compared.listed(compared.diverged)} diverged, too."


def _differences(compared: Compared) -> Iterator[str]:
    if compared.found.seeds == 1 and compared.rows:
        yield _largest(compared)
    else:
        yield from _several(compared)
    if compared.diverged:
        counts = "counts" if len(compared.diverged) == 1 else "count"
        yield f"{compared.listed(compared.diverged)} diverged and {counts} as worse."


def _largest(compared: Compared) -> str:
    most = max(compared.rows, key=lambda arm: abs(compared.rows[arm].mean))
    return (
        f"One seed tells no difference from chance; the largest in {cells.name(compared.metric)} "
        f"is that of {compared.listed([most])}, {compared.amount(most)}."
    )


def _several(compared: Compared) -> Iterator[str]:
    name = cells.name(compared.metric)
    if compared.sure:
        yield _told_apart(compared)
    elif compared.unsure:
        yield _none(compared)
    elif not compared.rows and not compared.diverged:
        yield f"No arm can be compared with {compared.base} yet."
    for arms in _by_zero(compared):
        yield _constant(compared, arms)
    if compared.single:
        verb = "shares" if len(compared.single) == 1 else "share"
        yield (
            f"{compared.listed(compared.single, amounts=True)} {verb} one seed with "
            f"{compared.base} in {name}, which tells no difference from chance."
        )


def _told_apart(compared: Compared) -> str:
    parts = [
        f"{compared.listed(arms, amounts=True)} {'is' if len(arms) == 1 else 'are'} {word} than "
        f"{compared.base} in {cells.name(compared.metric)}"
        for arms, word in ((compared.better, "better"), (compared.worse, "worse"))
        if arms
    ]
    if rest := compared.unsure:
        others = f"{len(rest)} other{'s' if len(rest) > 1 else ''}"
        within = f", within {_bound(compared)}"
        parts.append(f"{others} cannot be told from it{within}{_uncorrected(compared)}")
    return f"{'; '.join(parts)} ({_how(compared)})."


def _none(compared: Compared) -> str:
    rest, total = compared.unsure, len(compared.others)
    few = "the other arm" if total == 1 else compared.listed(rest)
    who = f"{few} cannot" if len(rest) == 1 else f"{len(rest)} of {total} arms cannot"
    who = f"none of {total} arms can" if 1 < len(rest) == total else who
    with_ = f"({_how(compared)})" if total > 1 else f"with {compared.pairs(rest)}"
    intervals = "the 95 % interval lies" if len(rest) == 1 else "all their 95 % intervals lie"
    return (
        f"In {cells.name(compared.metric)}, {who} be told from {compared.base} {with_}: "
        f"{intervals} within {_bound(compared)}{_uncorrected(compared)}."
    )


def _how(compared: Compared) -> str:
    """The seeds of what is tested, and the comparisons that the tests are corrected for."""
    tests = len(compared.others)
    corrected = f", corrected for {tests} comparisons" if tests > 1 else ""
    return compared.pairs([*compared.sure, *compared.unsure]) + corrected


def _uncorrected(compared: Compared) -> str:
    """The intervals that exclude zero and whose arms the corrected tests do not tell apart."""
    rows = [compared.rows[arm] for arm in compared.unsure]
    apart = sum(row.low > 0 or row.high < 0 for row in rows)
    if not apart:
        return ""
    verb = "excludes" if apart == 1 else "exclude"
    return f"; of these intervals {apart} of {len(rows)} {verb} zero before the correction"


def _bound(compared: Compared) -> str:
    """How large the differences that are not told apart may still be."""
    rows = [compared.rows[arm] for arm in compared.unsure]
    most = max(abs(end) for row in rows for end in (row.low, row.high))
    shown = cells.measured(most, compared.metric)
    return f"±{shown} {cells.difference_unit(compared.metric)}".rstrip()


def _by_zero(compared: Compared) -> list[list[str]]:
    """The arms of one constant difference: those of none at all apart from the others."""
    zero = [arm for arm in compared.even if compared.rows[arm].mean == 0]
    return [arms for arms in ([a for a in compared.even if a not in zero], zero) if arms]


def _constant(compared: Compared, arms: list[str]) -> str:
    several, name = len(arms) > 1, cells.name(compared.metric)
    seeds = f"every one of {compared.pairs(arms)}"
    if compared.rows[arms[0]].mean == 0:
        verb = "equal" if several else "equals"
        return f"{compared.listed(arms)} {verb} {compared.base} in {name} in {seeds}."
    verb, have = ("differ", "they have") if several else ("differs", "it has")
    return (
        f"{compared.listed(arms, amounts=True)} {verb} from {compared.base} in {name} by the same "
        f"amount in {seeds}, so {have} no interval."
    )


# ---- what was not ----


def _costs(found: Findings) -> str:
    """The span of the first cost, else timing, whose printed values differ over the arms."""
    plan = found.plan
    for name in [*found.of_kind("cost"), *found.of_kind("speed")]:
        rows = {arm.label: found.estimates.get((arm.digest, name)) for arm in plan.arms}
        values = {label: row.mean for label, row in rows.items() if row is not None}
        if not values:
            continue
        least, most = min(values, key=values.__getitem__), max(values, key=values.__getitem__)
        metric, known = METRICS[name], len(values)
        low, high = (cells.measured(values[label], metric) for label in (least, most))
        if low != high:
            of = "" if known == len(rows) else f" over {known} of {len(rows)} arms"
            return (
                f"Nothing was trained; {cells.head(metric)} goes from {low} ({least}) to {high} "
                f"({most}){of}."
            )
    return "Nothing was trained, and no cost that was taken differs as printed."

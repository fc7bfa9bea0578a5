"""What a study found, in one sentence that says no more than its statistics do."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from study import cells, stats
from study.metrics import METRICS
from study.plan import Plan
from study.report.findings import Findings, findings

NAMED = 3  # arms that the sentence names
LEVEL = 1 - stats.CONFIDENCE


def answer(plan: Plan, measured: pd.DataFrame) -> str:
    """Of the first quality that the study has; of the first cost where nothing is trained.

    An arm differs where the t test does, corrected by Holm for all arms of the study.
    """
    found = findings(plan, measured)
    missing = len(plan.missing)
    soon = f"So far, with {len(plan.trials) - missing} of {len(plan.trials)} trials: "
    text = _trained(found, measured) if plan.tested and found.seeds else _costs(found)
    return f"{soon}{text}" if missing and missing < len(plan.trials) else text


def _trained(found: Findings, measured: pd.DataFrame) -> str:
    plan, name = found.plan, found.plan.tested
    others = [arm for arm in plan.arms if arm is not plan.baseline]
    effects = {arm.digest: found.effects.get((arm.digest, name)) for arm in others}
    there = {digest: row for digest, row in effects.items() if row is not None and row.n > 0}
    if not any((arm.digest, name) in found.estimates for arm in plan.arms):
        return "No trial has finished yet, so nothing can be said."
    if not others:
        metric = cells.name(METRICS[name])
        return f"{plan.baseline.label}: {_level(found)} in {metric}."
    if not there:
        return f"No arm can be compared with {_base(found)} yet."
    lost = [arm.label for arm in others if arm.digest in found.diverged]
    told = f" {_listed(lost)} diverged." if lost else ""
    if found.seeds == 1:
        return _single(found, there) + told
    return _several(found, measured, there) + told


def _level(found: Findings) -> str:
    name = found.plan.tested
    row = found.estimates[found.plan.baseline.digest, name]
    return f"{cells.replicates(row, METRICS[name], found.seeds)} {METRICS[name].unit}".rstrip()


def _single(found: Findings, there: dict[str, Any]) -> str:
    metric, labels = METRICS[found.plan.tested], _labels(found)
    most = max(there, key=lambda digest: abs(there[digest].mean))
    return (
        f"One seed tells no difference from chance; the largest in {cells.name(metric)} is that of "
        f"{labels[most]}, {_amount(there[most], found)}."
    )


def _several(found: Findings, measured: pd.DataFrame, there: dict[str, Any]) -> str:
    name, base, labels = found.plan.tested, found.plan.baseline, _labels(found)
    contrasts = [stats.Contrast(digest, base.digest, name) for digest in there]
    tested: Iterator[Any] = stats.contrasts(measured, contrasts).itertuples()
    sure = {str(row.arm) for row in tested if row.t_holm < LEVEL}
    metric = METRICS[name]
    worse = [d for d in there if d in sure and (there[d].mean < 0) == (metric.better == "higher")]
    better = [d for d in there if d in sure and d not in worse]
    rest = [there[digest] for digest in there if digest not in sure]
    if not sure:
        return _none(found, rest)
    parts = [
        f"{_listed([f'{labels[d]} ({_amount(there[d], found)})' for d in some])} "
        f"{'is' if len(some) == 1 else 'are'} {word} than {_base(found)} in {cells.name(metric)}"
        for some, word in ((better, "better"), (worse, "worse"))
        if some
    ]
    if rest:
        others = f"{len(rest)} other{'s' if len(rest) > 1 else ''}"
        parts.append(f"{others} cannot be told from it{_within(found, rest, ', within')}")
    corrected = f", corrected for {len(there)} comparisons" if len(there) > 1 else ""
    return f"{'; '.join(parts)} ({found.seeds} paired seeds{corrected})."


def _none(found: Findings, rest: list[Any]) -> str:
    name, seeds = cells.name(METRICS[found.plan.tested]), found.seeds
    who = "the other arm cannot" if len(rest) == 1 else f"none of {len(rest)} arms can"
    within = _within(found, rest, ": the 95 % interval lies within" if len(rest) == 1 else
                     ": all 95 % intervals lie within")  # fmt: skip
    return f"In {name}, {who} be told from {_base(found)} with {seeds} paired seeds{within}."


def _within(found: Findings, rest: list[Any], words: str) -> str:
    """How large it may still be."""
    metric = METRICS[found.plan.tested]
    ends = [abs(end) for row in rest for end in (row.low, row.high) if end == end]
    if not ends:
        return ""
    unit = cells.difference_unit(metric)
    return f"{words} ±{cells.measured(max(ends), metric)} {unit}".rstrip()


def _base(found: Findings) -> str:
    label = found.plan.baseline.label
    return "the baseline" if label == "baseline" else label


def _amount(row: Any, found: Findings) -> str:
    metric = METRICS[found.plan.tested]
    text = cells.effect(row, metric, found.seeds)
    value, _, ends = text.partition(" ")
    return f"{value} {cells.difference_unit(metric)} {ends}".strip()


def _labels(found: Findings) -> dict[str, str]:
    return {arm.digest: arm.label for arm in found.plan.arms}


def _listed(names: list[str]) -> str:
    shown = names[:NAMED]
    more = [f"{len(names) - NAMED} more"] if len(names) > NAMED else []
    *first, last = [*shown, *more]
    return f"{', '.join(first)} and {last}" if first else last


def _costs(found: Findings) -> str:
    """The span of the first cost, or timing, over the arms."""
    plan = found.plan
    names = [name for name in found.metrics if METRICS[name].kind != "quality"]
    for name in names:
        rows = {arm.label: found.estimates.get((arm.digest, name)) for arm in plan.arms}
        values = {label: row.mean for label, row in rows.items() if row is not None}
        if len(set(values.values())) > 1:
            least, most = min(values, key=values.__getitem__), max(values, key=values.__getitem__)
            metric = METRICS[name]
            low, high = (cells.measured(values[label], metric) for label in (least, most))
            return (
                f"Nothing was trained; {cells.head(metric)} goes from {low} ({least}) to {high} "
                f"({most})."
            )
    return "Nothing was trained, and no cost differs."

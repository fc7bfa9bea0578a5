"""Notes on noise: the gain from pairing, the noise floor, and the effect of the order of steps."""

from collections.abc import Iterator
from math import isfinite

from study import format
from study.analysis.analysis import Analysis
from study.report.text import pairing
from study.spec.arm_names import in_prose


def notes(analysis: Analysis) -> Iterator[str]:
    """The notes on noise, in the order of the supplement's notes."""
    yield from _pairing(analysis)
    yield from _noise(analysis)


def _pairing(analysis: Analysis) -> Iterator[str]:
    ratios = [
        f"{ratio:.2f} ({format.name(analysis.catalogue[name])}{_ends(analysis, name)})"
        for name, ratio in analysis.pairing_ratios.items()
    ]
    if ratios:
        yield (
            "Pairing by seed: the variance of the differences, as a share of that "
            "of unpaired seeds, is "
            f"{', '.join(ratios)}; 1 would mean that pairing did not help, and more that it hurt."
        )


def _ends(analysis: Analysis, name: str) -> str:
    """The arms for which pairing did most and least, which all arms together would hide."""
    labels = {arm.digest: in_prose(analysis.plan.study, arm.arm) for arm in analysis.plan.arms}
    rows = [r for r in analysis.pairing if r.metric == name and isfinite(r.ratio)]
    if len(rows) < 2:
        return ""
    ends = min(rows, key=lambda row: row.ratio), max(rows, key=lambda row: row.ratio)
    low, high = (f"{row.ratio:.2f} for {labels[row.arm]}" for row in ends)
    return f", all arms; from {low} to {high}"


def _noise(analysis: Analysis) -> Iterator[str]:
    """The noise floor of every quality, measured by the A/A arm."""
    for name in analysis.of_kind("quality"):
        row, metric = analysis.noise.get(name), analysis.catalogue[name]
        if row is None:
            continue
        floor = format.measured(row.floor, metric)
        if floor == format.ABSENT:
            yield (
                f"A/A: no noise floor for {format.name(metric)}, because a trial diverged or the "
                "values do not vary."
            )
            continue
        # A metric without a unit leaves no space behind the number.
        unit = f" {metric.difference_unit}".rstrip()
        difference = format.measured(row.mean, metric, signed=True)
        yield (
            f"Noise floor of {format.name(metric)}: ±{floor}{unit}; equal arms with other seeds "
            f"differ by at most this much in 95 % of studies. A/A, the baseline repeated with "
            f"{row.n} other seeds: {difference}{unit}."
        )


def step_orders(analysis: Analysis) -> Iterator[str]:
    """Notes on how much a cumulative table depends on the order of its steps."""
    study = analysis.plan.study
    if "cumulative" not in study.designs:
        return
    rows = [row for row in analysis.step_orders if row.metric in analysis.of_kind("quality")[:1]]
    # Without other orders an effect cannot be separated from its position on the path.
    if rows and all(row.places == 1 for row in rows):
        column = f"Δ {format.name(analysis.catalogue[analysis.of_kind('quality')[0]])}"
        yield (
            f"Only one order was measured: {column} of a row covers all steps up to it, and the "
            "effect of its last step in another order is unknown."
        )
    for row in (row for row in rows if row.places > 1):
        metric = analysis.catalogue[row.metric]
        pairs = pairing.pairs(analysis.plan, analysis.seeds)
        first, last = (format.measured(v, metric, signed=True) for v in (row.first, row.last))
        label = study.factors[row.factor].levels[row.end].label
        yield (
            f"{label} changes {format.name(metric)} by {first} {metric.difference_unit} when "
            f"added first and by {last} when added last: a difference of "
            f"{format.effect(row, metric, pairs)} ({row.places} positions were measured)."
        )

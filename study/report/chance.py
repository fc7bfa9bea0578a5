"""Sentences about chance: what pairing brought, how high the noise is, what another order shows."""

from collections.abc import Iterator
from typing import Any

from study import cells
from study.metrics import METRICS
from study.report.findings import Findings

ROUGH = 4  # degrees of freedom, below which a ratio of variances is a guess


def notes(found: Findings) -> Iterator[str]:
    for part in (_pairing, _noise, _orders):
        yield from part(found)


def _pairing(found: Findings) -> Iterator[str]:
    """The share of variance that pairing left, over all arms together."""
    told = []
    for name in found.of_kind("quality"):
        part = found.pairing[found.pairing["metric"] == name].dropna()
        if (part["n"] - 1).sum() >= ROUGH:
            ratio = part["paired"].sum() / part["separate"].sum()
            told.append(f"{ratio:.2f} ({cells.name(METRICS[name])})")
    if told:
        yield (
            "Pairing by seed: the variance of differences, relative to that of unlike seeds, is "
            f"{', '.join(told)}; 1 is what nothing in common leaves."
        )


def _noise(found: Findings) -> Iterator[str]:
    """What the A/A arm shows."""
    for name in found.of_kind("quality"):
        row, metric = found.noise.get(name), METRICS[name]
        if row is None:
            continue
        floor = cells.measured(row["floor"], metric)
        if floor == cells.ABSENT:
            yield f"A/A: no noise floor of {cells.name(metric)}: a trial diverged or none varies."
            continue
        unit = f" {cells.difference_unit(metric)}".rstrip()
        own = cells.measured(row["mean"], metric, signed=True)
        yield (
            f"Noise floor of {cells.name(metric)}: ±{floor}{unit}, within which equal arms under "
            f"unlike seeds differ in 95 of 100 studies. A/A, the baseline again under "
            f"{row['n']} other seeds: {own}{unit}."
        )


def _orders(found: Findings) -> Iterator[str]:
    """How far a cumulative table depends on its order."""
    study = found.plan.study
    rows = found.orders[found.orders["metric"].isin(found.of_kind("quality")[:1])]
    if "cumulative" not in study.designs or rows.empty:
        return
    if (rows["places"] == 1).all():
        column = f"Δ {cells.name(METRICS[found.of_kind('quality')[0]])}"
        yield (
            f"One order was measured: {column} of a row is of all that was added up to it, and "
            "what its last step brings in another order is not known."
        )
    several: Iterator[Any] = rows[rows["places"] > 1].itertuples()
    for row in several:
        metric, seeds = METRICS[str(row.metric)], found.seeds
        first, last = (cells.measured(v, metric, signed=True) for v in (row.first, row.last))
        label = study.factors[row.factor].levels[row.end].label
        yield (
            f"{label} brings {first} {cells.difference_unit(metric)} in {cells.name(metric)} added "
            f"first, {last} added last: {cells.effect(row, metric, seeds)} apart "
            f"({row.places} places were measured)."
        )

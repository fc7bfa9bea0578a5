"""Notes on results that a file lacks, and on rows of it that a study leaves out."""

import re
from collections.abc import Iterator, Sequence

from study.plan.measured.record import MeasuredResults
from study.spec.arm_names import printed
from study.spec.schema.measured import SEED, Measured
from study.spec.study import Arm, Study

LISTED = 3  # rows or cells that a note names; the others are counted


def unmatched(name: str, strays: Sequence[str], others: Sequence[str]) -> Iterator[str]:
    """Notes on rows of no arm, and on those of seeds that the study does not ask for."""
    for places, why in ((strays, "no arm of the study"), (others, "none of its seeds")):
        if places:
            several = f"{len(places)} rows of {name} match" if len(places) > 1 else "1 row matches"
            yield f"{several} {why}: {listed(places)}"


def guessed_seed(measured: Measured, column: str, columns: Sequence[str]) -> Iterator[str]:
    """A note on a column of seeds that nobody named: the one that is taken, or that may be one."""
    if "seed" in measured.model_fields_set:
        return
    alike = [name for name in columns if re.search(rf"(?:^|[\W_]){SEED}$", name, re.IGNORECASE)]
    if column not in ("", SEED):
        yield f"{column} is taken as the column of seeds"
    elif alike and not column:
        verb = "is a column" if len(alike) == 1 else "are columns"
        name_it = "name it: seed of measured, or --seed"
        yield f"Nothing is paired; if {listed(alike)} {verb} of seeds, {name_it}"


def not_finite(places: Sequence[str]) -> Iterator[str]:
    """A note on rows with a number that is NaN or infinite."""
    if places:
        runs = "these runs" if len(places) > 1 else "this run"
        yield f"NaN or infinite, so {runs} diverged: {listed(places)}"


def listed(texts: Sequence[str]) -> str:
    """The first texts, and the number of the others."""
    rest = f" and {len(texts) - LISTED} more" if len(texts) > LISTED else ""
    return ", ".join(texts[:LISTED]) + rest


def gaps(study: Study, results: MeasuredResults) -> Iterator[str]:
    """Notes on numbers that the file lacks, and on what follows for the differences."""
    empty = [arm for arm in study.arms if not _seeds(study, results, arm)]
    for arm in empty:
        yield f"{results.name} has no row of {printed(study, arm)}"
    # An arm without any row has its note already.
    there = [arm for arm in study.arms if arm not in empty]
    missing = [
        f"{study.catalogue[name].label} of {printed(study, arm)}{_seed(results, seed)}"
        for arm in there
        for seed in (results.seeds if results.paired else _seeds(study, results, arm))
        for name in results.metrics
        if name not in results.values.get((arm.choices, seed), ())
    ]
    if missing:
        count = f"{len(missing)} numbers are" if len(missing) > 1 else "1 number is"
        yield f"{count} not in {results.name}: {listed(missing)}"
    yield from _differences(study, results, there)


def _seeds(study: Study, results: MeasuredResults, arm: Arm) -> list[int]:
    return [seed for seed in results.seeds if (arm.choices, seed) in results.values]


def _seed(results: MeasuredResults, seed: int) -> str:
    return f", seed {seed}" if results.paired else ""


def _differences(study: Study, results: MeasuredResults, arms: Sequence[Arm]) -> Iterator[str]:
    """How arms with other seeds than the baseline, or other numbers of rows, are compared."""
    seeds = {printed(study, arm): set(_seeds(study, results, arm)) for arm in arms}
    if not results.paired:
        counts = ", ".join(f"{label} {len(own)}" for label, own in seeds.items())
        if len({len(own) for own in seeds.values()}) > 1:
            yield f"Arms have different numbers of rows: {counts}"
        return
    base = set(_seeds(study, results, study.arms[0]))
    apart = [label for label, own in seeds.items() if not own & base]
    if base and apart:
        yield (
            f"{listed(apart)} and the baseline have no seed in common, so there is no difference "
            "by seed; a study that pairs nothing compares them"
        )
    # Arms without a common seed have no difference to speak of.
    if any(own != base for own in seeds.values() if own & base):
        yield "Differences are over the seeds that both arms have"

"""Definitions below a table of arms: of the marks and columns that it has, and of no others."""

from collections.abc import Iterator

from study import format
from study.analysis.analysis import Analysis
from study.metrics import RULES
from study.report.table import Table
from study.report.text import given_weights, noise, notes, pairing, search, sequential, tuning
from study.spec.metric import of_batch
from study.spec.study import MATCHED
from study.stats import fewest_varying

BOLD = "Bold: best"
"""Begins the note on values in bold, which plain text does not show."""
BOLD_RULES = {
    "quality": "interval against the runner-up excludes zero",
    "cost": "strictly better",
}
"""When a value is printed in bold, by kind of metric. Speeds are never bold."""


def definitions(analysis: Analysis, table: Table) -> Iterator[str]:
    """The definitions that a table of arms needs, one sentence each."""
    # A definition of something that the table lacks would be read for nothing.
    text = " ".join(cell.text for row in table.rows for cell in row.cells)
    yield _baseline(analysis, table)
    yield from _marks(analysis, table, text)
    yield from _rules(analysis, table)
    yield from noise.step_orders(analysis)
    if any(name in table.keys for name in analysis.of_kind("speed")):
        yield from _timings(analysis, table, text)
    yield from tuning.caption(analysis)
    yield from search.measures(analysis)
    yield from _matched(analysis)
    yield from _seeds(analysis, table, text)


def _baseline(analysis: Analysis, table: Table) -> str:
    """The baseline, and how differences from it were taken."""
    deltas = any(key.endswith("-delta") for key in table.keys)
    if not deltas:
        changes = ", in brackets the change from it" * _has_changes(table)
        return f"●: baseline{changes}."
    changes = "; costs: in brackets the change from ●" * _has_changes(table)
    if analysis.plan.evaluates_given_weights:
        return f"●: baseline. {given_weights.difference_caption(analysis).rstrip('.')}{changes}."
    how = f", {pairing.clause(analysis.plan)}" * (analysis.seeds > 1)
    return f"●: baseline; Δ: difference from ●{how}{changes}."


def _has_changes(table: Table) -> bool:
    # A narrow table leaves changes out of its texts; they are parts of its cells all the same.
    cells = (cell for row in table.rows for cell in row.cells)
    return any(f"({cell.parts.get('change')})" in cell.text for cell in cells)


def _marks(analysis: Analysis, table: Table, text: str) -> Iterator[str]:
    if format.TIED in text:
        few = f", or fewer than {fewest_varying()} images differ" * bool(analysis.hits.arrays)
        yield (
            f"{format.TIED}: not distinguishable from the best: the {analysis.inference.name} of "
            f"the {'paired ' * analysis.plan.paired}difference includes zero{few} (each comparison "
            "alone, uncorrected)."
        )
    if f" {format.UNTESTED}" in text:
        yield (
            f"{format.UNTESTED}: unknown how it stands to the best, as the difference has no "
            "interval (one seed in common, or the same difference in every seed)."
        )
    keys = [table.keys[i] for row in table.rows for i, c in enumerate(row.cells) if c.bold]
    kinds = dict.fromkeys(analysis.catalogue[key].kind for key in keys)
    if kinds:
        yield f"{BOLD} ({'; '.join(f'{kind}: {BOLD_RULES[kind]}' for kind in kinds)})."
    if any("published" in cell.parts for row in table.rows for cell in row.cells):
        yield "In brackets: published."
        yield from notes.published(analysis)


def _rules(analysis: Analysis, table: Table) -> Iterator[str]:
    """The operations that a column of multiply-adds counts."""
    for key, head in zip(table.keys, table.heads, strict=True):
        rule = format.rule(analysis.catalogue[key]) if key in analysis.metrics else ""
        if rule in RULES:
            yield f"{head}: multiply-adds for one image, counting {', '.join(RULES[rule])}."


def _timings(analysis: Analysis, table: Table, text: str) -> Iterator[str]:
    """The baseline of the ratios, and the machine on which timings were taken."""
    if not any(name in analysis.of_kind("speed") for _, name in analysis.estimates):
        return
    where = f", measured on {analysis.timed_on}" if analysis.timed_on else ""
    rounds = f"{analysis.rounds} rounds" if analysis.rounds else "the rounds"
    # Without an interleaved session, as in old results, there are medians alone.
    if "×" in text and analysis.ratios.records:
        yield (
            f"×: ratio to ● ({_medians(analysis)}; {rounds}{where})."
            if table.narrow
            else f"Timings: median of {rounds}{where}, for ● with [lowest, highest]; ×: ratio to "
            "●, which was timed before and after each arm, with its 95 % block-bootstrap interval."
        )
    elif "[" in text and not table.narrow:
        yield f"Timings: median [lowest, highest] of {rounds}{where}."
    else:
        yield f"Timings: median of {rounds}{where}."
    yield from _ratio_marks(analysis, text)
    if any(name.startswith("latency") for name in table.keys):
        yield "Latency: one image at a time."
    if "memory" in table.keys:
        yield "Peak memory: one training step of the recipe."
    if any(of_batch(name)[0] == "inference_memory" for name in table.keys):
        yield "Inference memory: weights and one batch."


def _medians(analysis: Analysis) -> str:
    """The timings of the baseline, to which a narrow table gives ratios alone."""
    base = analysis.plan.baseline.digest
    timed = {name: None for _, name in analysis.ratios.records if name in analysis.metrics}
    texts = [
        f"{format.name(metric)} {format.measured(row.mean, metric)} {metric.unit}"
        for name in timed
        if (row := analysis.estimates.get((base, name))) and (metric := analysis.catalogue[name])
    ]
    return ", ".join(texts) or "median"


def _ratio_marks(analysis: Analysis, text: str) -> Iterator[str]:
    width = f"{100 * analysis.plan.study.timing.resolution:g} %"
    if format.WIDE in text:
        yield f"{format.WIDE}: 95 % interval wider than {width}."
    if format.INCLUDES_ONE in text:
        yield f"{format.INCLUDES_ONE}: inconclusive, the interval is wider and includes 1."
    if "inconclusive" in text:
        yield f"Inconclusive: the 95 % interval includes 1 and is wider than {width}."


def _matched(analysis: Analysis) -> Iterator[str]:
    """How twins were fitted; what is lost and gained by their width is part of their difference."""
    match, plan = analysis.plan.study.match, analysis.plan
    if match and any(arm.arm.is_twin for arm in plan.arms):
        yield (
            f"{MATCHED}: the arm of that name with its width scaled to the "
            f"{format.name(plan.catalogue[match.metric])} of ● within {100 * match.tolerance:g} %."
        )


def _incomplete(analysis: Analysis) -> str:
    """The numbers of seeds behind values and differences; replicates have no partners to lack."""
    file, seeds = analysis.plan.measured, analysis.seeds
    if file and not file.paired:
        return f"(n/{seeds}): n replicates in {file.name}, of which another arm has {seeds}."
    have = f"are in {file.name}" if file else "have finished"
    return f"(n/{seeds}): n of {seeds} seeds {have} (for a difference: in both arms)."


def _seeds(analysis: Analysis, table: Table, text: str) -> Iterator[str]:
    """The meaning of the number of seeds for the numbers of the table."""
    if not analysis.of_kind("quality"):
        return
    if not analysis.seeds:
        yield "The study has no seeds: nothing is trained and no quality is measured."
    elif analysis.plan.evaluates_given_weights:
        yield from given_weights.notes(analysis)
    elif analysis.plan.study.sequential:
        yield from sequential.notes(analysis)
    elif analysis.seeds == 1:
        name = "seed" if analysis.plan.paired else "replicate"
        yield f"With one {name} there is neither a standard deviation nor an interval."
    if f"/{analysis.seeds})" in text and not analysis.plan.study.sequential:
        yield _incomplete(analysis)
    deltas = {key.removesuffix("-delta") for key in table.keys if key.endswith("-delta")}
    # Decisions also ask whether other images would agree, which may be wider.
    if deltas & {metric for _, metric in analysis.generalising} and "[" in text:
        yield (
            "Intervals of Δ are over seeds, on these images; the answer, claims and contrasts are "
            "over seeds and images, whose intervals the supplement has."
        )
    if f"[{format.ABSENT}]" in text:
        yield f"[{format.ABSENT}]: the difference is the same for every seed: no interval exists."

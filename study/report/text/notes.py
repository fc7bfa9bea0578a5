"""Notes below a study's tables: gaps in the data, published numbers, and what tests can show."""

import shlex
from collections.abc import Iterator

from study import format
from study.analysis.analysis import Analysis
from study.analysis.published import protocol_differences
from study.plan.comparisons import named_arms
from study.plan.label_checks import other_unit
from study.plan.plan import Plan
from study.report.text import noise
from study.spec.arm_names import printed
from study.spec.metric import sized
from study.stats import smallest_p
from study.tasks import OURS

LISTED = 6  # missing trials listed by label; a note with dozens of them is not read


def gaps(analysis: Analysis) -> Iterator[str]:
    """Gaps in the data, which decide how far any other line can be trusted."""
    yield from _missing(analysis)
    yield from _plan_notes(analysis)
    yield from _diverged(analysis)
    yield from _refused(analysis)


def published(analysis: Analysis) -> Iterator[str]:
    """Sources of published numbers, and why they cannot be compared with measured ones."""
    yield from _published(analysis)
    yield from _unit_warnings(analysis)


def uncertainty(analysis: Analysis) -> Iterator[str]:
    """The limits of seeds, tests and timings."""
    yield from _seeds(analysis)
    yield from noise.notes(analysis)
    yield from _resampled(analysis)
    if disturbance := format.disturbed(analysis.disturbed):
        yield f"During timing, {disturbance}."
    if analysis.seeds:
        yield from analysis.plan.task.table_notes(analysis.plan.baseline)


def _resampled(analysis: Analysis) -> Iterator[str]:
    images = [row.images for row in analysis.generalising.values()]
    if images:
        yield (
            "Seeds and images: interval over new seeds and new images, by the two-way variance of "
            f"{format.many(max(images), 'image')}; never narrower than that over seeds alone."
        )


def _missing(analysis: Analysis) -> Iterator[str]:
    plan = analysis.plan
    trials = [
        ("A/A" if t.is_aa else printed(plan.study, arm.arm), t)
        for arm in plan.trained
        for t in arm.trials
        if not t.done
    ]
    untimed = [name for name in analysis.of_kind("speed") if _lacking(analysis, name)]
    if trials:
        named = ", ".join(f"{label} seed {t.seed} ({t.state})" for label, t in trials[:LISTED])
        rest = f" and {len(trials) - LISTED} more" if len(trials) > LISTED else ""
        yield f"{len(trials)} of {len(plan.trials)} trials are missing: {named}{rest}."
    refusals: dict[str, list[str]] = {}
    for arm in plan.arms:
        for why in analysis.refused.get(arm.digest, ()):
            refusals.setdefault(why, []).append(printed(plan.study, arm.arm))
    for why, arms in refusals.items():
        yield f"Not measured for {', '.join(arms)}: {why}."
    # Refusals already explain what is missing.
    if untimed and not refusals:
        yield f"Not timed for every arm: {_heads(analysis, untimed)}."
    unevaluated = [n for n in analysis.metrics if sized(n)[1] and _lacking(analysis, n)]
    if unevaluated and not trials and not refusals:
        yield f"Not evaluated for every arm: {_heads(analysis, unevaluated)}."
    earlier = [n for n in analysis.of_kind("quality") if not sized(n)[1] and _lacking(analysis, n)]
    # The notes of the plan name what a file of results lacks.
    if earlier and not trials and analysis.seeds and not plan.measured:
        yield (
            f"{_heads(analysis, earlier)}: not in the results of an earlier version; to measure "
            "it, run the study in another store (--store)."
            if plan.study.task in OURS
            else f"{_heads(analysis, earlier)}: not reported by every trial."
        )
    if trials or ((untimed or unevaluated) and not refusals):
        # Words stand behind the command, as a full stop there would be copied with it.
        remedy = f" The command {command(plan, analysis.store_option)} runs what is missing."
        # A study of Python values, or of `study bench`, has no file to run.
        yield f"{format.ABSENT}: not measured.{remedy * bool(plan.study.is_file)}"


def _plan_notes(analysis: Analysis) -> Iterator[str]:
    for note in analysis.plan.notes:
        yield f"{note.rstrip('.')}."


def _lacking(analysis: Analysis, name: str) -> bool:
    return any((arm.digest, name) not in analysis.estimates for arm in analysis.plan.arms)


def _heads(analysis: Analysis, names: list[str]) -> str:
    return ", ".join(format.name(analysis.catalogue[name]) for name in names)


def command(plan: Plan, store: str) -> str:
    """The command line that runs everything the store lacks, failed trials included."""
    where = ["--store", store] if store else []
    # Quoted, so that labels with spaces can be pasted into a shell.
    return shlex.join(["study", "run", *plan.study.command_arguments, *where])


def _diverged(analysis: Analysis) -> Iterator[str]:
    for arm in analysis.plan.arms:
        if seeds := arm.diverged_seeds:
            count, listed = f"{len(seeds)} of {len(arm.replicates)}", ", ".join(map(str, seeds))
            label = printed(analysis.plan.study, arm.arm)
            yield f"{label} diverged in {count} seeds ({listed}), so it has no mean."
    yield from _divergence_tests(analysis)


def _divergence_tests(analysis: Analysis) -> Iterator[str]:
    """Tests of how often arms diverge against the baseline, which no mean can say."""
    plan, base = analysis.plan, analysis.plan.baseline
    labels = {a.digest: printed(plan.study, a.arm) for a in plan.arms}
    rows = [row for arm, row in analysis.divergences.items() if arm != base.digest]
    if rows:
        texts = ", ".join(f"{labels[row.arm]} p = {format.p_value(row.p)}" for row in rows)
        base_counts = f"{rows[0].base_diverged} of {rows[0].base_ended}"
        yield f"Fisher's exact test against the baseline, of which {base_counts} diverged: {texts}."


def _refused(analysis: Analysis) -> Iterator[str]:
    if not analysis.of_kind("cost"):
        return
    for arm in analysis.plan.arms:
        if arm.cost_record.refused:
            label = printed(analysis.plan.study, arm.arm)
            yield f"No cost is reported for {label}: {arm.cost_record.refused.rstrip('.')}."


def _seeds(analysis: Analysis) -> Iterator[str]:
    """The smallest p that a sign-flip test can reach, where that decides nothing."""
    fixed = analysis.plan.paired and not analysis.plan.study.sequential
    if not analysis.of_kind("quality") or analysis.seeds < 2 or not fixed:
        return
    smallest = smallest_p(analysis.seeds)
    # A two-sided sign-flip test of n pairs has p of at least 2 / 2^n, 0.031 for six.
    if smallest > 0.05 and not analysis.plan.evaluates_given_weights:
        yield (
            f"With {analysis.seeds} seeds a sign-flip test cannot reach p < 0.05 (smallest "
            f"possible p: {smallest:.3g}; with 6 seeds: 0.031)."
        )


def _published(analysis: Analysis) -> Iterator[str]:
    rows = [row for name in analysis.metrics for row in analysis.printed(name)]
    if not rows:
        return
    sources = dict.fromkeys(row.source or "source not given" for row in rows)
    yield f"Published numbers: {'; '.join(sources)}."
    yield from _incomparable(analysis)
    timed = [row for name in analysis.of_kind("speed") for row in analysis.printed(name)]
    if hardware := dict.fromkeys(r.protocol.hardware for r in timed if r.protocol.hardware):
        yield f"Published timings were measured on {', '.join(hardware)}."
    used = [status for status in format.STATUS_SUFFIX if any(row.status == status for row in rows)]
    meanings = [f"{format.STATUS_SUFFIX[s]} {MEANINGS[s]}" for s in used if format.STATUS_SUFFIX[s]]
    if meanings:
        yield f"Marks of published numbers: {'; '.join(meanings)}."


def _unit_warnings(analysis: Analysis) -> Iterator[str]:
    """Notes on published qualities and timings that seem to use another unit than ours."""
    arms = named_arms(analysis.plan)
    for label, numbers in analysis.plan.study.published.items():
        for name, number in numbers.items():
            row = analysis.estimates.get((arms[label].digest, name))
            metric = analysis.catalogue[name]
            # Costs in another unit are noted when the study is planned.
            if row is None or metric.kind == "cost" or not row.mean > 0:
                continue
            if why := other_unit(name, metric, number.value, here=float(row.mean)):
                yield f"{label}: {why}."


def _incomparable(analysis: Analysis) -> Iterator[str]:
    """One sentence on why published numbers cannot be compared with measured ones."""
    plan, arms = analysis.plan, named_arms(analysis.plan)
    measured = [
        n for n in analysis.metrics if analysis.seeds or plan.catalogue[n].kind != "quality"
    ]
    rows: dict[str, dict[str, None]] = {}  # by difference, the rows that have it
    names: dict[str, None] = {}
    for label, numbers in plan.study.published.items():
        for name in (name for name in measured if name in numbers):
            for why in protocol_differences(plan, arms[label], numbers[name], metric=name):
                rows.setdefault(why, {})[label], names[name] = None, None
    if rows:
        most = max(map(len, rows.values()))
        texts = [w + (f" ({', '.join(r)})" if len(r) < most else "") for w, r in rows.items()]
        yield (
            f"Published and measured {_heads(analysis, list(names))} are not comparable: "
            f"{'; '.join(texts)}."
        )


MEANINGS = {
    "derived": "computed from other published numbers",
    "unverified": "not checked against the source",
}
"""Meaning of the mark behind a published number, by its status; verified numbers have no mark."""

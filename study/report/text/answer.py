"""The answer of a study: a few sentences that claim only what its statistics support."""

import math
from collections.abc import Iterator
from typing import NamedTuple

from study import format
from study.analysis.analysis import Analysis
from study.format import many
from study.report.text.compared import NAMED, ComparedArms
from study.report.text.cost_answer import cost_sentences
from study.report.text.design_answer import design_sentences
from study.report.text.given_weights import given_weights_answer
from study.report.text.pairing import seeds
from study.spec.arm_names import in_prose

NOISE = " to separate a difference from noise"


def answer(analysis: Analysis) -> str:
    """The answer for the study's first quality, or for a cost where nothing is trained.

    An arm differs from the baseline if the t test, corrected by Holm for all arms of the study,
    says so. Every arm appears: as different, indistinguishable, without an interval, not yet
    compared, or diverged. Arms with given weights are compared one image at a time.
    """
    return " ".join([_main(analysis), *_contradicted(analysis)])


def _main(analysis: Analysis) -> str:
    """The answer without the claims that it contradicts."""
    plan = analysis.plan
    if not (plan.tested and analysis.seeds):
        return _costs(analysis)
    if not any((arm.digest, plan.tested) in analysis.estimates for arm in plan.arms):
        return _nothing(analysis)
    by_image = plan.evaluates_given_weights and plan.tested in plan.task.right_among
    if by_image and len(plan.arms) > 1:
        return given_weights_answer(analysis)
    compared = ComparedArms(analysis)
    text = " ".join(_sentences(compared))
    return f"{_so_far(compared)}{text}" if 0 < len(plan.missing) < len(plan.trials) else text


def _nothing(analysis: Analysis) -> str:
    """The answer without a single measurement."""
    trials = analysis.plan.trials
    failed = sum(trial.state == "failed" for trial in trials)
    if not failed:
        return "No trial has finished yet, so there is no answer."
    rest = "" if failed == len(trials) else " and no other has finished"
    return f"{failed} of {many(len(trials), 'trial')} failed{rest}, so there is no answer."


# ---- trained arms ----


def _so_far(compared: ComparedArms) -> str:
    """Sentences that say how many trials have finished and which arms lack seeds."""
    plan, whole = compared.analysis.plan, compared.analysis.seeds
    counts: dict[int, list[str]] = {}
    for arm in compared.others:
        row = compared.analysis.effects.get((arm, plan.tested))
        # An arm without an effect shares no seed with the baseline.
        counts.setdefault(0 if row is None else int(row.n), []).append(arm)
    few = [
        f"{compared.listed(arms)}{f' ({n})' * (whole > 1)}"
        for n, arms in sorted(counts.items())
        if n < whole
    ]
    what = f"Compared in fewer than {whole} seeds" if whole > 1 else "Not compared yet"
    lacking = f" {what}: {', '.join(few)}." if few else ""
    done = len(plan.trials) - len(plan.missing)
    return f"So far {done} of {len(plan.trials)} trials have finished.{lacking} "


def _sentences(compared: ComparedArms) -> Iterator[str]:
    analysis, base = compared.analysis, compared.analysis.plan.baseline
    if base.digest in analysis.diverged:
        yield from _baseline_diverged(compared)
    elif not compared.others:
        yield f"{base.label}: {_level(compared)} in {format.name(compared.metric)}."
    else:
        yield from _differences(compared)
        yield from design_sentences(compared)
        yield from cost_sentences(compared)


def _contradicted(analysis: Analysis) -> Iterator[str]:
    texts = [f"“{row.claim.text}”" for row in analysis.claims if row.state == "contradicted"]
    if texts:
        more = f" and {len(texts) - NAMED} more" if len(texts) > NAMED else ""
        claims = "Contradicted claims: " if len(texts) > 1 else "Contradicted claim: "
        yield f"{claims}{', '.join(texts[:NAMED])}{more}."


def _level(compared: ComparedArms) -> str:
    analysis, metric = compared.analysis, compared.metric
    row = analysis.estimates[analysis.plan.baseline.digest, analysis.plan.tested]
    return f"{format.replicates(row, metric, analysis.seeds)} {metric.unit}".rstrip()


def _baseline_diverged(compared: ComparedArms) -> Iterator[str]:
    """Sentences for a study whose baseline diverged."""
    analysis = compared.analysis
    finished = [
        arm
        for arm in compared.others
        if (arm, analysis.plan.tested) in analysis.estimates and arm not in analysis.diverged
    ]
    base = analysis.divergences[analysis.plan.baseline.digest]
    yield (
        f"The baseline diverged in {base.diverged} of {seeds(analysis.plan, base.ended)}, so no "
        f"difference from {compared.base} can be given."
    )
    if finished:
        yield f"{compared.listed(finished)} did not diverge."
    if compared.diverged:
        yield f"{compared.diverging(compared.diverged)} diverged, too."


def _differences(compared: ComparedArms) -> Iterator[str]:
    # One pair of trials has no spread to test a difference against.
    if compared.analysis.seeds == 1 and compared.rows:
        yield _largest(compared)
    else:
        yield from _several(compared)
    if compared.diverged:
        it = "it has" if len(compared.diverged) == 1 else "they have"
        # How often an arm diverges is a finding of its own, which no mean can hold.
        yield f"{compared.diverging(compared.diverged)} diverged, so {it} no mean."


def _largest(compared: ComparedArms) -> str:
    plan = compared.analysis.plan
    most = max(compared.rows, key=lambda arm: abs(compared.rows[arm].mean))
    if compared.rows[most].mean == 0:
        name = format.name(compared.metric)
        return f"No arm differs from {compared.base} in {name}, with {seeds(plan, 1)} of each."
    given = plan.evaluates_given_weights
    why = (
        "Without a stored prediction of every image no difference can be tested"
        if given
        else f"With one {'seed' if plan.paired else 'replicate'} no difference can be separated "
        "from noise"
    )
    return (
        f"{why}; the largest in {format.name(compared.metric)} is that of "
        f"{compared.listed([most])}, {compared.amount(most)}."
    )


def _several(compared: ComparedArms) -> Iterator[str]:
    if compared.different:
        yield from _distinguished(compared)
    elif compared.indistinguishable:
        yield _none_distinguished(compared)
    elif not compared.rows and not compared.diverged:
        yield f"No arm can be compared with {compared.base} yet."
    for arms in _constant_groups(compared):
        yield _constant(compared, arms)
    if compared.with_one_seed:
        yield _one_seed(compared)


def _one_seed(compared: ComparedArms) -> str:
    arms, several = compared.with_one_seed, len(compared.with_one_seed) > 1
    listed, name = compared.listed(arms, amounts=True), format.name(compared.metric)
    if not compared.analysis.plan.paired:
        return (
            f"Only one replicate of {listed}, or of {compared.base}, has a {name}: too few{NOISE}."
        )
    shares = "share" if several else "shares"
    return f"{listed} {shares} one seed with {compared.base} in {name}, too few{NOISE}."


def _distinguished(compared: ComparedArms) -> Iterator[str]:
    parts = [
        f"{compared.listed(arms, amounts=True)} {'is' if len(arms) == 1 else 'are'} {word} than "
        f"{compared.base} in {format.name(compared.metric)}"
        for arms, word in ((compared.better, "better"), (compared.worse, "worse"))
        if arms
    ]
    yield f"{'; '.join(parts)} ({_seeds_and_tests(compared)})."
    if rest := compared.indistinguishable:
        others = "The other arm" if len(rest) == 1 else f"The {len(rest)} other arms"
        same = f"cannot be distinguished from {compared.base}"
        # "Not distinguishable" alone reads as "equal"; the bound says how unequal it may still be.
        yield f"{others} {same}: {_within(compared)}."


def _none_distinguished(compared: ComparedArms) -> str:
    rest, total = compared.indistinguishable, len(compared.others)
    named = "the other arm" if total == 1 else compared.listed(rest)
    subject = f"{named} cannot" if len(rest) == 1 else f"{len(rest)} of {total} arms cannot"
    subject = f"none of {total} arms can" if 1 < len(rest) == total else subject
    seeds = f"({_seeds_and_tests(compared)})" if total > 1 else f"with {compared.pairs(rest)}"
    return (
        f"In {format.name(compared.metric)}, {subject} be distinguished from {compared.base} "
        f"{seeds}: {_within(compared)}."
    )


def _within(compared: ComparedArms) -> str:
    """How far the differences of the arms that cannot be distinguished may still reach."""
    single = len(compared.indistinguishable) == 1
    intervals = "the 95 % interval lies" if single else "all their 95 % intervals lie"
    return f"{intervals} within {_bound(compared)}{_uncorrected(compared)}"


def _seeds_and_tests(compared: ComparedArms) -> str:
    """The seeds behind the tests, and the number of comparisons they are corrected for."""
    tests = len(compared.others)
    corrected = f", corrected for {tests} comparisons" if tests > 1 else ""
    return compared.pairs([*compared.different, *compared.indistinguishable]) + corrected


def _uncorrected(compared: ComparedArms) -> str:
    """A clause on intervals that exclude zero although the corrected test finds no difference."""
    rows = {arm: compared.rows[arm] for arm in compared.indistinguishable}
    apart = [arm for arm, row in rows.items() if row.low > 0 or row.high < 0]
    if not apart:
        return ""
    those, verb = ("that", "excludes") if len(apart) == 1 else ("those", "exclude")
    return f"; {those} of {compared.listed(apart)} {verb} zero before the correction"


def _bound(compared: ComparedArms) -> str:
    """The largest difference that the arms that cannot be distinguished may still have."""
    rows = [compared.rows[arm] for arm in compared.indistinguishable]
    most = max(abs(end) for row in rows for end in (row.low, row.high))
    text = format.measured(most, compared.metric)
    return f"±{text} {compared.metric.difference_unit}".rstrip()


def _constant_groups(compared: ComparedArms) -> list[list[str]]:
    """Arms with a constant difference, split into those that differ and those that equal."""
    zero = [arm for arm in compared.constant if compared.rows[arm].mean == 0]
    return [arms for arms in ([a for a in compared.constant if a not in zero], zero) if arms]


def _constant(compared: ComparedArms, arms: list[str]) -> str:
    # Equal differences have no spread, so no test: they are stated instead of tested.
    several, name = len(arms) > 1, format.name(compared.metric)
    seeds = f"every one of {compared.pairs(arms)}"
    if compared.rows[arms[0]].mean == 0:
        verb = "equal" if several else "equals"
        return f"{compared.listed(arms)} {verb} {compared.base} in {name} for {seeds}."
    verb, have = ("differ", "they have") if several else ("differs", "it has")
    return (
        f"{compared.listed(arms, amounts=True)} {verb} from {compared.base} in {name} by the same "
        f"amount for {seeds}, so {have} no interval."
    )


def _costs(analysis: Analysis) -> str:
    """The range of the cost that varies most, else of the timing that does."""
    # Counts come first because they are exact; timings hold for one machine.
    for kind in ("cost", "speed"):
        ranges = [r for name in analysis.of_kind(kind) if (r := _cost_range(analysis, name))]
        if ranges:
            return max(ranges, key=lambda own: own.ratio).text
    return "Nothing was trained, and no measured cost differs at the printed precision."


class CostRange(NamedTuple):
    """A cost over all arms: its largest value by its smallest, and the sentence."""

    ratio: float
    text: str


def _cost_range(analysis: Analysis, name: str) -> CostRange | None:
    """The range of a cost or timing; None if all arms print the same, or none has it."""
    plan, rows = analysis.plan, dict[str, float]()
    for arm in plan.arms:
        if row := analysis.estimates.get((arm.digest, name)):
            rows.setdefault(in_prose(plan.study, arm.arm), row.mean)
    if not rows:
        return None
    metric = format.suited(analysis.catalogue[name], rows.values())
    least, most = min(rows, key=rows.__getitem__), max(rows, key=rows.__getitem__)
    low, high = (format.measured(rows[label], metric) for label in (least, most))
    # Compared as printed: a range of two equal texts says nothing.
    if low == high:
        return None
    coverage = "" if len(rows) == len(plan.arms) else f" over {len(rows)} of {len(plan.arms)} arms"
    text = (
        f"Nothing was trained; {format.head(metric)} goes from {low} ({least}) to {high} "
        f"({most}){coverage}."
    )
    return CostRange(rows[most] / rows[least] if rows[least] else math.inf, text)

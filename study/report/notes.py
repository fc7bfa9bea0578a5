"""The sentences around a table: how its numbers were taken, and what they cannot say."""

import math
import shlex
from collections.abc import Iterator

from study import cells
from study.judgement import named_arms, unlike
from study.metrics import METRICS, RULES, sized
from study.plan import Plan, PlannedArm
from study.report import chance
from study.report.findings import Findings
from study.statements import other_unit
from study.stats import smallest_p

LISTED = 6  # missing trials named one by one

KINDS = {
    "quality": "interval against the runner-up excludes zero",
    "cost": "strictly better",
}
"""What makes a value the best one, by kind of metric."""


def caption(found: Findings) -> str:
    return " ".join([found.plan.study.question, "●: baseline,", f"{_protocol(found.plan)}.",
                     *_measures(found)])  # fmt: skip


def _protocol(plan: Plan) -> str:
    study, config = plan.study, plan.baseline.arm.config
    images = f"{study.images()} at {config.data.img_size} px"
    if not study.seeds:
        return f"{config.model} for {images}"
    epochs = f"{config.recipe.total_epochs} epoch{'s' if config.recipe.total_epochs != 1 else ''}"
    return f"{config.model} on {images}, recipe {study.called('recipe')}, {epochs}"


def _measures(found: Findings) -> Iterator[str]:
    several = found.seeds > 1
    if found.of_kind("quality") and several:
        yield f"Mean ± sample sd of {found.seeds} seeds."
    if found.of_kind("quality") and found.seeds and len(found.plan.arms) > 1:
        yield "Δ: difference from ●" + (
            ", paired by seed, with its 95 % t interval." if several else "."
        )
    if found.of_kind("cost") and len(found.plan.arms) > 1:
        yield "Costs: in brackets the difference from ●."
    if found.of_kind("speed"):
        where = f", taken on {found.timed_on}" if found.timed_on else ""
        yield f"Timings: median [lowest, highest] of {found.rounds or 'the'} rounds{where}."
        if found.ratios:
            wide = f"{100 * found.plan.study.timing.resolution:g} %"
            yield (
                "×: ratio to ●, which was timed before and after each, with its 95 % "
                f"block-bootstrap interval; inconclusive where that includes 1 and is wider than "
                f"{wide}."
            )
            if told := cells.disturbed(found.disturbed):
                yield f"Meanwhile {told}."
        if "memory" in found.metrics:
            yield "Peak memory: of one training step of the recipe."
    if found.tied:
        yield (
            f"{cells.TIED}: not told from the best: the 95 % interval of its paired difference "
            "includes zero (each alone, uncorrected)."
        )
    for name in found.of_kind("cost"):
        rule = cells.rule(METRICS[name])
        if rule in RULES:
            counted = ", ".join(RULES[rule])
            yield f"{cells.head(METRICS[name])}: multiply-adds of one image, counting {counted}."
    if found.leaders:
        kinds = dict.fromkeys(METRICS[name].kind for name in found.leaders)
        yield f"Bold: best ({'; '.join(f'{kind}: {KINDS[kind]}' for kind in kinds)})."


# ---- notes ----


def notes(found: Findings) -> Iterator[str]:
    """One sentence or two each, in the order in which a reader needs them."""
    for part in (_missing, _odd, _diverged, _refused, _seeds, chance.notes,
                 _published, _units, _unverified):  # fmt: skip
        yield from part(found)


def _missing(found: Findings) -> Iterator[str]:
    plan = found.plan
    trials = [
        ("A/A" if t.again else arm.label, t) for arm in plan.arms for t in arm.trials if not t.done
    ]
    untimed = [name for name in found.of_kind("speed") if _lacking(found, name)]
    if trials:
        named = ", ".join(f"{label} seed {t.seed} ({t.state})" for label, t in trials[:LISTED])
        more = f" and {len(trials) - LISTED} more" if len(trials) > LISTED else ""
        yield f"{len(trials)} of {len(plan.trials)} trials are missing: {named}{more}."
    reasons: dict[str, list[str]] = {}
    for arm in plan.arms:
        for why in found.refused.get(arm.digest, ()):
            reasons.setdefault(why, []).append(arm.label)
    for why, arms in reasons.items():
        yield f"Not taken of {', '.join(arms)}: {why}."
    if untimed and not reasons:
        yield f"Not timed for every arm: {_heads(untimed)}."
    unseen = [n for n in found.metrics if sized(n)[1] and _lacking(found, n)]
    if unseen and not trials and not reasons:
        yield f"Not evaluated for every arm: {_heads(unseen)}."
    if trials or ((untimed or unseen) and not reasons):
        again = command(plan, found.store)
        yield f"{cells.ABSENT}: not measured. What is missing is run by: {again}"


def _odd(found: Findings) -> Iterator[str]:
    for note in found.plan.notes:
        yield f"{note}."


def _lacking(found: Findings, name: str) -> bool:
    return any((arm.digest, name) not in found.estimates for arm in found.plan.arms)


def _heads(names: list[str]) -> str:
    return ", ".join(cells.name(METRICS[name]) for name in names)


def command(plan: Plan, store: str) -> str:
    """The command line that runs what the store lacks; failed trials are tried again."""
    where = ["--store", store] if store else []
    return shlex.join(["study", "run", *plan.study.words, *where])


def _diverged(found: Findings) -> Iterator[str]:
    for arm in found.plan.arms:
        seeds = [str(t.seed) for t in arm.replicates if t.state == "diverged"]
        if seeds:
            count = f"{len(seeds)} of {len(arm.replicates)} seeds"
            yield f"{arm.label} diverged in {count} ({', '.join(seeds)}) and so has no mean."


def _unverified(found: Findings) -> Iterator[str]:
    keys = found.plan.baseline.arm.config.recipe.unverified
    if keys and found.seeds:
        yield f"No source confirms these values of the recipe: {', '.join(keys)}."


def _refused(found: Findings) -> Iterator[str]:
    if not found.of_kind("cost"):
        return
    for arm in found.plan.arms:
        if arm.card.refused:
            yield f"The cost of {arm.label} is not given: {arm.card.refused}"


def _seeds(found: Findings) -> Iterator[str]:
    if not found.of_kind("quality"):
        return
    smallest = smallest_p(found.seeds)
    if not found.seeds:
        yield "No seeds: nothing is trained, and no quality is measured."
    elif found.plan.given:
        yield "Weights are given and nothing is trained: no seed changes anything."
    elif found.seeds == 1:
        yield "One seed: neither a spread nor an interval can be given."
    elif smallest > 0.05:
        yield (
            f"With {found.seeds} seeds no sign-flip test can reach p < 0.05 "
            f"(smallest {smallest:.3g}; 6 seeds reach 0.031)."
        )
    if any(_partial(found, arm) for arm in found.plan.arms):
        yield f"(n/{found.seeds}): n seeds are in, or have a partner in the baseline."
    if any(_even(effect) for (_, name), effect in found.effects.items() if name in found.metrics):
        yield f"[{cells.ABSENT}]: the difference is the same in every seed; no spread to judge by."


def _partial(found: Findings, arm: PlannedArm) -> bool:
    return any(
        row.n < found.seeds
        for name in found.of_kind("quality")
        if (row := found.estimates.get((arm.digest, name)))
    )


def _even(effect: object) -> bool:
    n, mean, low = (getattr(effect, key) for key in ("n", "mean", "low"))
    return n > 1 and math.isfinite(mean) and not math.isfinite(low)


def _published(found: Findings) -> Iterator[str]:
    rows = [printed for name in found.metrics for printed in found.printed(name)]
    if not rows:
        return
    sources = dict.fromkeys(row.source or "source not given" for row in rows)
    yield f"Published numbers: {'; '.join(sources)}."
    yield from _unlike(found)
    timed = [one for name in found.of_kind("speed") for one in found.printed(name)]
    if hardware := dict.fromkeys(one.protocol.hardware for one in timed if one.protocol.hardware):
        yield f"Printed timings were taken on {', '.join(hardware)}."
    used = [status for status in cells.MARKS if any(row.status == status for row in rows)]
    meanings = [f"{cells.MARKS[s]} {MEANINGS[s]}" for s in used if cells.MARKS[s]]
    if meanings:
        yield f"Of the published numbers: {'; '.join(meanings)}."


def _units(found: Findings) -> Iterator[str]:
    """Printed qualities and timings that seem to be in another unit than what is measured."""
    arms = named_arms(found.plan)
    for label, numbers in found.plan.study.published.items():
        for name, printed in numbers.items():
            row = found.estimates.get((arms[label].digest, name))
            if row is None or METRICS[name].kind == "cost" or not row.mean > 0:
                continue
            if why := other_unit(name, printed.value, float(row.mean)):
                yield f"{label}: {why}."


def _unlike(found: Findings) -> Iterator[str]:
    """Why what was printed cannot be compared with what is measured, in one sentence."""
    plan, arms = found.plan, named_arms(found.plan)
    measured = [n for n in found.metrics if found.seeds or METRICS[n].kind != "quality"]
    rows: dict[str, dict[str, None]] = {}  # by difference, the rows that have it
    names: dict[str, None] = {}
    for label, numbers in plan.study.published.items():
        for name in (name for name in measured if name in numbers):
            for why in unlike(plan, arms[label], numbers[name], metric=name):
                rows.setdefault(why, {})[label], names[name] = None, None
    if rows:
        most = max(map(len, rows.values()))
        told = [w + (f" ({', '.join(r)})" if len(r) < most else "") for w, r in rows.items()]
        yield f"Printed and measured {_heads(list(names))} are not comparable: {'; '.join(told)}."


MEANINGS = {
    "derived": "computed from others that were printed",
    "unverified": "not checked against the source",
}

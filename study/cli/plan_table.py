"""A plan as text, a table and a record; nothing here prints."""

import math
from collections.abc import Iterator, Mapping

from rich.text import Text

from study import format
from study.cli import searching
from study.cli.output import in_units
from study.cli.seed_notes import nothing_trains, seeds_of_margin, smallest
from study.format import duration, many
from study.plan import comparisons
from study.plan.estimate import remaining
from study.plan.plan import Plan
from study.report.columns import FoldedTable
from study.spec.arm_names import printed
from study.spec.metric import Metric
from study.spec.schema import SequentialSeeds
from study.spec.study import Study
from study.spec.yaml import written
from study.stats import smallest_effect, smallest_p
from study.store.store import Record
from study.tasks.arms import PlannedArm, Trial
from study.tune.tuning import Tuning


def plan_head(plan: Plan) -> str:
    study = plan.study
    profile = f" · profile {study.profile}" if study.profile else ""
    again = f" + {_again(plan)} A/A" if _again(plan) else ""
    if plan.tuning:
        # Proposals follow from results, so the trials that a tuned study will have are a sum.
        again += f" + {plan.tuning.budget} of tuning"
    if plan.search:
        again += f" + {plan.search.budget} of the search"
    limits, trials = study.sequential, many(total(plan), "trial")
    each = f"{limits.min} to {limits.max} seeds" if limits else many(len(study.seeds), "seed")
    is_open = plan.search is not None and not plan.search.spent
    arms = f"{'up to ' * is_open}{many(plan.most_arms, 'arm')}"
    designs = ", ".join(_design(study, name) for name in study.designs)
    return (
        f"{study.name} · {study.question}\n"
        f"{arms} × {each}{again} = {trials}{' so far' * bool(limits)} · "
        f"{'search' if plan.search else f'design {designs}'} · "
        f"{plan.task.summary(study, plan.baseline)}{profile}"
    )


def total(plan: Plan) -> int:
    """The trials of a plan; of a study with proposals, all that it will have but repeats of one."""
    if plan.proposing is None:
        return len(plan.trials)
    if plan.proposing.spent:
        # Counted, as seeds may have been added by then.
        return sum(len(arm.trials) for arm in plan.arms) + plan.proposing.budget
    limits = plan.study.sequential
    seeds = limits.min if limits else len(plan.study.seeds)
    return (plan.most_arms + plan.study.aa) * seeds + plan.proposing.budget


def _design(study: Study, name: str) -> str:
    listed = ", ".join(f"{key} {value}" for key, value in study.designs[name].items())
    return name.replace("_", " ") + f" ({listed})" * bool(listed)


PRINTED = 3  # costs of a plan: the first of the catalogue
SAVED = "macs"


def plan_table(plan: Plan) -> FoldedTable:
    names = [name for name, metric in plan.catalogue.items() if metric.kind == "cost"][:PRINTED]
    saved = ["Δ MACs"] if SAVED in names else []
    costs_of = {n: [arm.cost_record.cost.get(n) or math.nan for arm in plan.arms] for n in names}
    metrics = {name: format.suited(plan.catalogue[name], costs_of[name]) for name in names}
    costs = [format.head(metric) for metric in metrics.values()]
    heads = ("  arm", "differs in", *costs, *saved, "done")
    last = len(heads) - 1
    # By importance: the label, progress, what is saved, the second cost (multiply-adds), the rest.
    ranked = dict.fromkeys([0, last, *([3, 5] if saved else []), 2, 1, *range(last)])
    return FoldedTable(
        heads,
        [("", [_plan_row(plan, arm, metrics) for arm in plan.arms])],
        order=tuple(ranked),
        right=frozenset(range(2, len(heads))),
        marked=True,
    )


def _plan_row(plan: Plan, arm: PlannedArm, metrics: Mapping[str, Metric]) -> list[str | Text]:
    cost = arm.cost_record.cost
    return [
        ("● " if arm is plan.baseline else "  ") + printed(plan.study, arm.arm),
        Text(departures(plan, arm), "dim"),
        *(in_units(metric, cost.get(name)) for name, metric in metrics.items()),
        *([_saved(plan, arm)] if SAVED in metrics else []),
        f"{arm.done}/{len(arm.trials)}",
    ]


def _saved(plan: Plan, arm: PlannedArm) -> str:
    """The difference in multiply-adds from the baseline."""
    ours, base = (a.cost_record.cost.get(SAVED) for a in (arm, plan.baseline))
    if arm is plan.baseline:
        return ""
    return format.change(ours, base) if ours and base else format.ABSENT


def departures(plan: Plan, arm: PlannedArm) -> str:
    factors = plan.study.factors
    values = [
        f"{factors[f].path}={_as_written(factors[f].levels[arm.arm.choices[f]].value)}"
        for f in arm.arm.changed_factors
    ]
    return ", ".join([*values, *([str(arm.arm.refit)] if arm.arm.refit else [])])


def _as_written(value: object) -> str:
    """A value as a study file has it."""
    # Of a scalar alone YAML would also write the end of the document.
    as_yaml = isinstance(value, dict | bool | None)
    return written(value).partition("\n...")[0].strip() if as_yaml else str(value)


def plan_notes(plan: Plan, priced: tuple[float, str] | None, workers: int) -> list[str]:
    seeds = len(plan.study.seeds)
    notes = [f"{arm.label}: {why}" for arm in plan.arms if (why := arm.cost_record.caveat)]
    notes += plan.notes
    if why := nothing_trains(plan):
        return [*notes, f"nothing to train: {why}"]
    notes += [*_tuning(plan), *searching.notes(plan)]
    notes.append(_to_run(plan, priced, workers))
    if plan.evaluates_given_weights:
        return [
            *notes,
            "given weights, nothing to train: seeds change nothing, images are the sample",
        ]
    if limits := plan.study.sequential:
        return [*notes, *_sequential(plan, limits), *_repeats(plan)]
    notes.append(smallest(seeds))
    return [*notes, *_reach(plan, seeds)]


def _to_run(plan: Plan, priced: tuple[float, str] | None, workers: int) -> str:
    """A note on the trials that are left, and how long they take."""
    missing, proposing = len(plan.missing), plan.proposing
    if not missing:
        return "nothing to run: every trial has a result"
    left = many(sum(remaining(plan).values()), "trial")
    # What proposals and winners compute follows from results, so only their number is known.
    known = "" if proposing is None or proposing.spent else f", {missing} of them known now"
    if priced is None:
        return f"{left} to run{known}"
    seconds, how = priced
    wide = many(workers, "worker")
    return f"{left} to run{known}, about {duration(seconds)}, {wide} ({how})"


def _tuning(plan: Plan) -> Iterator[str]:
    """Notes on the tuning of the arms: its protocol, its progress, and what follows it."""
    tuning, seeds = plan.tuning, len(plan.study.seeds)
    if tuning is None:
        return
    rules = tuning.rules
    held = ", ".join(f"{path} {value}" for path, value in rules.held_out.items() if value)
    on = f" on held-out images ({held})" if held else ""
    yield (
        f"tuning: {rules.trials} trials of every arm{on}, by {rules.objective}, in batches of "
        f"{rules.batch}; {tuning.ended} of {tuning.budget} have ended"
    )
    for row in tuning.arms:
        if row.spent and row.winner is None:
            yield f"{row.arm.label}: no tuning trial is completed, so it has no trials of its own"
        # Spent like a failure, but for a reason that the file can change.
        refused = [proposal for proposal in row.proposals if proposal.refused]
        if refused:
            count = many(len(refused), "proposal")
            yield f"{row.arm.label}: {count} cannot be built: {refused[0].refused}"
    if not tuning.spent:
        more = f" and up to {seeds} with the baseline's values" if rules.at_baseline else ""
        yield f"an arm's own {many(seeds, 'trial')}{more} follow when its tuning has ended"


def _sequential(plan: Plan, limits: SequentialSeeds) -> Iterator[str]:
    declared = many(len(comparisons.contrasts(plan)), "comparison")
    if plan.search and not plan.search.spent:
        declared = "those of all arms with the baseline"
    yield (
        f"seeds are added one by one, up to {limits.max} of an arm, until its comparisons are "
        f"decided: {declared}, 5 % error rate for all of them at all looks together (docs/"
        "what-a-number-means.md)"
    )


def _again(plan: Plan) -> int:
    return sum(trial.is_aa for trial in plan.baseline.trials)


def _repeats(plan: Plan) -> Iterator[str]:
    """A note on the noise floor."""
    if again := _again(plan):
        trials = many(again, "more trial")
        yield f"A/A: {trials} of the baseline with other seeds measure the noise floor"


def _reach(plan: Plan, seeds: int) -> Iterator[str]:
    """Notes on the noise floor, the detectable difference, and the seeds that a margin needs."""
    yield from _repeats(plan)
    if seeds < 2 or not plan.tested:
        return
    metric, least = plan.catalogue[plan.tested], smallest_effect(seeds)
    unit = f" {metric.difference_unit}".rstrip()
    sd = "the sd is unknown until trials finish"
    if math.isfinite(plan.sd):
        size = format.measured(least * plan.sd, metric)
        sd = f"{format.name(metric)}: {size}{unit}, from finished trials"
    yield (
        f"with {seeds} seeds a difference of {least:.3g} sd (of per-seed differences) is detected "
        f"with 80 % power ({sd})"
    )
    margin = plan.study.margins.get(plan.tested)
    if margin and plan.sd > 0:
        yield seeds_of_margin(plan, margin)


def _refused(arm: PlannedArm) -> bool:
    return bool(arm.cost_record.refused)


def plan_record(plan: Plan, priced: tuple[float, str] | None) -> Record:
    """The plan for `--json`: stable keys, base units."""
    limits = plan.study.sequential
    return {
        "study": plan.study.name,
        "question": plan.study.question,
        "design": [*plan.study.designs],
        "design_options": {k: dict(v) for k, v in plan.study.designs.items()},
        "seeds": list(plan.study.seeds),
        "profile": plan.study.profile,
        "arms": [
            {
                "arm": arm.digest,
                "label": arm.label,
                "departs": departures(plan, arm),
                "matched": vars(arm.arm.refit) if arm.arm.refit else None,
                "cost": arm.cost_record.cost,
                "refused": arm.cost_record.refused or None,
                "config": arm.config.plain,
                "trials": [_trial_record(trial) for trial in arm.trials],
            }
            for arm in plan.arms
        ],
        "missing": len(plan.missing),
        **({"tuning": _tuning_record(plan.tuning)} if plan.tuning else {}),
        **({"search": searching.record(plan.search)} if plan.search else {}),
        "seconds": priced[0] if priced else None,
        "seconds_from": priced[1] if priced else None,
        # The sign-flip test is not that of seeds which results decide.
        "smallest_p": None if limits else smallest_p(len(plan.study.seeds)),
        **({"sequential": limits.model_dump()} if limits else {}),
    }


def _tuning_record(tuning: Tuning) -> Record:
    """The proposals of every arm so far, and the number of the winner."""
    return {
        "objective": tuning.rules.objective,
        "trials": tuning.rules.trials,
        "ended": tuning.ended,
        "arms": [
            {
                "label": row.arm.label,
                "file": dict(row.file_values),
                "winner": row.winner.number if row.winner else None,
                "proposals": [searching.proposal_record(proposal) for proposal in row.proposals],
            }
            for row in tuning.arms
        ],
    }


def _trial_record(trial: Trial) -> Record:
    # The keys of --json stay, although the field has another name now.
    keys = {key: value for key, value in vars(trial).items() if key != "ending"}
    record: Record = {"again" if k == "is_aa" else k: v for k, v in keys.items()}
    if trial.images is not None:
        record["images"] = {split: value.plain for split, value in trial.images.items()}
    return record

"""An estimate of the time that the missing trials of a plan will take."""

import platform
from collections.abc import Iterator, Mapping
from statistics import mean

from study.plan.plan import Plan
from study.store.provenance import digest
from study.store.store import Store
from study.store.timing_records import StepTimes
from study.tasks.arms import PlannedArm


def remaining_time(
    plan: Plan, store: Store, workers: int, *, here: bool = True
) -> tuple[float, str] | None:
    """The remaining seconds and the source of the estimate; None without any measurement.

    Unless workers run `here`, the seconds of this machine say nothing about them.
    """
    trials = _remaining(plan)
    if not any(trials.values()):
        return 0.0, "nothing is missing"
    took = {arm.digest: mean(s) for arm in plan.arms if (s := _finished(arm, store, here=here))}
    for arm, proposals in _proposals(plan):
        # Tuning trains on fewer images, so it stands for an arm only until that has a trial.
        done = [s for proposal in proposals for s in _finished(proposal, store, here=here)]
        took |= {arm.digest: mean(done)} if done and arm.digest not in took else {}
    timed = store.record("timings", steps_key(plan), StepTimes) if here else None
    if took:
        how = f"from finished trials on {platform.node() if here else 'other machines'}"
    elif timed:
        took = {plan.baseline.digest: _trial_seconds(plan, timed)}
        how = f"from {timed.steps} timed steps of the baseline; other arms by their MACs"
    else:
        return None
    # Workers beyond the number of trials stand idle.
    seconds = sum(_scaled(plan, arm, took) * trials[arm.digest] for arm in plan.arms)
    return seconds / max(1, min(workers, sum(trials.values()))), how


def _remaining(plan: Plan) -> dict[str, int]:
    """The number of trials that each arm has before it, by its digest."""
    limits = plan.study.sequential
    left = {arm.digest: sum(not t.done for t in arm.trials) for arm in plan.arms}
    for arm, row in zip(plan.arms, plan.tuning.arms if plan.tuning else (), strict=False):
        ended = sum(proposal.ended for proposal in row.proposals)
        left[arm.digest] += row.rules.trials - ended
        if row.chosen is None:
            left[arm.digest] += limits.min if limits else len(plan.study.seeds)
        there = row.at_baseline.trials if row.at_baseline else ()
        left[arm.digest] += sum(not trial.done for trial in there)
    return left


def _proposals(plan: Plan) -> Iterator[tuple[PlannedArm, list[PlannedArm]]]:
    """Each arm of a study that tunes, with its proposals."""
    if plan.tuning:
        rows = [row.trials for row in plan.tuning.arms]
        yield from zip(plan.arms, rows, strict=True)


def steps_key(plan: Plan) -> str:
    """Key of the timed steps of a plan's baseline on this machine."""
    return digest(["steps", platform.node(), plan.baseline.digest])


def _finished(arm: PlannedArm, store: Store, *, here: bool) -> list[float]:
    """Seconds of the arm's finished trials on this machine, or on others."""
    results = [store.result(trial.name) for trial in arm.trials if trial.done]
    # Seconds of another machine say little about this one, and the other way round.
    alike = [r for r in results if r and (r.environment.machine == platform.node()) == here]
    return [result.seconds or 0.0 for result in alike]


def _trial_seconds(plan: Plan, timed: StepTimes) -> float:
    training = timed.train * timed.train_image_seconds
    # Validation runs after every epoch, so its images count in each of them.
    epoch = training + timed.val * timed.image_seconds
    return epoch * max(1, plan.baseline.epochs)


def _scaled(plan: Plan, arm: PlannedArm, took: Mapping[str, float]) -> float:
    """The arm's own seconds, or those of measured arms scaled by the ratio of MACs."""
    if arm.digest in took:
        return took[arm.digest]
    macs = {a.digest: a.cost_record.cost.get("macs") for a in plan.arms}
    ours = macs[arm.digest]
    # Multiply-adds are a rough measure of time, but known before anything runs.
    return mean(s * ours / n if ours and (n := macs[other]) else s for other, s in took.items())

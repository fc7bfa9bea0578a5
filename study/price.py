"""What the missing trials of a plan will take, and how that is known."""

import platform
from collections.abc import Mapping
from statistics import mean

from study.origin import digest
from study.plan import Plan, PlannedArm
from study.store import Store
from study.timing_records import StepTimes


def price(plan: Plan, store: Store, workers: int) -> tuple[float, str] | None:
    """Seconds that are left and where that comes from; None when nothing is known."""
    trials = {arm.digest: sum(not t.done for t in arm.trials) for arm in plan.arms}
    if not any(trials.values()):
        return 0.0, "nothing is missing"
    took = {arm.digest: mean(found) for arm in plan.arms if (found := _finished(arm, store))}
    timed = store.kept("timings", steps_key(plan), StepTimes)
    if took:
        how = f"from finished trials on {platform.node()}"
    elif timed:
        took = {plan.baseline.digest: _trial_seconds(plan, timed)}
        how = f"from {timed.steps} timed steps of the baseline; other arms by their MACs"
    else:
        return None
    seconds = sum(_scaled(plan, arm, took) * trials[arm.digest] for arm in plan.arms)
    return seconds / max(1, min(workers, sum(trials.values()))), how


def steps_key(plan: Plan) -> str:
    """Names the timed steps of a plan's baseline on this machine."""
    return digest(["steps", platform.node(), plan.baseline.digest])


def _finished(arm: PlannedArm, store: Store) -> list[float]:
    """Seconds that the arm's trials took on this machine."""
    results = [store.result(trial.name) for trial in arm.trials if trial.done]
    here = [r for r in results if r and r.environment.machine == platform.node()]
    return [result.seconds or 0.0 for result in here]


def _trial_seconds(plan: Plan, timed: StepTimes) -> float:
    training = timed.train * timed.train_image_seconds
    epoch = training + timed.val * timed.image_seconds
    return epoch * max(1, plan.baseline.arm.config.recipe.total_epochs)


def _scaled(plan: Plan, arm: PlannedArm, took: Mapping[str, float]) -> float:
    """The arm's own seconds, or those of the arms that are known, by the ratio of their MACs."""
    if arm.digest in took:
        return took[arm.digest]
    macs = {a.digest: a.card.cost.get("macs") for a in plan.arms}
    ours = macs[arm.digest]
    return mean(s * ours / n if ours and (n := macs[known]) else s for known, s in took.items())

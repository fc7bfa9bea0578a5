"""Measurements that follow once the trials of a study have ended: other image sizes, speeds."""

from study.plan.plan import Plan
from study.spec.image_size import ImageSize
from study.store.job_records import Work
from study.store.store import Store


def unevaluated(plan: Plan, store: Store) -> list[tuple[str, ImageSize]]:
    """Finished trials, by name, and image sizes in pixels at which they are not evaluated yet."""
    finished = [trial.name for trial in plan.reported if trial.state == "completed"]
    pairs = ((name, size) for name in finished for size in plan.sizes)
    return [(name, size) for name, size in pairs if plan.lacks(store.evaluation(name, size), size)]


def timing_session(plan: Plan) -> Work:
    """A timing session over all arms of a plan."""
    return plan.work(
        "timings",
        key=plan.key,
        arms={arm.digest: plan.task.record(arm, 0, plan.study) for arm in plan.arms},
        baseline=plan.baseline.digest,
        metrics=list(plan.timed),
        **plan.study.timing.model_dump(),
    )

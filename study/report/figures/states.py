"""What became of an arm's trials, in words."""

from collections import Counter

from study.metrics import METRICS
from study.plan import Plan, PlannedArm

WORDS = {"diverged": "diverged", "failed": "failed", "running": "running"}


def state(arm: PlannedArm) -> str:
    """What an arm's trials have instead of a number: "1 of 3 diverged"; "" where all have one."""
    total = len(arm.replicates)
    counts = Counter(
        WORDS.get(t.state, "missing") for t in arm.replicates if t.state != "completed"
    )
    return ", ".join(
        word if count == total else f"{count} of {total} {word}" for word, count in counts.items()
    )


def diverged(arm: PlannedArm) -> set[int]:
    """Its seeds that did."""
    return {trial.seed for trial in arm.replicates if trial.state == "diverged"}


def qualities(plan: Plan) -> list[str]:
    """The columns that trials measure."""
    return [name for name in dict.fromkeys(plan.study.columns) if METRICS[name].kind == "quality"]

"""States of an arm's trials as text."""

from collections import Counter

from study.plan.plan import Plan
from study.tasks.arms import PlannedArm

STATE_LABELS = {"diverged": "diverged", "failed": "failed", "running": "running"}


def state(arm: PlannedArm) -> str:
    """The unfinished trials of an arm, such as "1 of 3 diverged"; "" if all have a result."""
    total = len(arm.replicates)  # without the A/A arm's trials
    counts = Counter(
        STATE_LABELS.get(t.state, "missing") for t in arm.replicates if t.state != "completed"
    )
    return ", ".join(
        word if count == total else f"{count} of {total} {word}" for word, count in counts.items()
    )


def qualities(plan: Plan) -> list[str]:
    """The study's columns that are qualities, without repetition."""
    columns = dict.fromkeys(plan.study.columns)
    return [name for name in columns if plan.catalogue[name].kind == "quality"]


def drawn_qualities(plan: Plan) -> list[str]:
    """The study's columns that are qualities, then the other qualities of its catalogue."""
    others = (name for name, metric in plan.catalogue.items() if metric.kind == "quality")
    return list(dict.fromkeys([*qualities(plan), *others]))


def costs(plan: Plan) -> list[str]:
    """The study's columns that are costs: multiply-adds first, then in the order of the file."""
    columns = dict.fromkeys(plan.study.columns)
    names = [name for name in columns if plan.catalogue[name].kind == "cost"]
    return sorted(names, key=lambda name: not name.startswith("macs"))

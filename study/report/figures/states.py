"""States of an arm's trials as text."""

from collections import Counter

from study.tasks.arms import PlannedArm

NAMED = ("diverged", "failed", "running")  # states; trials in any other are missing


def state(arm: PlannedArm) -> str:
    """The unfinished trials of an arm, such as "1 of 3 diverged"; "" if all have a result."""
    total = len(arm.replicates)  # without the A/A arm's trials
    counts = Counter(
        t.state if t.state in NAMED else "missing" for t in arm.replicates if t.state != "completed"
    )
    return ", ".join(
        word if count == total else f"{count} of {total} {word}" for word, count in counts.items()
    )

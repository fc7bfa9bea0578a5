"""Notes on results that are equal to the last bit: a seed or a level that has no effect."""

from collections.abc import Iterator, Sequence

from study.store.store import Store
from study.tasks.arms import PlannedArm, ending_of
from study.tasks.program.metrics import USAGE

Values = dict[int, dict[str, float | None]]
"""The declared metrics of completed trials by seed."""


def notes(arms: Sequence[PlannedArm], store: Store) -> Iterator[str]:
    """A note on every arm whose seeds change nothing, and on every one equal to the baseline."""
    values = [_values(arm, store) for arm in arms]
    for arm, own in zip(arms, values, strict=True):
        if len(own) > 1 and _equal(list(own.values())):
            yield (
                f"{arm.label}: the results of {len(own)} seeds are equal to the last digit: "
                "the seed does nothing"
            )
    for arm, own in zip(arms[1:], values[1:], strict=True):
        # At every shared seed, since a coarse metric may be equal once.
        shared = own.keys() & values[0].keys()
        if shared and all(_equal([own[seed], values[0][seed]]) for seed in shared):
            once = len(shared) == 1
            seeds = "at one seed" if once else f"at each of {len(shared)} seeds"
            yield (
                f"{arm.label}: its results are equal to the baseline's to the last digit "
                f"{seeds}: this level {'may do' if once else 'does'} nothing"
            )


def _values(arm: PlannedArm, store: Store) -> Values:
    # Trials that diverged have no values, which says nothing of their seeds.
    completed = [t for t in arm.replicates if t.state == "completed"]
    results = {t.seed: ending_of(t, store) for t in completed}
    return {
        # Times differ between any two runs, and say nothing of what was computed.
        seed: {name: value for name, value in result.metrics.items() if name not in USAGE}
        for seed, result in results.items()
        if result is not None
    }


def _equal(rows: list[dict[str, float | None]]) -> bool:
    return all(row == rows[0] for row in rows) and bool(rows[0])

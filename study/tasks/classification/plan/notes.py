"""Notes on arms and their results: what was not audited, and what has changed since."""

from collections.abc import Iterable, Iterator, Sequence

from study.spec.study import Study
from study.store.store import Store
from study.tasks.arms import PlannedArm, ResolvedArm
from study.tasks.classification.config import config_of
from study.tasks.classification.plan import image_changes


def unaudited(planned: Sequence[ResolvedArm]) -> Iterator[str]:
    """A note on the arms whose costs no second counter has confirmed."""
    if count := sum(not arm.cost_record.audited for arm in planned):
        yield (
            f"{len(planned) - count} of {len(planned)} arms are audited (three counters, "
            "output shapes, gradients, levels without effect); one counter counted the others: "
            "study plan FILE --audit all audits them too"
        )


def partly_fast(study: Study, planned: Sequence[ResolvedArm]) -> Iterator[str]:
    """A note on arms of the fast path whose modules `replace` swaps: they have less of its gain."""
    timed = study.timing.path != "plain"
    labels = [
        arm.label
        for arm in planned
        if config_of(arm.arm).arguments.get("replace")
        and (timed or config_of(arm.arm).recipe.fast_path)
    ]
    if labels:
        yield (
            "the fast path leaves blocks in which `replace` swaps a module as they are; these arms "
            f"have less of its gain: {', '.join(labels)}"
        )


def images(planned: Sequence[PlannedArm], store: Store) -> Iterator[str]:
    """Notes on results and unfinished trials whose images have changed since."""
    yield from image_changes.changes(_results(planned, done=True), store)
    yield from image_changes.interrupted(_results(planned, done=False), store)


def _results(planned: Iterable[PlannedArm], *, done: bool) -> Iterator[image_changes.ImagesOfTrial]:
    """The finished or the unfinished trials, with the fingerprints of their images."""
    some = ((arm, trial) for arm in planned for trial in arm.trials if trial.done == done)
    return (
        image_changes.ImagesOfTrial(t.name, a.label, config_of(a.arm).data, t.images)
        for a, t in some
    )

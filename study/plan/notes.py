"""Notes of a plan on its arms and their results; none of them is a mistake."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from study.plan import image_changes
from study.plan.plan import PlannedArm
from study.store.records import ModelConfig, TrialConfig
from study.store.store import Store


def unaudited(planned: Sequence[PlannedArm]) -> Iterator[str]:
    """A note on the arms whose costs no second counter has confirmed."""
    if count := sum(not arm.cost_record.audited for arm in planned):
        yield (
            f"{len(planned) - count} of {len(planned)} arms are audited (three counters, "
            "output shapes, gradients, levels without effect); one counter counted the others: "
            "study plan FILE --audit all audits them too"
        )


def stale(planned: Iterable[PlannedArm], store: Store) -> Iterator[str]:
    """A note for each arm with results that earlier plugin code computed."""
    own = {
        arm.label: _anonymous(arm.config) for arm in planned if arm.config.model.code is not None
    }
    trials = {arm.label: {trial.name for trial in arm.trials} for arm in planned}
    results = ((name, store.result(name)) for name in (store.results() if own else ()))
    stored = {name: result.config for name, result in results if result}
    for label, config in own.items():
        # The digest of the user's code is part of a trial's name, so earlier code has other names.
        names = {name for name, other in stored.items() if _anonymous(other) == config}
        if old := names - trials[label]:
            count = "1 stored result is" if len(old) == 1 else f"{len(old)} stored results are"
            yield f"{label}: {count} stale, computed by other code than today's"


def code(planned: Iterable[PlannedArm]) -> Iterator[str]:
    """A note if the results were computed by different states of the code."""
    # Results of early versions have no digest of the code and are not compared.
    codes = Counter(t.code for arm in planned for t in arm.trials if t.done and t.code)
    if len(codes) > 1:
        counts = ", ".join(str(count) for _, count in codes.most_common())
        yield (
            f"the results come from {len(codes)} states of the code that computes them "
            f"({counts} trials); each result.json names its commit"
        )


def images(planned: Sequence[PlannedArm], store: Store) -> Iterator[str]:
    """Notes on results and unfinished trials whose images have changed since."""
    yield from image_changes.changes(_results(planned, done=True), store)
    yield from image_changes.interrupted(_results(planned, done=False), store)


def _results(planned: Iterable[PlannedArm], *, done: bool) -> Iterator[image_changes.ImagesOfTrial]:
    """The finished or the unfinished trials, with the fingerprints of their images."""
    some = ((arm, trial) for arm in planned for trial in arm.trials if trial.done == done)
    return (
        image_changes.ImagesOfTrial(t.name, a.label, a.arm.config.data, t.images) for a, t in some
    )


def _anonymous(config: TrialConfig) -> TrialConfig:
    """A configuration without the digests of plugin code."""
    model = ModelConfig(name=config.model.name, arguments=config.model.arguments)
    return TrialConfig(model=model, data=config.data, recipe=config.recipe)

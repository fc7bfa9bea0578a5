"""Notes of a plan on its results; none of them is a mistake."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from study.store.records import TrialConfig
from study.store.store import Store
from study.tasks.arms import PlannedArm


def stale(
    planned: Sequence[PlannedArm], store: Store, beside: Sequence[PlannedArm] = ()
) -> Iterator[str]:
    """A note for each arm with results that earlier plugin code computed.

    Those `beside` are proposals, which may have the configuration of an arm under another name.
    """
    own = {
        arm.label: _anonymous(arm.config)
        for arm in planned
        if any(map(_is_code, arm.config.values))
    }
    today = {trial.name for arm in [*planned, *beside] for trial in arm.trials}
    results = ((name, store.result(name)) for name in (store.results() if own else ()))
    stored = {name: result.config for name, result in results if result}
    for label, config in own.items():
        # The digest of the user's code is part of a trial's name, so earlier code has other names.
        names = {name for name, other in stored.items() if _anonymous(other) == config}
        if old := names - today:
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


def _anonymous(config: TrialConfig) -> dict[str, object]:
    """The values of a configuration, of plugins their names without the digests of their code."""
    return {key: _names(value) if _is_code(key) else value for key, value in config.values.items()}


def _is_code(key: str) -> bool:
    """True for a model's own `code`, and for the code of training and evaluation."""
    return key.endswith(".code") or key.startswith("code.")


def _names(digests: object) -> object:
    return sorted(digests) if isinstance(digests, dict) else ""

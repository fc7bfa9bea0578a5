"""Notes of a plan on its results; none of them is a mistake."""

from collections import Counter
from collections.abc import Iterable, Iterator

from study.spec.tuning import Values
from study.store.store import Store
from study.tasks.arms import PlannedArm


def stale(planned: Iterable[PlannedArm], store: Store) -> Iterator[str]:
    """A note for each arm with results that earlier plugin code computed."""
    own = {arm.label: arm.config.values for arm in planned if any(map(_is_code, arm.config.values))}
    results = ((name, store.result(name)) for name in (store.results() if own else ()))
    stored = [result.config.values for _, result in results if result]
    for label, values in own.items():
        # Not by names: a proposal of the same values and the same code may have another one.
        others = [other for other in stored if _anonymous(other) == _anonymous(values)]
        if old := sum(_codes(other) != _codes(values) for other in others):
            count = "1 stored result is" if old == 1 else f"{old} stored results are"
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


def _anonymous(values: Values) -> dict[str, object]:
    """The values of a configuration, of plugins their names without the digests of their code."""
    return {key: _names(value) if _is_code(key) else value for key, value in values.items()}


def _codes(values: Values) -> dict[str, object]:
    """The digests of the code of plugins in a configuration."""
    return {key: value for key, value in values.items() if _is_code(key)}


def _is_code(key: str) -> bool:
    """True for a model's own `code`, and for the code of training and evaluation."""
    return key.endswith(".code") or key.startswith("code.")


def _names(digests: object) -> object:
    return sorted(digests) if isinstance(digests, dict) else ""

"""Notes of a plan on its results; none of them is a mistake."""

from collections import Counter
from collections.abc import Container, Iterable, Iterator

from study.store.records import TrialConfig
from study.store.store import Store
from study.tasks.arms import PlannedArm
from study.tune.tuning import Tuning


def stale(planned: Iterable[PlannedArm], tuning: Tuning | None, store: Store) -> Iterator[str]:
    """A note for each arm with results that earlier plugin code computed, those of tuning too."""
    own = {arm.label: arm.config for arm in planned if _code_of(arm.config)}
    results = ((name, store.result(name)) for name in (store.results() if own else ()))
    stored = [result.config for _, result in results if result]
    for label, config in own.items():
        if old := sum(_is_earlier(other, config) for other in stored):
            count = "1 stored result is" if old == 1 else f"{old} stored results are"
            yield f"{label}: {count} stale, computed by other code than today's"
    for row in tuning.arms if tuning else ():
        first = row.proposals[0].arm
        # By what all proposals of an arm share: earlier code may have led to other values.
        if first and (old := sum(_is_earlier(c, first.config, row.rules.space) for c in stored)):
            count = "1 stored result" if old == 1 else f"{old} stored results"
            yield f"{row.arm.label}: {count} of tuning from other code than today's count no longer"


def _is_earlier(stored: TrialConfig, today: TrialConfig, apart: Container[str] = ()) -> bool:
    """True for a configuration that differs in code alone, and in the values at paths `apart`."""
    if _code_of(stored) == _code_of(today):
        return False
    both = [_anonymous(config) for config in (stored, today)]
    first, second = ({k: v for k, v in own.items() if k not in apart} for own in both)
    return first == second


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


def _code_of(config: TrialConfig) -> dict[str, object]:
    return {key: value for key, value in config.values.items() if _is_code(key)}


def _is_code(key: str) -> bool:
    """True for a model's own `code`, and for the code of training and evaluation."""
    return key.endswith(".code") or key.startswith("code.")


def _names(digests: object) -> object:
    return sorted(digests) if isinstance(digests, dict) else ""

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
    stored = Earlier(store) if own else None
    for label, config in own.items():
        if stored and (old := stored.results(config)):
            count = "1 stored result is" if old == 1 else f"{old} stored results are"
            yield f"{label}: {count} stale, computed by other code than today's"
    for row in tuning.arms if tuning else ():
        first = row.proposals[0].arm
        # By what all proposals of an arm share: earlier code may have led to other values.
        if stored and first and (old := stored.results(first.config, apart=row.rules.space)):
            count = "1 stored result" if old == 1 else f"{old} stored results"
            yield f"{row.arm.label}: {count} of tuning from other code than today's count no longer"


class Earlier:
    """The results of a store by what they computed, whatever code that was."""

    def __init__(self, store: Store) -> None:
        self._store, self._stored = store, store.configurations()
        self._by_values = dict[frozenset[str], dict[object, list[int]]]()

    def results(self, today: TrialConfig, apart: Iterable[str] = ()) -> int:
        """The number of results that differ in code, and in the values at paths `apart` alone."""
        paths, code = frozenset(apart), _code_of(today)
        # Grouped once: one look at every result for each arm would take minutes at 100,000.
        if paths not in self._by_values:
            groups = self._by_values.setdefault(paths, {})
            for number, (config, _) in enumerate(self._stored):
                groups.setdefault(_anonymous(config, paths), []).append(number)
        alike = self._by_values[paths].get(_anonymous(today, paths), ())
        earlier = [number for number in alike if _code_of(self._stored[number][0]) != code]
        # An index knew these, and their results may be gone.
        return sum(len(self._store.endings(self._stored[number][1])) for number in earlier)


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


def _anonymous(config: TrialConfig, apart: Container[str]) -> object:
    """The values of a configuration, of plugins their names without the digests of their code."""
    values = {k: v for k, v in config.values.items() if k not in apart}
    return _frozen({key: _names(v) if _is_code(key) else v for key, v in values.items()})


def _frozen(value: object) -> object:
    """A value that is equal to others as `value` is, and can be the key of a dictionary."""
    if isinstance(value, dict):
        return frozenset((key, _frozen(item)) for key, item in value.items())
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def _code_of(config: TrialConfig) -> dict[str, object]:
    return {key: value for key, value in config.values.items() if _is_code(key)}


def _is_code(key: str) -> bool:
    """True for a model's own `code`, and for the code of training and evaluation."""
    return key.endswith(".code") or key.startswith("code.")


def _names(digests: object) -> object:
    return sorted(digests) if isinstance(digests, dict) else ""

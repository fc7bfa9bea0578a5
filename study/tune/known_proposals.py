"""Proposals that were made before, kept in the store: optuna takes seconds to make hundreds again.

Each is kept under a digest of everything that it follows from: the space, the sampler and its seed,
and all that was proposed and told before. So none is of another history, and deleted they are made
again.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from importlib.metadata import version

from study.errors import StoreError
from study.spec.tuning import Categories, Dimension, SpaceRules, Values, written
from study.store.frozen import Frozen
from study.store.provenance import digest
from study.store.store import Store
from study.tune.proposals import Proposals, encoded

SHELF = "arms"
LIBRARIES = ("optuna", "numpy", "scipy")
"""Another version may propose something else."""


class KeptProposals(Frozen):
    """Proposals as optuna has them, by the digest of what was proposed and told before."""

    params: dict[str, dict[str, object]]


class KnownProposals:
    """The same as `Proposals`, which is asked only for what the store lacks."""

    def __init__(
        self,
        rules: SpaceRules,
        *,
        higher: Sequence[bool],
        first: Values | None,
        store: Store,
        owner: str,
    ) -> None:
        """`owner` is the digest of the arm whose proposals they are."""
        self._rules, self._store = rules, store
        self._begin = partial(Proposals, rules, higher=higher, first=first)
        how = [dict(rules.space), rules.sampler, rules.seed, [*higher], first]
        self._head = self._key = digest([owner, repr(how), *map(version, LIBRARIES)])
        stored = store.record(SHELF, self._key, KeptProposals)
        self._known = stored.params if stored else {}
        self._params = dict[str, dict[str, object]]()
        self._source: Proposals | None = None
        self._events = list[Callable[[Proposals], object]]()

    def ask(self, *, at_random: bool = False) -> Values:
        """The next proposal, as `Proposals.ask`."""
        if at_random:
            self._head = digest([self._head, "at random"])
        values = None if self._source else self._looked_up()
        if values is None:
            values = self._of_optuna().ask(at_random=at_random)
        elif self._source is None:
            self._events.append(lambda source: source.ask(at_random=at_random))
        params = encoded(self._rules, values) if values else {}
        self._params[self._head] = params
        self._head = digest([self._head, params])
        return values

    def refuse(self, excess: Mapping[str, float]) -> None:
        """Tell by how much the last proposal breaks each constraint."""
        self._tell(lambda source: source.refuse(excess), dict(excess))

    def tell(self, objectives: Sequence[Sequence[float] | None]) -> None:
        """The objectives of the proposals since the last call, in their order."""
        rows = [None if row is None else [*row] for row in objectives]
        self._tell(lambda source: source.tell(rows), rows)

    def keep(self) -> None:
        """Keep all proposals so far in the store, if some are new."""
        if self._source is not None:
            with suppress(OSError, StoreError):  # it may be read-only
                self._store.keep(SHELF, self._key, KeptProposals(params=self._params))

    def _tell(self, event: Callable[[Proposals], object], content: object) -> None:
        if self._source is None:
            self._events.append(event)
        else:
            event(self._source)
        self._head = digest([self._head, content])

    def _of_optuna(self) -> Proposals:
        """Optuna's own proposals, after all that was asked and told so far."""
        if self._source is None:
            self._source = self._begin()
            for event in self._events:
                event(self._source)
        return self._source

    def _looked_up(self) -> Values | None:
        """The proposal that the store has; None without one, or with one outside the space."""
        params = self._known.get(self._head)
        if params is None:
            return None
        if not params:
            return {}  # the first, which has the file's values
        values = {
            path: value
            for path, space in self._rules.space.items()
            for value in _inside(space, params.get(path))
        }
        return values if values.keys() == self._rules.space.keys() else None


def _inside(space: Dimension, param: object) -> Iterator[object]:
    """The value of a space that optuna has as `param`, if there is one."""
    if isinstance(space, Categories):
        yield from (value for value in space.values if written(value) == param)
    elif space.has(param):
        yield param

"""The costs of a study's arms: looked up or counted once per plan, new ones in parallel.

An audit of an arm (three counters, output shapes, gradients, the effect of its levels) takes about
0.3 s of one core for a small model. A study of more arms than `AUDITED` is audited by a sample, and
its other arms are counted by one counter, which takes about 0.01 s for ResT and PVT. Memory: an
audit on the meta device needs none for tensors; outputs are compared with one model in memory.
"""

import multiprocessing
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from typing import TypeVar

from study.errors import StudyError
from study.spec.study import Arm
from study.store.processes import cores, end_with_parent
from study.store.provenance import digest
from study.store.store import Store
from study.tasks.classification.config import Config, config_of
from study.tasks.classification.plan import arm_cost
from study.tasks.classification.records import Alike, ModelCost

AUDITED = 24
"""Arms up to which all are audited."""

SAMPLE = 16
"""Arms that are audited of more than that: about 3 s of two cores, beside 4 s for 1,000 others."""

FEW = 6  # new arms from which other processes are worth their start
PROCESSES = 8  # at most
MEMORY = 4e9  # bytes for the models of all processes, twice over: weights and their gradients

Item = TypeVar("Item")
Task = tuple[Config, Store, bool]
"""A configuration to count, the store that keeps its cost, and True to audit it."""


def sample(arms: Sequence[Arm]) -> list[Arm]:
    """The arms to audit: all if they are few, else the baseline, single levels, and some others.

    An arm that differs in one level shows what the level does; the rest lie evenly in the design.
    """
    if len(arms) <= AUDITED:
        return list(arms)
    first = [arm for arm in arms if len(arm.changed_factors) <= 1]
    rest = [arm for arm in arms if len(arm.changed_factors) > 1]
    chosen = evenly(first, SAMPLE)
    return [*chosen, *evenly(rest, SAMPLE - len(chosen))]


def evenly(items: Sequence[Item], size: int) -> list[Item]:
    """At most `size` items at even distances, the first among them."""
    count = min(size, len(items))
    return [items[number * len(items) // count] for number in range(count)]


class CostRecords:
    """The costs of arms, from the store or counted when they are first asked for."""

    def __init__(self, store: Store, audited: Sequence[Arm]) -> None:
        self.store = store
        self._audited = {arm.choices for arm in audited}
        self._records: dict[str, ModelCost] = {}
        self._keys: dict[int, tuple[Config, str]] = {}

    def prepare(self, arms: Sequence[Arm], tell: Callable[[str], None]) -> None:
        """Count new arms in parallel; errors are left to `of`, which raises them again."""
        new = [arm for arm in arms if self._is_new(arm)]
        if not new:
            return
        audits = sum(map(self.audits, new))
        tell(f"counting {len(new)} new arms, auditing {audits} of them ...")
        # Elsewhere a fork is not safe beside the threads of system libraries.
        if len(new) < FEW or cores() < 2 or sys.platform != "linux":
            return
        # Audits first: they take longest, so none is left over at the end.
        new.sort(key=self.audits, reverse=True)
        from study import models  # noqa: F401 - before the fork, so that no child imports torch

        baseline, *others = sorted(new, key=lambda arm: arm is not arms[0])
        # A child that was killed, for want of memory say, leaves its arms to `of`.
        with suppress(StudyError, BrokenExecutor):
            # In a child too: where there is a GPU, a backward pass of this process would forbid
            # every later child to run one.
            self._count([baseline], 1)
            size = 8 * float(self.of(config_of(arms[0])).cost.get("params") or 1)
            self._count(others, min(cores(), PROCESSES, max(1, int(MEMORY / size))))

    def _count(self, arms: Sequence[Arm], processes: int) -> None:
        tasks = [(config_of(arm), self.store, self.audits(arm)) for arm in arms]
        with _pool(processes) as pool:
            # One by one, so that an interrupt waits for no arm that has not begun.
            deque(pool.map(_count, tasks), maxlen=0)

    def _is_new(self, arm: Arm) -> bool:
        """True for an arm that has to be counted; an error is left to `of` too."""
        with suppress(StudyError):
            key = self._key(config_of(arm))
            known = arm_cost.stored(key, self.store, audited=self.audits(arm))
            if known and not known.impossible:
                self._records[key] = known
            return known is None
        return False

    def audits(self, arm: Arm) -> bool:
        """True for an arm that is audited."""
        return arm.choices in self._audited

    def of(self, config: Config, *, audited: bool = False) -> ModelCost:
        """The cost of an arm; raises as `arm_cost.arm_cost` does."""
        key = self._key(config)
        known = self._records.get(key)
        if known is None or (audited and not known.audited):
            known = arm_cost.arm_cost(config, self.store, audited=audited)
            self._records[key] = known
        return known

    def same_model(self, left: Config, right: Config) -> bool:
        """True for models of equal cost, to the last count, and equal outputs at equal weights."""
        if self.of(left).cost != self.of(right).cost:
            return False
        first, second = self.of(left, audited=True), self.of(right, audited=True)
        if first.weights != second.weights:
            return False
        if (first.cost, first.counts, first.shape) != (second.cost, second.counts, second.shape):
            return False
        # Sorted, because equality has no direction.
        name = digest(["alike", *sorted(map(self._key, (left, right)))])
        answer = self.store.record("arms", name, Alike)
        if answer is None:
            answer = Alike(alike=arm_cost.outputs_alike(left, right, first.shape))
            self.store.keep("arms", name, answer)
        return answer.alike

    def _key(self, config: Config) -> str:
        # By identity, as arms are asked for often; the configuration is kept, so no id is reused.
        known = self._keys.get(id(config))
        if known is None:
            known = self._keys[id(config)] = config, arm_cost.key(config, self.store)
        return known[1]


@contextmanager
def _pool(processes: int) -> Iterator[Executor]:
    """Forked processes, which have torch already; an error or interrupt kills them."""
    others = {*multiprocessing.active_children()}
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_prepared) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for child in {*multiprocessing.active_children()} - others:
                child.kill()
            raise


def _prepared() -> None:
    import torch

    # Else it would wait for tasks for ever once the plan is killed: it holds the pipe open itself.
    end_with_parent(signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the plan is interrupted, and ends it
    torch.set_num_threads(1)  # OpenMP's threads did not survive the fork; waiting for them hangs


def _count(task: Task) -> None:
    config, store, audited = task
    # Errors of any kind, also of the user's code, are raised again where the plan asks for the arm.
    with suppress(BaseException):
        cost = arm_cost.counted(config, arm_cost.shape_of(config.data, store), audited=audited)
        # Gradients that could not be looked at here may be in the plan's own process.
        if not (cost.audited and cost.unreached is None):
            store.keep("arms", arm_cost.key(config, store), cost)

"""The cost of a program's model: built and counted once, and kept in the store.

It is kept under a digest of the function, all arguments and variables, the files of code, the small
files of inputs, the packages that code imports, and the code that counts.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, cast

from study.errors import BuildError, MetricError
from study.store.provenance import CHANGE_NO_NUMBER, code_behind, digest
from study.store.store import Store
from study.tasks.program import code
from study.tasks.program.baseline import ProgramConfig
from study.tasks.program.model import packages
from study.tasks.program.records import ProgramCost, SameModel

if TYPE_CHECKING:
    from study.tasks.program.model.factory import Factory, Size

OUTSIDE_COUNTING = (
    *CHANGE_NO_NUMBER,
    "study.spec",  # what it says of an arm is part of the key
    "study.tasks.arms",
    "study.models.__init__",  # our models: only the comparison of two is used here
    "study.tasks.program.baseline",
    "study.tasks.program.code",
    "study.tasks.program.records",
)
"""Modules whose change leaves the cost of a model as it is."""
TINY = 64  # pixels a side; large enough for most switches to change the output


def model_cost(config: ProgramConfig, store: Store, *, audited: bool) -> ProgramCost:
    """The cost of an arm's model, from the store or counted now; unless `audited`, by one counter.

    Raises:
        BuildError: the model cannot be built.
        SizeError: it takes no such input.
    """
    name = key(config)
    cost = store.record("arms", name, ProgramCost)
    if cost is None or (audited and not cost.audited):
        cost = _counted(config, audited=audited)
        store.keep("arms", name, cost)
    return cost


def same_model(left: ProgramConfig, right: ProgramConfig, store: Store) -> bool:
    """True for models of equal cost, to the last count, and equal outputs at equal weights."""
    first, second = (model_cost(config, store, audited=True) for config in (left, right))
    if (first.cost, first.counts) != (second.cost, second.counts):
        return False
    # Sorted, because equality has no direction.
    name = digest(["same model", *sorted(map(key, (left, right)))])
    answer = store.record("arms", name, SameModel)
    if answer is None:
        answer = SameModel(same=_outputs_alike(left, right))
        store.keep("arms", name, answer)
    return answer.same


def size_of(config: ProgramConfig) -> "Size":
    """The shape of an input: channels, height, width."""
    return cast("Size", tuple(config.keys.input or ()))


@contextmanager
def opened(config: ProgramConfig) -> "Iterator[Factory]":
    """The function of an arm's model, from copies of its files that are removed at the end."""
    from study.tasks.program.model.factory import Factory

    # Copies, since a trial has no other file either.
    with TemporaryDirectory(prefix="study-") as name:
        folder = Path(name).resolve()
        code.copy_files(config.root, config.code, folder)
        code.link(config.root, config.keys.inputs, folder)
        yield Factory(folder, str(config.keys.model), config.keys.args, env=config.env)


def key(config: ProgramConfig) -> str:
    """The key of the cost of an arm's model in the store."""
    keys = config.keys
    texts = [code.content(config.root / file) for file in config.code if file.endswith(".py")]
    called = [keys.model, keys.input, dict(keys.args), dict(config.env)]
    files = [dict(config.code), dict(config.inputs)]
    return digest(["program", *called, *files, packages.versions(tuple(texts)), _counting()])


def _counted(config: ProgramConfig, *, audited: bool) -> ProgramCost:
    from study.metrics.cost import REFUSALS, cost, cost_by_one_counter
    from study.models import equivalence

    size = size_of(config)
    with opened(config) as factory:
        factory.refuse_input(size)
        params = sum(weight.numel() for weight in factory.build("meta").parameters())
        known = ProgramCost(cost={"params": params}, named=factory.named, audited=audited)
        with factory.used():
            try:
                result = None
                if not audited:
                    with suppress(MetricError, *REFUSALS):
                        result = cost_by_one_counter(factory.build("meta"), size)
                result = result or cost(factory.build, size)
            except MetricError as error:
                return known.model_copy(update={"refused": str(error)})
            trained = audited and params > 0
            unreached = equivalence.unreached(factory.build, size) if trained else None
        return known.model_copy(
            update={
                "cost": result.measurements,
                "counts": result.counts,
                "stages": result.stages,
                "unreached": unreached,
            }
        )


def _outputs_alike(left: ProgramConfig, right: ProgramConfig) -> bool:
    """Compare outputs at a tiny input, which is quick, and at the real one if they agree."""
    from study.models import equivalence

    size = size_of(left)
    alike = False
    with opened(left) as first, opened(right) as second:
        for sides in dict.fromkeys([tuple(min(TINY, side) for side in size), size]):
            # Too small, or not in double precision: then nothing is known at this size.
            with suppress(BuildError), first.used():
                alike = equivalence.equivalent(first.build, second.build, cast("Size", sides))
                if not alike:
                    return False
    return alike


@cache
def _counting() -> str:
    """The digest of the code that counts."""
    return code_behind(__name__, ignoring=OUTSIDE_COUNTING)

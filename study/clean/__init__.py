"""What a store no longer needs, in groups, and how it is removed.

Nothing is removed on a guess: what cannot be known to be nobody's is somebody's. A trial's folder
is claimed as a worker would claim it, renamed, then deleted: it is whole, or gone.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from study.clean import groups, removal
from study.clean.groups import Item
from study.clean.needs import Job, Needs, jobs, superseded
from study.store import Store
from study.trial_folder import CHECKPOINT

__all__ = ["CHECKPOINT", "GROUPS", "Item", "Job", "Needs", "found", "jobs", "remove", "superseded"]


def found(store: Store, names: Iterable[str], needs: Needs) -> dict[str, list[Item]]:
    """What goes of each group; what lies in something that goes is not told again."""
    items = {name: list(GROUPS[name].find(store, needs)) for name in GROUPS if name in names}
    whole = {item.path for some in items.values() for item in some if not item.keep}
    return {
        name: [item for item in some if not whole & set(item.path.parents)]
        for name, some in items.items()
    }


def remove(group: str, item: Item) -> bool:
    """Whether it was removed: somebody may be at work on it by now.

    Raises:
        StoreError: the store cannot be written.
    """
    return removal.removed(item, GROUPS[group].remove)


class Group(NamedTuple):
    find: Callable[[Store, Needs], Iterator[Item]]
    remove: Callable[[Item], bool]
    thing: str
    why: str
    lost: str
    """What is no more afterwards."""


GROUPS = {
    "trials": Group(
        groups.trials,
        removal.trial,
        thing="trial",
        why="no study and no run refers to them",
        lost="their results",
    ),
    "checkpoints": Group(
        groups.checkpoints,
        removal.checkpoint,
        thing="file of weights",
        why="their trials are done",
        lost="study eval TRIAL, and columns such as top1@96 that are asked for later",
    ),
    "jobs": Group(
        groups.spent,
        removal.plain,
        thing="job folder",
        why="nobody works on them",
        lost="what their workers printed",
    ),
    "leftovers": Group(
        groups.leftovers,
        removal.plain,
        thing="file",
        why="killed writers left them, or they were set aside as no results",
        lost="nothing that counts",
    ),
}

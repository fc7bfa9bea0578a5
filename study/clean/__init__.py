"""Removal of stored files that no study uses, in groups.

Nothing is removed on a guess: a file counts as used unless it is certain that no study uses it. A
trial's folder is claimed as a worker claims it, renamed, then deleted: it is complete or absent.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from study.clean import groups, removal
from study.clean.groups import Item
from study.clean.needed import JobFolder, Needs, jobs, superseded
from study.store.store import Store
from study.store.trial_folder import CHECKPOINT

__all__ = [
    "CHECKPOINT",
    "GROUPS",
    "Item",
    "JobFolder",
    "Needs",
    "jobs",
    "removable",
    "remove",
    "superseded",
]


def removable(store: Store, names: Iterable[str], needs: Needs) -> dict[str, list[Item]]:
    """The items to remove by group, without those inside a folder that is itself removed."""
    items = {name: list(GROUPS[name].find(store, needs)) for name in GROUPS if name in names}
    # A folder that keeps some of its files is not removed, so what is inside stays listed.
    folders = {item.path for group in items.values() for item in group if not item.keep}
    return {
        name: [item for item in group if not folders & set(item.path.parents)]
        for name, group in items.items()
    }


def remove(group: str, item: Item) -> bool:
    """Removes an item; false if a worker has claimed it in the meantime.

    Raises:
        StoreError: the store cannot be written.
    """
    return removal.removed(item, GROUPS[group].remove)


class CleanupGroup(NamedTuple):
    """One kind of item: its search, its removal, and the texts that describe it."""

    find: Callable[[Store, Needs], Iterator[Item]]
    remove: Callable[[Item], bool]
    thing: str
    why: str
    lost: str
    """The information that is gone afterwards."""


GROUPS = {
    "trials": CleanupGroup(
        groups.trials,
        removal.trial,
        thing="trial",
        why="no study and no run refers to them",
        lost="their results",
    ),
    "checkpoints": CleanupGroup(
        groups.checkpoints,
        removal.checkpoint,
        thing="file of weights",
        why="their trials are done",
        lost="study eval TRIAL, and columns such as top1@96 if added later",
    ),
    "jobs": CleanupGroup(
        groups.finished_jobs,
        removal.plain,
        thing="job folder",
        why="no worker uses them",
        lost="what their workers printed",
    ),
    "leftovers": CleanupGroup(
        groups.leftovers,
        removal.plain,
        thing="file",
        why="interrupted writes, or files set aside because they are no results",
        lost="nothing of value",
    ),
}

"""The processes that run one trial together, as a task sees them; most trials have one."""

from types import TracebackType
from typing import Protocol, Self, TypeVar

Item = TypeVar("Item")


class Group(Protocol):
    """This process among those of a trial. The leader reads, writes and decides for all."""

    @property
    def world(self) -> int:
        """The number of processes."""
        ...

    @property
    def leads(self) -> bool: ...

    @property
    def whole(self) -> bool:
        """True while no process of the group is known to have failed or left."""
        ...

    def on(self, device: str) -> str:
        """The device of this process."""
        ...

    def leaders_item(self, item: Item) -> Item:
        """The leader's item, in every process."""
        ...

    def failed(self, error: Exception) -> str | None:
        """The text of an error after telling it to the others; None if a process was killed."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None: ...


class Alone:
    """A process that shares its trials with no other."""

    world = 1
    leads = True
    whole = True

    def on(self, device: str) -> str:
        return device

    def leaders_item(self, item: Item) -> Item:
        return item

    def failed(self, error: Exception) -> str | None:
        return f"{type(error).__name__}: {error}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        pass

"""The processes that train one trial together."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Group:
    rank: int = 0
    world: int = 1

    @property
    def leads(self) -> bool:
        return self.rank == 0

    def shared(self, content: bytes) -> bytes:
        return content


ALONE = Group()


@contextmanager
def joined(device: str) -> Iterator[Group]:
    yield ALONE

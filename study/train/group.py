"""The processes that train one trial together, and what they tell each other.

They are found by the environment variables of torchrun: RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR,
MASTER_PORT. Who dies closes his connections, which fails whatever the others wait for; who fails
leaves word first, so that the leader can say what went wrong.
"""

import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Any, Self, TypeVar

import torch
from torch import distributed
from torch.distributed.rendezvous import rendezvous

from study.errors import SpecError

Item = TypeVar("Item")
PATIENCE = timedelta(minutes=30)  # for whoever evaluates, or writes, while the others wait
WORDS = timedelta(seconds=20)  # within which all who still live have noticed a failure
VARIABLES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")


@dataclass(frozen=True)
class Group:
    """This process among those of a trial; alone, it costs nothing."""

    rank: int = 0
    world: int = 1
    local: int = 0
    """Its number among those of its machine, and of its GPU."""
    control: Any = None
    """torch's group for messages, over gloo whatever the device."""
    board: Any = None
    """torch's store, which the leader keeps: where words are left."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.leave()

    @property
    def leads(self) -> bool:
        """Whether this process reads, writes, reports and decides for all."""
        return self.rank == 0

    @property
    def whole(self) -> bool:
        """Whether it can train: nobody has failed and nobody has left, as far as is known here."""
        return self.world == 1 or distributed.is_initialized()

    def on(self, device: str) -> str:
        """The device of this process, where each has one of its own."""
        return f"{device}:{self.local}" if self.world > 1 and device == "cuda" else device

    def told(self, number: int) -> int:
        """What the leader says."""
        if self.world == 1:
            return number
        said = torch.tensor([number])
        distributed.broadcast(said, 0, group=self.control)
        return int(said)

    def agreed(self, flag: bool) -> bool:
        """What the leader says."""
        return bool(self.told(int(flag)))

    def handed(self, item: Item) -> Item:
        """What the leader holds: anything that can be pickled."""
        if self.world == 1:
            return item
        box = [item if self.leads else None]
        distributed.broadcast_object_list(box, 0, group=self.control)
        return box[0]  # type: ignore[return-value]

    def gathered(self, item: Item) -> list[Item]:
        """What each holds, in order of rank."""
        if self.world == 1:
            return [item]
        items: list[Any] = [None] * self.world
        distributed.all_gather_object(items, item, group=self.control)
        return items

    def failed(self, error: Exception) -> str | None:
        """Leave after an error, which makes the others fail too: what went wrong first.

        Only the leader is told what the others left word of. None where somebody went without a
        word: he was killed, and the trial is not to blame.
        """
        word = f"{type(error).__name__}: {error}".splitlines()[0][:500]
        if self.world == 1:
            return word
        with suppress(RuntimeError):  # the leader is gone, and the board with him
            if self.board.add("words", 1) == 1:
                self.board.set("first", word if self.leads else f"process {self.rank}: {word}")
            self.board.set(f"word {self.rank}", word)
        self.leave()
        if not self.leads:
            return word
        try:
            self.board.wait([f"word {rank}" for rank in range(self.world)], WORDS)
        except RuntimeError:
            return None
        first: bytes = self.board.get("first")
        return first.decode()

    def leave(self) -> None:
        """Close the connections to the others."""
        if self.world > 1 and distributed.is_initialized():
            distributed.destroy_process_group()


ALONE = Group()


def joined(device: str) -> Group:
    """The group that the environment tells of; waits until all are there.

    Raises:
        SpecError: the environment tells of several processes, but not how to find them.
    """
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        return ALONE
    absent = [name for name in VARIABLES if name not in os.environ]
    if absent:
        raise SpecError(f"WORLD_SIZE is {world}, but {', '.join(absent)} is not set; use torchrun")
    rank, local = int(os.environ["RANK"]), int(os.environ["LOCAL_RANK"])
    cuda = torch.device(device).type == "cuda"
    if cuda:
        torch.cuda.set_device(local)
    board, _, _ = next(rendezvous("env://", timeout=PATIENCE))
    distributed.init_process_group(
        "nccl" if cuda else "gloo", store=board, rank=rank, world_size=world, timeout=PATIENCE
    )
    control = distributed.new_group(backend="gloo", timeout=PATIENCE)
    return Group(rank, world, local, control, board)

"""The distributed processes that train one trial together, and their messages.

They find each other by torchrun's environment variables: RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR,
MASTER_PORT. When a process dies, its connections close and the others' waits fail. A process that
fails leaves a message first, so that the leader can report the cause.
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
TIMEOUT = timedelta(minutes=30)  # while one process evaluates or writes, the others wait
MESSAGE_TIMEOUT = timedelta(seconds=20)  # every live process sees a failure within it
VARIABLES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")


@dataclass(frozen=True)
class ProcessGroup:
    """This process among the processes of a trial; a group of one exchanges nothing."""

    rank: int = 0
    world: int = 1
    local: int = 0
    """The process's number on its machine, which is also the number of its GPU."""
    control: Any = None
    """torch's process group for messages; always gloo, because NCCL only sends GPU tensors."""
    board: Any = None
    """torch's key-value store on the leader, for messages that outlive a failed process."""

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
        """True for the process that reads, writes, reports and decides for all."""
        return self.rank == 0

    @property
    def whole(self) -> bool:
        """True while no process of the group is known to have failed or left."""
        return self.world == 1 or distributed.is_initialized()

    def on(self, device: str) -> str:
        """The device of this process: `cuda` becomes the GPU of its number."""
        return f"{device}:{self.local}" if self.world > 1 and device == "cuda" else device

    def leaders_number(self, number: int) -> int:
        """The leader's `number`, in every process."""
        if self.world == 1:
            return number
        message = torch.tensor([number])
        distributed.broadcast(message, 0, group=self.control)
        return int(message)

    def agreed(self, flag: bool) -> bool:
        """The leader's `flag`, in every process."""
        return bool(self.leaders_number(int(flag)))

    def leaders_item(self, item: Item) -> Item:
        """The leader's `item`, in every process; it must be possible to pickle."""
        if self.world == 1:
            return item
        box = [item if self.leads else None]  # torch replaces the content
        distributed.broadcast_object_list(box, 0, group=self.control)
        return box[0]  # type: ignore[return-value]

    def gathered(self, item: Item) -> list[Item]:
        """The `item` of every process, in order of rank."""
        if self.world == 1:
            return [item]
        items: list[Any] = [None] * self.world
        distributed.all_gather_object(items, item, group=self.control)
        return items

    def failed(self, error: Exception) -> str | None:
        """Leave the group after an error, so that the others fail too; return the first error.

        The leader returns the first error of any process, the others their own. The leader returns
        None if a process left no message: it was killed, and the trial is not the cause.
        """
        message = f"{type(error).__name__}: {error}".splitlines()[0][:500]
        if self.world == 1:
            return message
        with suppress(RuntimeError):  # the leader is gone, and the store with it
            # The store adds in one step, so exactly one process is the first.
            if self.board.add("messages", 1) == 1:
                first_message = message if self.leads else f"process {self.rank}: {message}"
                self.board.set("first", first_message)
            self.board.set(f"message {self.rank}", message)
        self.leave()
        if not self.leads:
            return message
        try:
            keys = [f"message {rank}" for rank in range(self.world)]
            # A process that was killed leaves no message, and the wait ends with an error.
            self.board.wait(keys, MESSAGE_TIMEOUT)
        except RuntimeError:
            return None
        first: bytes = self.board.get("first")
        return first.decode()

    def leave(self) -> None:
        """Close the connections to the other processes."""
        if self.world > 1 and distributed.is_initialized():
            distributed.destroy_process_group()


ALONE = ProcessGroup()


def joined(device: str) -> ProcessGroup:
    """The group that torchrun's environment variables describe; waits until all have joined.

    Raises:
        SpecError: there are several processes, but a variable to find them is not set.
    """
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        return ALONE
    unset = [name for name in VARIABLES if name not in os.environ]
    if unset:
        raise SpecError(f"WORLD_SIZE is {world}, but {', '.join(unset)} is not set; use torchrun")
    rank, local = int(os.environ["RANK"]), int(os.environ["LOCAL_RANK"])
    cuda = torch.device(device).type == "cuda"
    if cuda:
        # NCCL sends from the current device, and every process has one of its own.
        torch.cuda.set_device(local)
    # Made here rather than by torch, because messages go through the same store.
    board, _, _ = next(rendezvous("env://", timeout=TIMEOUT))
    distributed.init_process_group(
        "nccl" if cuda else "gloo", store=board, rank=rank, world_size=world, timeout=TIMEOUT
    )
    control = distributed.new_group(backend="gloo", timeout=TIMEOUT)
    return ProcessGroup(rank, world, local, control, board)

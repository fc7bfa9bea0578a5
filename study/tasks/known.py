"""The tasks that a study file may name."""

from collections.abc import Iterator, Mapping

from study.tasks import TASKS, Task, UnknownTaskError, task


class Known(Mapping[str, Task]):
    """The tasks that a study file may name, looked up when they are named."""

    def __getitem__(self, name: str) -> Task:
        try:
            return task(name)
        except UnknownTaskError:
            raise KeyError(name) from None

    def __iter__(self) -> Iterator[str]:
        return iter(TASKS)

    def __len__(self) -> int:
        return len(TASKS)

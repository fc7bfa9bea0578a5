"""Sets too large to hold, read picture by picture from files."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any, Self

from PIL import Image

from study.data.batches import ALL, Batches, Epoch, Part
from study.data.pictures import pictures, shown
from study.errors import DataError
from study.schema import Data, Recipe

Read = Callable[[int], tuple[Image.Image, int]]


@dataclass(frozen=True)
class Files:
    """Numbered pictures; `workers` processes decode them, which changes no pixel."""

    read: Read
    indices: Sequence[int]
    data: Data
    workers: int = 0

    def __len__(self) -> int:
        return len(self.indices)

    def only(self, indices: Sequence[int]) -> Self:
        return replace(self, indices=[self.indices[i] for i in indices])

    def picture(self, index: int) -> tuple[Image.Image, int]:
        picture, target = self.read(self.indices[index])
        return picture.convert("L" if self.data.in_chans == 1 else "RGB"), int(target)

    def training(self, recipe: Recipe, epoch: Epoch) -> Batches:
        return pictures(self, self.data, recipe, epoch=epoch, workers=self.workers)

    def evaluation(self, recipe: Recipe, device: str, part: Part = ALL) -> Batches:
        return shown(self, self.data, recipe, part=part, workers=self.workers)


@dataclass(frozen=True)
class FromReader:
    """A picture out of a reader of timm's.

    timm's own data set would put the next picture in the place of one that cannot be decoded.
    """

    reader: Any

    def __call__(self, index: int) -> tuple[Image.Image, int]:
        stream, target = self.opened(index)
        name = self.reader.filename(index)
        if target is None or target < 0:
            raise DataError(f"{name} has no class; give target_key or class_map")
        try:
            with stream:
                picture = Image.open(stream)
                picture.load()
        except (OSError, SyntaxError, ValueError) as error:  # Pillow raises each of them
            raise DataError(f"{name} cannot be decoded ({error}); mend or remove it") from error
        return picture, target

    def opened(self, index: int) -> tuple[Any, int | None]:
        stream, target = self.reader[index]
        return stream, target


@dataclass(frozen=True)
class FromTar(FromReader):
    """A picture out of an uncompressed tar, found by timm's reader.

    Read by its offset: the reader's one open handle would be shared by all worker processes.
    """

    def opened(self, index: int) -> tuple[Any, int | None]:
        member, inside, child = self.reader.samples[index]
        path = Path(self.reader.root, inside) if inside else Path(self.reader.root)
        start = member.offset_data + (child.offset_data if child is not None else 0)
        with path.open("rb") as tar:
            tar.seek(start)
            return BytesIO(tar.read(member.size)), self.reader.targets[index]

"""A set small enough to be held decoded, cropped and flipped a batch at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Self

import torch
from PIL import Image
from torch import Tensor

from study.data.batches import ALL, CROP, Batch, Batches, Epoch, Part, cut, order
from study.data.boxes import Boxes, boxes, placed
from study.data.pictures import pictures, pillow, prepared
from study.schema import Data, Recipe


@dataclass(frozen=True)
class Pixels:
    """(N, C, S, S) bytes at the model's size, C 1 for grey images; (N,) class indices."""

    pixels: Tensor
    targets: Tensor
    data: Data
    workers: int = 0
    seen: dict[tuple[float, str], Tensor] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.targets)

    def only(self, indices: Sequence[int]) -> Self:
        return replace(self, pixels=self.pixels[indices], targets=self.targets[indices], seen={})

    def picture(self, index: int) -> tuple[Image.Image, int]:
        array = self.pixels[index].permute(1, 2, 0).squeeze(-1).numpy()
        mode = "L" if self.data.in_chans == 1 else "RGB"
        return Image.fromarray(array).convert(mode), int(self.targets[index])

    def training(self, recipe: Recipe, epoch: Epoch) -> Batches:
        """One gather per batch where nearest neighbours are asked for, else Pillow one by one."""
        if not recipe.no_aug and pillow(recipe):
            return pictures(self, self.data, recipe, epoch=epoch, workers=self.workers)
        indices = order(len(self), recipe, epoch)
        batches = cut(indices, recipe.batch_size, training=True)
        size = min(recipe.batch_size, len(indices))
        slots = epoch.part.slots(size, recipe)

        def start() -> Iterator[Batch]:
            pixels, targets = self.pixels.to(epoch.device), self.targets.to(epoch.device)
            draws = epoch.generator(CROP)
            for number, batch in enumerate(batches):
                side = pixels.shape[-1]
                view = None if recipe.no_aug else views(size, recipe, side=side, draws=draws)
                if number < epoch.part.first:
                    continue
                chosen = torch.tensor([batch[slot] for slot in slots], device=epoch.device)
                x = pixels[chosen] if view is None else cropped(pixels, chosen, view.of(slots))
                yield x, targets[chosen]

        return Batches(len(batches), start, size, slots)

    def evaluation(self, recipe: Recipe, device: str, part: Part = ALL) -> Batches:
        """Each image once, in order, resized and cropped by timm's own transform."""
        batches = cut(range(len(self)), recipe.batch_size, training=False)[part.rank :: part.world]

        def start() -> Iterator[Batch]:
            pixels = self._seen(recipe).to(device)
            for batch in batches:
                yield pixels[batch], self.targets[batch]

        return Batches(len(batches), start)

    def _seen(self, recipe: Recipe) -> Tensor:
        if recipe.crop_pct == 1:  # the transform would change nothing
            return self.pixels
        key = (recipe.crop_pct, recipe.interpolation)
        if key not in self.seen:
            transform = prepared(self.data, recipe, training=False)
            images = (transform(self.picture(i)[0]) for i in range(len(self)))
            self.seen[key] = torch.stack(list(images))
        return self.seen[key]


class Views(NamedTuple):
    """The rows and the columns of an image that its crop shows, each (B, S)."""

    rows: Tensor
    columns: Tensor

    def of(self, slots: Sequence[int]) -> Self:
        return self._replace(rows=self.rows[list(slots)], columns=self.columns[list(slots)])


def views(count: int, recipe: Recipe, *, side: int, draws: torch.Generator) -> Views:
    """Random resized crops and flips of `count` images.

    A pixel of the crop is its nearest in the image, so crop, resize and flip are one index.
    """
    box = crops(count, recipe, side=side, draws=draws)
    flips = torch.rand(2, count, generator=draws)
    return Views(
        _line(box.top, box.height, side=side, flip=flips[0] < recipe.vflip),
        _line(box.left, box.width, side=side, flip=flips[1] < recipe.hflip),
    )


def cropped(pixels: Tensor, chosen: Tensor, view: Views) -> Tensor:
    """The chosen images as they are seen, (N, C, S, S) -> (B, C, S, S)."""
    side, count = pixels.shape[-1], len(chosen)
    where = (view.rows[:, :, None] * side + view.columns[:, None, :]).to(pixels.device)  # (B, S, S)
    flat = pixels.flatten(2)[chosen]  # (B, C, S * S)
    channels = flat.shape[1]
    return flat.gather(2, where.flatten(1)[:, None].expand(-1, channels, -1)).view(
        count, channels, side, side
    )


def crops(count: int, recipe: Recipe, *, side: int, draws: torch.Generator) -> Boxes:
    """Ten tries at an area and a ratio; where none fits, the largest central box of that ratio."""
    low, high = recipe.ratio
    scale = torch.rand(count, 10, generator=draws)
    scale = scale * (recipe.scale[1] - recipe.scale[0]) + recipe.scale[0]
    box = boxes(scale, ratio=(low, high), side=side, generator=draws)
    ratio = min(max(1.0, low), high)
    whole = torch.full((count,), float(side))
    centre = placed(
        torch.full((2, count), 0.5),
        height=(whole * min(1.0, 1 / ratio)).round(),
        width=(whole * min(1.0, ratio)).round(),
        side=side,
    )
    none = box.height == 0
    return Boxes(*(torch.where(none, c, b) for c, b in zip(centre, box, strict=True)))


def _line(start: Tensor, length: Tensor, *, side: int, flip: Tensor) -> Tensor:
    """The pixel of the image that each of `side` pixels of a crop shows: (B,) -> (B, side)."""
    line = (torch.arange(side) + 0.5) / side
    line = (start[:, None] + line * length[:, None]).long()
    return torch.where(flip[:, None], line.flip(1), line)

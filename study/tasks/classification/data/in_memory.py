"""Small data sets, decoded once into memory; crops and flips act on whole batches."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import torch
from PIL import Image
from torch import Tensor

from study.tasks.classification.data.batches import Batch, BatchIterable, Target
from study.tasks.classification.data.crops import CropAndFlip, CropsAndFlips
from study.tasks.classification.data.loader import training_batches
from study.tasks.classification.data.planes import Picture, Planes
from study.tasks.classification.data.sampler import ALL, CROP, Epoch, Part, cut, order
from study.tasks.classification.data.transforms import image_transform, is_own, needs_pillow
from study.tasks.classification.schema import Data, Recipe
from study.tasks.classification.schema.data import CHANNELS


@dataclass(frozen=True)
class InMemoryImages:
    """A split in memory: bytes (N, C, H, W) at the model's size, class indices (N,).

    With several labels an image, targets are 0 or 1 for each class, (N, classes).

    C is 1 for grey images, and the study's in_chans for images that Pillow has no mode for.
    """

    pixels: Tensor
    targets: Tensor
    data: Data
    workers: int = 0
    evaluated: dict[tuple[float, str, str], Tensor] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.targets)

    def only(self, indices: Sequence[int]) -> Self:
        # A cache of its own, as the cache of this split has other images.
        return replace(
            self, pixels=self.pixels[indices], targets=self.targets[indices], evaluated={}
        )

    @property
    def labels(self) -> list[int] | None:
        """The class of each image; None where one has several."""
        return None if self.data.multi_label else self.targets.tolist()

    def picture(self, index: int) -> tuple[Picture, Target]:
        target = self.targets[index] if self.data.multi_label else int(self.targets[index])
        if self.data.in_chans not in CHANNELS:
            return Planes.of(self.pixels[index].numpy()), target
        # (H, W) if grey, else (H, W, 3), as Pillow takes it.
        array = self.pixels[index].permute(1, 2, 0).squeeze(-1).numpy()
        mode = "L" if self.data.in_chans == 1 else "RGB"
        return Image.fromarray(array).convert(mode), target

    def training(self, recipe: Recipe, epoch: Epoch) -> BatchIterable:
        """Training batches: one gather per batch for nearest neighbour, else Pillow per image."""
        keys = epoch.keys(CROP)
        sides = (self.pixels.shape[-2], self.pixels.shape[-1])
        views = None if recipe.no_aug else CropsAndFlips.of(recipe, sides, keys)
        if (views and needs_pillow(recipe)) or is_own(recipe):
            return training_batches(
                self, self.data, recipe, epoch=epoch, workers=self.workers, views=views
            )
        indices = order(len(self), recipe, epoch)
        batches = cut(range(len(indices)), recipe.batch_size, training=True)
        size = min(recipe.batch_size, len(indices))
        slots = epoch.part.slots(size, recipe)

        def start() -> Iterator[Batch]:
            # The whole set once an epoch, so that a batch is one gather on the device. On two cores
            # a gather costs 0.7 % of a training step of 32 px images, timm's loader 11.3 %.
            pixels, targets = self.pixels.to(epoch.device), self.targets.to(epoch.device)
            for batch in batches[epoch.part.first :]:
                places = [batch[slot] for slot in slots]
                chosen = torch.tensor([indices[p] for p in places], device=epoch.device)
                x = pixels[chosen] if views is None else cropped(pixels, chosen, views.at(places))
                yield x, targets[chosen]

        return BatchIterable(len(batches), start, size, slots)

    def evaluation(self, recipe: Recipe, device: str, part: Part = ALL) -> BatchIterable:
        """Evaluation batches: each image once, in order, through timm's transform."""
        batches = cut(range(len(self)), recipe.batch_size, training=False)[part.rank :: part.world]

        def start() -> Iterator[Batch]:
            pixels = self._evaluated(recipe).to(device)
            for batch in batches:
                yield pixels[batch], self.targets[batch]

        return BatchIterable(len(batches), start)

    def _evaluated(self, recipe: Recipe) -> Tensor:
        """All images as evaluation reads them, cached by crop and interpolation."""
        if recipe.crop_pct == 1 and not is_own(recipe):  # the transform would change nothing
            return self.pixels
        key = (recipe.crop_pct, recipe.interpolation, recipe.transform)
        if key not in self.evaluated:
            transform = image_transform(self.data, recipe, training=False)
            images = (transform(self.picture(i)[0]) for i in range(len(self)))
            self.evaluated[key] = torch.stack(list(images))
        return self.evaluated[key]


def cropped(pixels: Tensor, chosen: Tensor, view: CropAndFlip) -> Tensor:
    """Crop, resize and flip chosen images, (N, C, H, W) -> (B, C, H, W).

    With nearest-neighbour interpolation all three are one index into the image.
    """
    _, channels, height, width = pixels.shape
    box = view.box
    rows = _line(box.top, box.height, side=height, flip=view.upside_down)
    columns = _line(box.left, box.width, side=width, flip=view.mirrored)
    where = (rows[:, :, None] * width + columns[:, None, :]).to(pixels.device)  # (B, H, W)
    flat = pixels.flatten(2)[chosen]  # (B, C, H * W)
    return flat.gather(2, where.flatten(1)[:, None].expand(-1, channels, -1)).view(
        len(chosen), channels, height, width
    )


def _line(start: Tensor, length: Tensor, *, side: int, flip: Tensor) -> Tensor:
    """The image pixel behind each of `side` pixels of a crop along one axis: (B,) -> (B, side)."""
    line = (torch.arange(side) + 0.5) / side  # centres of pixels, as Pillow samples
    line = (start[:, None] + line * length[:, None]).long()  # (B, side), rounded down
    return torch.where(flip[:, None], line.flip(1), line)

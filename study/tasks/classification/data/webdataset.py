"""WebDataset streams: numbered tars that are read from front to back."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NoReturn

from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from study.errors import DataError
from study.tasks.classification.data.batches import Batch, BatchIterable
from study.tasks.classification.data.decoding import as_given
from study.tasks.classification.data.generators import generator, seeded
from study.tasks.classification.data.sampler import ALL, PICTURE, Epoch, Part
from study.tasks.classification.data.transforms import image_transform
from study.tasks.classification.schema import Data, Recipe
from study.tasks.training.seeding import fold

WORKERS = 4  # the same on every machine: the order of a stream depends on how many read it


@dataclass(frozen=True)
class StreamedImages(IterableDataset[tuple[Tensor, int]]):
    """Images in order of arrival; augmentation depends on (seed, epoch, worker, place) alone."""

    dataset: Iterable[tuple[Image.Image, int]]
    data: Data
    transform: Callable[[Image.Image], Tensor]
    key: tuple[int, ...]

    def __iter__(self) -> Iterator[tuple[Tensor, int]]:
        worker = get_worker_info()
        key = (PICTURE, *self.key, worker.id if worker else 0)  # without workers as worker 0
        for place, (raw, target) in enumerate(self.dataset):
            picture = as_given(raw, f"image {place} of {self.data.name}", self.data)
            with seeded(*key, place):
                image = self.transform(picture)
            yield image, int(target)


@dataclass(frozen=True)
class ShardStream:
    """A split of `count` images in `shards` tars.

    timm skips broken images with a warning: training continues, evaluation fails at its end.
    """

    open: Callable[..., Any]
    count: int
    shards: int
    data: Data

    def __len__(self) -> int:
        return self.count

    def only(self, indices: Sequence[int]) -> NoReturn:
        raise DataError(f"{self.data.name}: a stream cannot be limited; name fewer tars instead")

    def training(self, recipe: Recipe, epoch: Epoch) -> BatchIterable:
        """Training batches, whole ones only; each epoch draws the order of the tars."""
        if recipe.aug_repeats > 1:
            raise DataError(f"{self.data.name}: a stream cannot repeat images; drop aug_repeats")
        dataset = self.open(
            is_training=True,
            batch_size=recipe.batch_size,
            seed=fold(PICTURE, epoch.seed, epoch.number) % 2**31,
        )
        whole = self._batches(dataset, recipe, key=(epoch.seed, epoch.number))
        if not len(whole):
            raise DataError(
                f"{self.data.name}: recipe.batch_size {recipe.batch_size} is more than the "
                f"{self.count} images, and a stream gives whole batches only; make it smaller"
            )
        slots = epoch.part.slots(recipe.batch_size, recipe)

        def start() -> Iterator[Batch]:
            for x, target in islice(whole, epoch.part.first, None):
                yield x[list(slots)], target[list(slots)]

        return BatchIterable(len(whole), start, recipe.batch_size, slots)

    def evaluation(self, recipe: Recipe, device: str, part: Part = ALL) -> BatchIterable:
        """Each image once; DataError after the last if they are not as many as declared."""
        whole = self._batches(self.open(is_training=False), recipe, key=())

        def start() -> Iterator[Batch]:
            return (b for number, b in enumerate(whole) if number % part.world == part.rank)

        return BatchIterable(len(range(part.rank, len(whole), part.world)), start)

    def _batches(self, dataset: Any, recipe: Recipe, *, key: tuple[int, ...]) -> BatchIterable:
        """All batches; every process reads all of them, since a stream has no random access."""
        training, workers = bool(key), min(WORKERS, self.shards)
        dataset.set_loader_cfg(num_workers=workers)  # timm's counts depend on it
        images = StreamedImages(
            dataset, self.data, image_transform(self.data, recipe, training=training), key
        )

        def start() -> Iterator[Batch]:
            loader: DataLoader[Any] = DataLoader(
                images,
                batch_size=recipe.batch_size,
                drop_last=training,
                num_workers=workers,
                generator=generator(*key, 0),
            )
            count = 0
            for x, target in loader:
                count += len(x)  # timm skips images that cannot be read
                yield x, target
            if not training and count != self.count:
                raise DataError(
                    f"{self.data.name}: {self.data.val_split} has {count} images that can be read, "
                    f"not the declared {self.count}; correct the number, or repair the tars"
                )

        if training:
            return BatchIterable(len(dataset) // recipe.batch_size, start)
        return BatchIterable(-(-self.count // recipe.batch_size), start)
